// `TargetSend` by the AWS SDK. The clients of SNS and EventBridge are optional: loaded when a message is for them.

import { SemelError } from "../errors.ts";
import type {
  PublishBatchInput,
  PutEventsInput,
  SendMessageBatchInput,
  TargetAnswer,
  TargetSend,
} from "./target-send.ts";

type Act<Input> = (input: Input, signal: AbortSignal) => Promise<unknown>;

/** The SDK's own retries are off: the relay tries again by itself, and only what failed. */
const CLIENT = { maxAttempts: 1 };

export function sdkTargetSend(): TargetSend {
  const queue = once(loadSqs);
  const topic = once(loadSns);
  const bus = once(loadEventBridge);
  return async (request, { signal }) => {
    switch (request.operation) {
      case "SendMessageBatch":
        return (await (
          await queue()
        )(request.input, signal)) as TargetAnswer;
      case "PublishBatch":
        return (await (
          await topic()
        )(request.input, signal)) as TargetAnswer;
      case "PutEvents":
        return (await (
          await bus()
        )(request.input, signal)) as TargetAnswer;
    }
  };
}

async function loadSqs(): Promise<Act<SendMessageBatchInput>> {
  const { SQSClient, SendMessageBatchCommand } = await import("./sqs-sdk.ts");
  // Requests go to the configured endpoint: a queue's URL may name a host that cannot be reached from here.
  const client = new SQSClient({ ...CLIENT, useQueueUrlAsEndpoint: false });
  return (input, abortSignal) => client.send(new SendMessageBatchCommand(input), { abortSignal });
}

async function loadSns(): Promise<Act<PublishBatchInput>> {
  const sdk = await import("@aws-sdk/client-sns").catch(missing("@aws-sdk/client-sns", "a topic"));
  const client = new sdk.SNSClient(CLIENT);
  return (input, abortSignal) => client.send(new sdk.PublishBatchCommand(input), { abortSignal });
}

async function loadEventBridge(): Promise<Act<PutEventsInput>> {
  const sdk = await import("@aws-sdk/client-eventbridge").catch(missing("@aws-sdk/client-eventbridge", "an event bus"));
  const client = new sdk.EventBridgeClient(CLIENT);
  return (input, abortSignal) => client.send(new sdk.PutEventsCommand(input), { abortSignal });
}

function missing(name: string, target: string): (cause: unknown) => never {
  return (cause) => {
    throw new SemelError(
      `Cannot send to ${target}: ${name} is not in the relay's bundle. Install it beside semel, and name the target in ` +
        "`targets` of OutboxRelay",
      { code: "SEMEL_OPTIONS", retryable: true, cause },
    );
  };
}

/** Not what failed: the next call tries again. */
function once<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load().catch((error: unknown) => {
      loaded = undefined;
      throw error;
    });
    return loaded;
  };
}
