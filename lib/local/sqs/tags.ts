// Tags of a queue; they mean nothing to SQS.
import { SqsError } from "./errors.ts";
import { QUEUE_TAGS_MAX } from "./limits.ts";
import type { Queue } from "./queue.ts";

export function setTags(queue: Queue, tags: Readonly<Record<string, string>>): void {
  const count = new Set([...queue.tags.keys(), ...Object.keys(tags)]).size;
  if (count > QUEUE_TAGS_MAX) {
    throw new SqsError("InvalidParameterValue", `Too many tags: ${count}. A queue has ${QUEUE_TAGS_MAX} at most.`);
  }
  for (const [key, value] of Object.entries(tags)) queue.tags.set(key, value);
}
