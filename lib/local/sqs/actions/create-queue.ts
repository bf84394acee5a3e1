// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
// Not modelled: QueueDeletedRecently, the 60 seconds that AWS keeps the name of a deleted queue.
import { FIFO_QUEUE_SUFFIX, QUEUE_NAME_LENGTH_MAX } from "../../../aws/names.ts";
import { checkRedrivePolicy } from "../check-redrive.ts";
import { queueArn, queueUrl, type SqsEngine } from "../engine.ts";
import { SqsError } from "../errors.ts";
import { optionalMap, requiredText, textMap } from "../input.ts";
import { createQueue as newQueue, type Queue } from "../queue.ts";
import {
  type AttributeTexts,
  applyAttributes,
  attributeTexts,
  DEFAULT_ATTRIBUTES,
  type QueueAttributes,
  unknownAttribute,
} from "../queue-attributes.ts";
import { setTags } from "../tags.ts";
import type { Action } from "./action.ts";

const NAME = /^[A-Za-z0-9_-]+$/;

export const createQueue: Action = (engine, input) => {
  const name = requiredText(input, "QueueName");
  const { FifoQueue: fifo, ...given } = textMap(input, "Attributes");
  const isFifo = checkName(name, fifo);
  const attributes = applyAttributes(DEFAULT_ATTRIBUTES, given, isFifo);
  const existing = engine.queues.get(name);
  if (existing !== undefined) checkSame(existing, given, attributes);
  else add(engine, { name, isFifo, attributes }, textMap(input, optionalMap(input, "tags") ? "tags" : "Tags"));
  return { QueueUrl: queueUrl(engine, name) };
};

interface NewQueue {
  readonly name: string;
  readonly isFifo: boolean;
  readonly attributes: QueueAttributes;
}

function add(engine: SqsEngine, { name, isFifo, attributes }: NewQueue, tags: AttributeTexts): void {
  const identity = { name, arn: queueArn(engine, name), serial: engine.serial };
  const queue = newQueue(identity, isFifo, engine.clock.nowMs());
  // A queue may be its own dead-letter queue, so it is there before its policy is checked.
  engine.queues.set(name, queue);
  try {
    if (attributes.RedrivePolicy) checkRedrivePolicy(engine, queue, attributes.RedrivePolicy);
    setTags(queue, tags);
  } catch (thrown) {
    engine.queues.delete(name);
    throw thrown;
  }
  engine.serial += 1;
  queue.attributes = attributes;
}

/** Returns whether it is a FIFO queue's. */
function checkName(name: string, fifo: string | undefined): boolean {
  const isFifoName = name.endsWith(FIFO_QUEUE_SUFFIX);
  const stem = isFifoName ? name.slice(0, -FIFO_QUEUE_SUFFIX.length) : name;
  if (fifo === "true" && !isFifoName) {
    throw invalidName(
      "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo " +
        "suffix and be 1 to 80 in length.",
    );
  }
  if ((isFifoName && fifo !== "true") || name.length > QUEUE_NAME_LENGTH_MAX || !NAME.test(stem)) {
    throw invalidName("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
  }
  if (fifo !== undefined && fifo !== "true") throw unknownAttribute("FifoQueue"); // also for "false"
  return isFifoName;
}

/** A queue that is there is taken for the new one unless an attribute that was given differs. */
function checkSame(existing: Queue, given: AttributeTexts, wanted: QueueAttributes): void {
  const [now, then] = [attributeTexts(existing.attributes, existing.isFifo), attributeTexts(wanted, existing.isFifo)];
  const differing = Object.keys(given).find((name) => now[name] !== then[name]);
  if (differing === undefined) return;
  throw new SqsError(
    "QueueNameExists",
    `A queue already exists with the same name and a different value for attribute ${differing}`,
  );
}

function invalidName(message: string): SqsError {
  return new SqsError("InvalidParameterValue", message);
}
