// Attacks Q1 to Q3 of lib/sources/sqs.ts and outcomes.ts, on events as AWS documents them.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sqs } from "../../lib/sources/sqs.ts";
import { sqsFifo } from "../../lib/sources/sqs-fifo.ts";
import { sqsEvent, sqsRecord } from "../support/sqs-event.ts";
import { driverOf, recorded } from "./conformance.ts";

describe("a recorded event", () => {
  it("of a standard queue becomes deliveries, with fair queues' MessageGroupId too", () => {
    const deliveries = driverOf(recorded("sqs-standard")).deliveries(recorded("sqs-standard"));
    expect(deliveries).toMatchObject([
      {
        messageId: "059f36b4-87a3-44ab-83d2-661975830a7d",
        receiveCount: 1,
        sentAtMs: 1545082649183,
        messageAttributes: { myAttribute: { stringValue: "myValue" } },
      },
      { messageId: "2e1424d4-f796-459a-8184-9c92662be6da", receiveCount: 3 },
    ]);
    expect(deliveries[0]?.text()).toBe("Test message.");
  });

  it("of a FIFO queue is told by its ARN, and becomes deliveries with group and position", () => {
    const event = recorded("sqs-fifo");
    expect(driverOf(event)).toBe(sqsFifo);
    expect(driverOf(event).deliveries(event)).toMatchObject([
      {
        messageId: "11d6ee51-4cc7-4302-9e22-7cd8afdaadf5",
        origin: "arn:aws:sqs:us-east-2:123456789012:fifo.fifo",
        orderingKey: "1",
        position: "18849496460467696128".padStart(40, "0"),
        receiveCount: 1,
      },
    ]);
  });

  it("a MessageGroupId alone makes no FIFO queue: fair queues have it, too", () => {
    const event = recorded("sqs-standard") as { Records: { attributes: object }[] };
    for (const { attributes } of event.Records) Object.assign(attributes, { MessageGroupId: "tenant-1" });
    expect(driverOf(event)).toBe(sqs);
    for (const { orderingKey, position } of sqs.deliveries(event))
      expect([orderingKey, position]).toEqual([undefined, undefined]);
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
    [
      "empty of Kinesis",
      { Records: [{ eventSource: "aws:kinesis", kinesis: {} }] },
      /sequenceNumber of record 0 is undefined/,
    ],
    [
      "of two sources",
      { Records: [sqsRecord({ body: 1 }), { eventSource: "aws:kinesis" }] },
      /record 1 is of source "aws:kinesis", not "aws:sqs" as the first one.*Use a consumer for each source/,
    ],
    [
      "of a standard and a FIFO queue",
      {
        Records: [
          sqsRecord({ body: 1 }),
          { ...sqsRecord({ body: 1 }), eventSourceARN: "arn:aws:sqs:eu-west-1:1:q.fifo" },
        ],
      },
      /record 1 is of a FIFO queue/,
    ],
    [
      "of a FIFO and a standard queue",
      { Records: [...(recorded("sqs-fifo") as { Records: object[] }).Records, sqsRecord({ body: 1 })] },
      /record 1 is of a standard queue/,
    ],
    [
      "of a FIFO queue without a group",
      { Records: [{ ...sqsRecord({ body: 1 }), eventSourceARN: "arn:aws:sqs:eu-west-1:1:q.fifo" }] },
      /record 0 of a FIFO queue has no MessageGroupId/,
    ],
    ["of a tumbling window", { Records: [], window: { start: "", end: "" } }, /tumbling window/],
    ["of a Kafka that is not known", { records: { "t-0": [] }, eventSource: "x" }, /is of source "x"/],
    ["a null record", { Records: [null] }, /record 0 is of source undefined/],
    ["without an id", { Records: [{ ...sqsRecord({ body: 1 }), messageId: "" }] }, /record 0 has no messageId/],
    ["without an ARN", { Records: [{ ...sqsRecord({ body: 1 }), eventSourceARN: undefined }] }, /no eventSourceARN/],
  ])("%s", (_name, event, message) => {
    expect(() => driverOf(event).deliveries(event)).toThrow(message);
    expect(() => driverOf(event).deliveries(event)).toThrow(/SEMEL_EVENT/);
  });

  it("a body that is parsed already names the likely middleware", () => {
    const [record] = sqsEvent({ body: {} }).Records;
    const event = { Records: [{ ...record, body: { orderId: "1" } }] };
    expect(() => sqs.deliveries(event)).toThrow(/body of record 0 is of type object.*@middy\/sqs-json-body-parser/s);
  });
});

describe("the response", () => {
  const placesOf = (ids: readonly string[]) =>
    sqs.deliveries(sqsEvent(...ids.map((messageId) => ({ messageId, body: 1 }))));
  const outcome = fc.record({ messageId: fc.constantFrom("a", "b", "c", "d", "foreign"), acknowledged: fc.boolean() });

  it("Q1, Q2, Q3: names each id of the batch that is not acknowledged in every delivery, and no other", () => {
    const batch = fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(batch, fc.array(outcome, { maxLength: 8 }), (ids, outcomes) => {
        const { batchItemFailures } = sqs.response(placesOf(ids), outcomes);
        const failed = batchItemFailures.map(({ itemIdentifier }) => String(itemIdentifier));
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
    expect(sqs.response(placesOf(["a"]), [{ messageId: "a", acknowledged: true }])).toEqual({ batchItemFailures: [] });
  });
});
