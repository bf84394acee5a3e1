// What the tests of time do to queues, in short.

import { SqsError } from "../../../lib/local/sqs/errors.ts";
import { advance } from "../../../lib/local/sqs/queue.ts";
import type { JsonObject } from "../../../lib/local/values.ts";
import { type Driver, messagesOf, type Received } from "./driver.ts";

export const send = (driver: Driver, url: string, more: JsonObject = {}): JsonObject =>
  driver.act("SendMessage", { QueueUrl: url, MessageBody: "a", ...more });
export const receive = (driver: Driver, url: string, more: JsonObject = {}): Received[] =>
  messagesOf(
    driver.act("ReceiveMessage", {
      QueueUrl: url,
      MaxNumberOfMessages: 10,
      MessageSystemAttributeNames: ["All"],
      ...more,
    }),
  );
export const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof SqsError) return thrown.code;
    throw thrown;
  }
  return "no error";
};
export const redriveTo = (driver: Driver, name: string, maxReceiveCount = 1) => ({
  RedrivePolicy: JSON.stringify({ deadLetterTargetArn: driver.queue(name).arn, maxReceiveCount }),
});
export const counts = (driver: Driver, name: string) => {
  const queue = driver.queue(name);
  advance(queue, driver.nowMs());
  return { ...queue.counts };
};
