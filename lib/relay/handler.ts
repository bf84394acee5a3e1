// The relay's Lambda function, as the construct OutboxRelay deploys it: called with batches of the outbox table's stream, and by a
// schedule to sweep.

import type { DynamoDbEvent, LambdaContext, StreamBatchResponse } from "../aws/lambda.ts";
import { ENVIRONMENT } from "../contract.ts";
import { SemelError } from "../errors.ts";
import { systemHost } from "../host.ts";
import { defaultClient, sdkSend } from "../store/sdk-send.ts";
import { createRelay } from "./relay.ts";
import { sdkTargetSend } from "./sdk-target-send.ts";

const relay = createRelay({
  table: variable(ENVIRONMENT.outboxTable),
  deadLetterQueueUrl: variable(ENVIRONMENT.deadLetterQueueUrl),
  relay: variable("AWS_LAMBDA_FUNCTION_NAME"),
  send: sdkSend(defaultClient()),
  targetSend: sdkTargetSend(),
  host: systemHost,
  print: (line) => void process.stdout.write(`${line}\n`), // as it is: Lambda would put its own words before a line of the console
});

export async function handler(event: unknown, context: LambdaContext): Promise<StreamBatchResponse | undefined> {
  if (isBatch(event)) return relay.stream(event, context);
  await relay.sweep(context);
  return undefined;
}

function isBatch(event: unknown): event is DynamoDbEvent {
  return typeof event === "object" && event !== null && "Records" in event;
}

function variable(name: string): string {
  const value = process.env[name];
  if (value !== undefined && value !== "") return value;
  throw new SemelError(`Cannot start the relay: variable ${name} is not set. The construct OutboxRelay sets it`, {
    code: "SEMEL_OPTIONS",
    retryable: false,
  });
}
