// One invocation of a handler, in a sandbox: its event, its context, and what its answer means for the queue.

import type { LambdaContext, SqsBatchResponse, SqsEvent, SqsRecord } from "../../aws/lambda.ts";
import { SURROUNDINGS, type Surroundings } from "../../middleware/surroundings.ts";
import { current, type Process } from "./current.ts";

/** A Lambda handler of SQS batches: it answers an `SqsBatchResponse`, or nothing. Callbacks are not called. */
export type ExplorableHandler = (event: SqsEvent, context: never, callback: never) => unknown;

export interface ReceivedMessage {
  readonly messageId: string;
  readonly text: string;
  readonly messageAttributes: SqsRecord["messageAttributes"];
  readonly receiveCount: number;
}

/** Resolves with the ids that are to come again. Never rejects. */
export async function invokeHandler(
  process: Process,
  handler: ExplorableHandler,
  messages: readonly ReceivedMessage[],
): Promise<ReadonlySet<string>> {
  const ids = messages.map(({ messageId }) => messageId);
  try {
    const answer = await handler(eventOf(process, messages), contextOf(process) as never, undefined as never);
    return failedOf(answer, ids);
  } catch {
    return new Set(ids);
  }
}

/**
 * Null, nothing or an empty list acknowledge everything; an id that is not in the batch fails everything.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
function failedOf(answer: unknown, ids: readonly string[]): ReadonlySet<string> {
  const failures = (answer as SqsBatchResponse | null | undefined)?.batchItemFailures;
  if (failures === undefined || failures === null) return new Set();
  const failed = failures.map(({ itemIdentifier }) => itemIdentifier);
  return new Set(failed.every((id) => ids.includes(id)) ? failed : ids);
}

function contextOf({ sandbox, endMs }: Process): LambdaContext {
  const surroundings: Surroundings = { host: sandbox.host, send: sandbox.send, sqsSend: sandbox.sqsSend };
  const context = {
    functionName: "explored",
    functionVersion: "$LATEST",
    invokedFunctionArn: "arn:aws:lambda:eu-west-1:123456789012:function:explored",
    memoryLimitInMB: "128",
    logGroupName: "/aws/lambda/explored",
    logStreamName: "explored",
    callbackWaitsForEmptyEventLoop: true,
    awsRequestId: sandbox.host.randomId(),
    // A context that is kept in a variable of a module answers for the process that asks.
    getRemainingTimeInMillis() {
      const asking = current.getStore() ?? { sandbox, endMs };
      return asking.endMs - asking.sandbox.host.nowMs();
    },
  };
  return Object.defineProperty(context, SURROUNDINGS, { value: surroundings, enumerable: true });
}

function eventOf({ sandbox }: Process, messages: readonly ReceivedMessage[]): SqsEvent {
  const nowMs = String(sandbox.host.nowMs());
  const Records = messages.map(
    ({ messageId, text, messageAttributes, receiveCount }): SqsRecord => ({
      messageId,
      receiptHandle: `handle of ${messageId}`,
      body: text,
      attributes: {
        ApproximateReceiveCount: String(receiveCount),
        SentTimestamp: nowMs,
        SenderId: "sender",
        ApproximateFirstReceiveTimestamp: nowMs,
      },
      messageAttributes: structuredClone(messageAttributes),
      md5OfBody: "",
      eventSource: "aws:sqs",
      eventSourceARN: "arn:aws:sqs:eu-west-1:123456789012:explored",
      awsRegion: "eu-west-1",
    }),
  );
  return { Records };
}
