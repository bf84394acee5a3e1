// What answers of SQS, SNS and EventBridge mean for each message (VE1 to VE3), and what the SDK's real clients make of the requests.

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { OutboxMessage } from "../../lib/protocol/outbox.ts";
import { letterOf } from "../../lib/relay/dead-letters.ts";
import { sdkTargetSend } from "../../lib/relay/sdk-target-send.ts";
import { targetOf } from "../../lib/relay/targets.ts";
import { callVerdict, entryVerdict } from "../../lib/relay/verdict.ts";
import { named } from "../support/faulty-send.ts";
import { BUS, DLQ, QUEUE, TOPIC } from "./world.ts";

const QUEUED: OutboxMessage = { kind: "sqs", id: "id-0", target: QUEUE, body: "a" };
const PUBLISHED: OutboxMessage = { kind: "sns", id: "id-1", target: TOPIC, body: "b" };
const PUT: OutboxMessage = {
  kind: "eventbridge",
  id: "id-2",
  target: BUS,
  body: "{}",
  source: "shop",
  detailType: "Ordered",
};

describe("an answer", () => {
  it.each([QUEUED, PUBLISHED])(
    "of $kind says of each entry what became of it; sent is only what has an id (VE1)",
    (message) => {
      const answer = {
        Successful: [{ Id: "0", MessageId: "m" }, { Id: "2" }, { Id: "3", MessageId: "" }],
        Failed: [{ Id: "1", Code: "InvalidMessageContents", Message: "no", SenderFault: true }],
      };
      const kinds = targetOf(message)
        .verdicts(answer, 5)
        .map(({ kind }) => kind);
      expect(kinds).toEqual(["sent", "refused", "failed", "failed", "failed"]);
      expect(targetOf(message).verdicts({}, 1)).toMatchObject([{ kind: "failed" }]);
    },
  );

  it("of eventbridge goes by the place", () => {
    const Entries = [{ EventId: "e" }, { ErrorCode: "MalformedDetail" }, { ErrorCode: "ThrottlingException" }, {}];
    const kinds = targetOf(PUT)
      .verdicts({ Entries }, 5)
      .map(({ kind }) => kind);
    expect(kinds).toEqual(["sent", "refused", "failed", "failed", "failed"]);
  });
});

describe("an entry that failed", () => {
  it.each([
    ["InvalidMessageContents", true, "refused"],
    ["InvalidParameterValue", true, "refused"],
    ["AWS.SimpleQueueService.NonExistentQueue", true, "refused"],
    ["NotAuthorizedForSourceException", undefined, "refused"],
    ["SomethingNewOfTheContent", true, "refused"],
    ["SomethingNew", false, "failed"],
    ["InternalFailure", false, "failed"],
    ["AccessDeniedException", true, "failed"],
    ["KmsThrottled", true, "failed"],
    ["KMSAccessDenied", true, "failed"],
    ["RequestThrottled", true, "failed"],
    ["InvalidSecurity", true, "failed"],
    [undefined, undefined, "failed"],
  ])("with %s, the sender's fault: %s, is %s (VE2)", (Code, SenderFault, kind) => {
    expect(entryVerdict({ Code, SenderFault, Message: "no" }).kind).toBe(kind);
  });
});

describe("a call that failed", () => {
  it.each([
    ["QueueDoesNotExist", "refused", "refused"],
    ["NotFoundException", "refused", "refused"],
    ["ResourceNotFoundException", "refused", "refused"],
    ["InvalidParameterException", "alone", "refused"],
    ["ValidationException", "alone", "refused"],
    ["BatchRequestTooLong", "alone", "refused"],
    ["AccessDeniedException", "failed", "failed"],
    ["AuthorizationErrorException", "failed", "failed"],
    ["TimeoutError", "failed", "failed"],
    ["InternalErrorException", "failed", "failed"],
  ])("by %s: of several %s, of one %s (VE3)", (name, ofSeveral, ofOne) => {
    expect(callVerdict(named(name, "no"), 2).kind).toBe(ofSeveral);
    expect(callVerdict(named(name, "no"), 1).kind).toBe(ofOne);
  });
});

it("a dead letter has room for its reason, or goes without it", () => {
  const refusal = { code: "MalformedDetail", reason: "no" };
  const options = { queueUrl: DLQ, relay: "relay" };
  const event = letterOf(PUT, refusal, options);
  expect(event.message).toMatchObject({
    kind: "sqs",
    target: DLQ,
    body: '{"semel-idempotency-key":"id-2"}',
    id: "id-2",
  });
  expect(JSON.parse(event.message.attributes?.["semel-failure"]?.StringValue ?? "")).toMatchObject({
    to: { kind: "eventbridge", target: BUS, source: "shop", detailType: "Ordered" },
  });
  const nine = Array.from({ length: 9 }, (_, index) => [
    `a${index}`,
    { DataType: "Binary", BinaryValue: Uint8Array.of(index) },
  ]);
  const full = letterOf({ ...QUEUED, attributes: Object.fromEntries(nine) }, refusal, options);
  expect(full.tellsReason).toBe(false);
  expect(Object.keys(full.message.attributes ?? {})).toHaveLength(10);
  expect(full.message.attributes?.["a3"]).toEqual({ DataType: "Binary", BinaryValue: Uint8Array.of(3) });
});

describe("the SDK's clients", () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    vi.unstubAllEnvs();
    for (const close of closing.splice(0)) close();
  });

  /** A server at which they arrive; it gives every request the same answer. */
  async function record(variable: string, answer: string): Promise<{ body: string; target: string | undefined }[]> {
    const seen: { body: string; target: string | undefined }[] = [];
    const server = createServer((request: IncomingMessage, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        seen.push({ body: Buffer.concat(chunks).toString(), target: String(request.headers["x-amz-target"]) });
        response.setHeader("content-type", answer.startsWith("<") ? "text/xml" : "application/x-amz-json-1.1");
        response.end(answer);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closing.push(() => server.close());
    vi.stubEnv(variable, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    vi.stubEnv("AWS_REGION", "eu-west-1");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "local");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "local");
    return seen;
  }

  const sendAll = async (messages: readonly OutboxMessage[]): Promise<unknown> => {
    const target = targetOf(messages[0] as OutboxMessage);
    const { signal } = new AbortController();
    return target.verdicts(await sdkTargetSend()(target.request(messages), { signal }), messages.length);
  };

  it("send events by PutEvents", async () => {
    const answer = {
      FailedEntryCount: 1,
      Entries: [{ EventId: "e" }, { ErrorCode: "MalformedDetail", ErrorMessage: "no" }],
    };
    const seen = await record("AWS_ENDPOINT_URL_EVENTBRIDGE", JSON.stringify(answer));
    const verdicts = await sendAll([PUT, { ...PUT, id: "id-3" } as OutboxMessage]);
    expect(verdicts).toEqual([{ kind: "sent" }, { kind: "refused", code: "MalformedDetail", reason: "no" }]);
    expect(seen[0]?.target).toBe("AWSEvents.PutEvents");
    expect(JSON.parse(seen[0]?.body ?? "").Entries[0]).toEqual({
      EventBusName: BUS,
      Source: "shop",
      DetailType: "Ordered",
      Detail: '{"semel-idempotency-key":"id-2"}',
    });
  });

  it("publish messages by PublishBatch", async () => {
    const answer =
      '<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishBatchResult><Successful><member><Id>0</Id>' +
      "<MessageId>m</MessageId></member></Successful><Failed><member><Id>1</Id><Code>InternalError</Code><SenderFault>false</SenderFault>" +
      "</member></Failed></PublishBatchResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishBatchResponse>";
    const seen = await record("AWS_ENDPOINT_URL_SNS", answer);
    const verdicts = await sendAll([PUBLISHED, { ...PUBLISHED, id: "id-3" } as OutboxMessage]);
    expect(verdicts).toMatchObject([{ kind: "sent" }, { kind: "failed" }]);
    const sent = new URLSearchParams(seen[0]?.body);
    expect(sent.get("Action")).toBe("PublishBatch");
    expect(sent.get("PublishBatchRequestEntries.member.1.MessageAttributes.entry.1.Name")).toBe(
      "semel-idempotency-key",
    );
    expect(sent.get("PublishBatchRequestEntries.member.1.MessageAttributes.entry.1.Value.StringValue")).toBe("id-1");
  });
});
