// One invocation of the real runtime, in a sandbox.

import type { SqsBatchResponse, SqsEvent, SqsRecord } from "../../aws/lambda.ts";
import { PermanentError } from "../../errors.ts";
import { createExactlyOnce } from "../../middleware/exactly-once.ts";
import { CONSUMER } from "./engine.ts";
import type { Sandbox } from "./sandbox.ts";
import { type Outside, type QueuedMessage, RECORDS, type Scenario } from "./scenario.ts";
import type { CallFault } from "./schedule.ts";

/** Time of an invocation, ms. */
export const TIMEOUT_MS = 10_000;
const MARGIN_MS = 500;
/** When nothing is committed any more, ms from the start. */
export const GATE_MS: number = TIMEOUT_MS - MARGIN_MS;

const DLQ_URL = "http://localhost/123456789012/explored-dlq";
const silent = { debug() {}, info() {}, warn() {}, error() {} };

export interface Received extends QueuedMessage {
  readonly receiveCount: number;
}

export function invoke(
  sandbox: Sandbox,
  messages: readonly Received[],
  { scenario, outside }: { readonly scenario: Scenario; readonly outside: Outside },
): Promise<SqsBatchResponse> {
  const { host, send, sqsSend, decide } = sandbox;
  const options = {
    ...scenario.options,
    consumer: CONSUMER,
    table: RECORDS,
    retentionDays: 40,
    key: "key",
    logger: silent,
    deadLetterQueueUrl: DLQ_URL,
    deadlineMarginMs: MARGIN_MS,
    backoff: false, // when a message comes again is the controller's choice
  };
  const consumer = createExactlyOnce(options, { host, send, sqsSend, environment: {} });
  const handler = consumer.lambda(({ body }, tx) =>
    scenario.handle((body as QueuedMessage).key, tx, { decide, outside }),
  );
  const endMs = host.nowMs() + TIMEOUT_MS;
  const context = { awsRequestId: "r", getRemainingTimeInMillis: () => endMs - host.nowMs() };
  return handler(eventOf(messages, host.nowMs()), context);
}

/** What a handler throws by the controller's word. */
export function handlerError(fault: CallFault): Error {
  return fault === "rejects" ? new PermanentError("for good") : new Error("this time");
}

function eventOf(messages: readonly Received[], nowMs: number): SqsEvent {
  const Records = messages.map(
    ({ messageId, key, receiveCount }): SqsRecord => ({
      messageId,
      receiptHandle: `handle of ${messageId}`,
      body: JSON.stringify({ key }),
      attributes: {
        ApproximateReceiveCount: String(receiveCount),
        SentTimestamp: String(nowMs),
        SenderId: "sender",
        ApproximateFirstReceiveTimestamp: String(nowMs),
      },
      messageAttributes: {},
      md5OfBody: "",
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:eu-west-1:123456789012:explored",
      awsRegion: "eu-west-1",
    }),
  );
  return { Records };
}
