// What the three batch actions share: checks of the whole, then entry by entry, each failing alone.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-batch-api-actions.html
import { QUEUE_BATCH_MESSAGES_MAX } from "../../aws/limits.ts";
import type { JsonObject } from "../values.ts";
import { SqsError } from "./errors.ts";
import { objectList } from "./input.ts";

const ID = /^[A-Za-z0-9_-]{1,80}$/;

export interface Entry {
  readonly id: string;
  readonly input: JsonObject;
}

export function readEntries(input: JsonObject, kind: string): readonly Entry[] {
  const entries = objectList(input, "Entries");
  if (entries.length === 0) {
    throw new SqsError("EmptyBatchRequest", `There should be at least one ${kind} in the request.`);
  }
  if (entries.length > QUEUE_BATCH_MESSAGES_MAX) {
    throw new SqsError(
      "TooManyEntriesInBatchRequest",
      `Maximum number of entries per request are ${QUEUE_BATCH_MESSAGES_MAX}. You have sent ${entries.length}.`,
    );
  }
  const seen = new Set<string>();
  return entries.map((entry) => {
    const { Id: id } = entry;
    if (typeof id !== "string" || !ID.test(id)) {
      throw new SqsError(
        "InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
      );
    }
    if (seen.has(id)) throw new SqsError("BatchEntryIdsNotDistinct", `Id ${id} repeated.`);
    seen.add(id);
    return { id, input: entry };
  });
}

/** Answers of those that succeeded, and why the others failed. */
export function runEntries(entries: readonly Entry[], run: (input: JsonObject) => JsonObject): JsonObject {
  const successful: JsonObject[] = [];
  const failed: JsonObject[] = [];
  for (const { id, input } of entries) {
    try {
      successful.push({ Id: id, ...run(input) });
    } catch (thrown) {
      if (!(thrown instanceof SqsError)) throw thrown;
      failed.push({ Id: id, SenderFault: true, Code: thrown.kind.queryCode, Message: thrown.message });
    }
  }
  return failed.length === 0 ? { Successful: successful } : { Successful: successful, Failed: failed };
}
