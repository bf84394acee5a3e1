// Attacks Q1 to Q3 of lib/sources/sqs.ts, on events as AWS documents them.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { messageIds, sqsDeliveries, sqsResponse } from "../../lib/sources/sqs.ts";
import { sqsEvent, sqsRecord } from "../support/sqs-event.ts";

const recorded = (name: string): unknown =>
  JSON.parse(readFileSync(join(import.meta.dirname, "events", `${name}.json`), "utf8"));

describe("a recorded event", () => {
  it("of a standard queue becomes deliveries, with fair queues' MessageGroupId too", () => {
    const deliveries = sqsDeliveries(recorded("sqs-standard"));
    expect(deliveries).toMatchObject([
      {
        messageId: "059f36b4-87a3-44ab-83d2-661975830a7d",
        body: "Test message.",
        receiveCount: 1,
        sentAtMs: 1545082649183,
        messageAttributes: { myAttribute: { stringValue: "myValue" } },
      },
      { messageId: "2e1424d4-f796-459a-8184-9c92662be6da", receiveCount: 3 },
    ]);
  });

  it("of a FIFO queue is refused: its order would not be kept", () => {
    expect(() => sqsDeliveries(recorded("sqs-fifo"))).toThrow(/fifo\.fifo is a FIFO queue/);
  });
});

describe("an event that cannot be taken is a clear error, never an acknowledgement", () => {
  it.each([
    ["undefined", undefined, /it is undefined/],
    ["null", null, /it is null/],
    ["a string", "{}", /it is string/],
    ["empty", {}, /no Records \(its fields: none\)/],
    ["API Gateway's", { httpMethod: "GET", path: "/" }, /its fields: httpMethod, path/],
    ["without records", { Records: [] }, /Records are empty/],
    ["S3's", { Records: [{ eventSource: "aws:s3", s3: {} }] }, /record 0 is of source "aws:s3"/],
    ["SNS's", { Records: [{ EventSource: "aws:sns", Sns: {} }] }, /record 0 is of source "aws:sns"/],
    ["Kinesis'", { Records: [{ eventSource: "aws:kinesis", kinesis: {} }] }, /record 0 is of source "aws:kinesis"/],
    ["a null record", { Records: [null] }, /record 0 is of source undefined/],
    ["without an id", { Records: [{ ...sqsRecord({ body: 1 }), messageId: "" }] }, /record 0 has no messageId/],
    ["without an ARN", { Records: [{ ...sqsRecord({ body: 1 }), eventSourceARN: undefined }] }, /no eventSourceARN/],
  ])("%s", (_name, event, message) => {
    expect(() => sqsDeliveries(event)).toThrow(message);
    expect(() => sqsDeliveries(event)).toThrow(/SEMEL_EVENT/);
  });

  it("a body that is parsed already names the likely middleware", () => {
    const [record] = sqsEvent({ body: {} }).Records;
    const event = { Records: [{ ...record, body: { orderId: "1" } }] };
    expect(() => sqsDeliveries(event)).toThrow(/body of record 0 is of type object.*@middy\/sqs-json-body-parser/s);
  });
});

describe("the response", () => {
  const outcome = fc.record({ messageId: fc.constantFrom("a", "b", "c", "d", "foreign"), acknowledged: fc.boolean() });

  it("Q1, Q2, Q3: names each id of the batch that is not acknowledged in every delivery, and no other", () => {
    const batch = fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(batch, fc.array(outcome, { maxLength: 8 }), (ids, outcomes) => {
        const { batchItemFailures } = sqsResponse(ids, outcomes);
        const failed = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
        expect(new Set(failed).size).toBe(failed.length);
        for (const id of ids) {
          const own = outcomes.filter(({ messageId }) => messageId === id);
          const done = own.length > 0 && own.every(({ acknowledged }) => acknowledged);
          expect(failed.includes(id)).toBe(!done);
        }
        expect(failed.every((id) => (ids as string[]).includes(id))).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it("is explicit when nothing failed", () => {
    expect(sqsResponse(["a"], [{ messageId: "a", acknowledged: true }])).toEqual({ batchItemFailures: [] });
  });

  it("takes the ids from the event as it came", () => {
    expect(messageIds(sqsEvent({ body: 1 }, { body: 2 }))).toEqual(["m-1", "m-2"]);
  });
});
