// Reads one message of a send and checks it against the queue's limits.

import { MESSAGE_DELAY_SECONDS_MAX, MESSAGE_ID_CHARACTERS_MAX } from "../../aws/sqs.ts";
import type { JsonObject } from "../values.ts";
import { ACCOUNT_ID } from "./engine.ts";
import { invalidParameter, missingParameter, SqsError } from "./errors.ts";
import { optionalInteger, optionalText, requiredText } from "./input.ts";
import { md5OfAttributes, md5OfText } from "./md5.ts";
import { type Draft, md5OfTraceHeader, readTraceHeader } from "./message.ts";
import { attributeBytes, hasForbiddenCharacter, readAttributes } from "./message-attributes.ts";
import type { Queue } from "./queue.ts";
import type { Sent } from "./queue-send.ts";

export interface SendInput {
  readonly draft: Draft;
  readonly delaySeconds?: number | undefined;
}

/** Letters, digits, punctuation. */
const FIFO_ID = new RegExp(`^[\\x21-\\x7e]{1,${MESSAGE_ID_CHARACTERS_MAX}}$`);

export function readSend(queue: Queue, input: JsonObject): SendInput {
  const body = requiredText(input, "MessageBody");
  const attributes = readAttributes(input);
  const bytes = Buffer.byteLength(body) + attributeBytes(attributes);
  const bytesMax = queue.attributes.MaximumMessageSize;
  if (bytes > bytesMax) {
    throw new SqsError(
      "InvalidParameterValue",
      `One or more parameters are invalid. Reason: Message must be shorter than ${bytesMax} bytes.`,
    );
  }
  if (hasForbiddenCharacter(body)) {
    throw new SqsError(
      "InvalidMessageContents",
      "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
    );
  }
  const draft: Draft = {
    body,
    bodyMd5: md5OfText(body),
    attributes,
    traceHeader: readTraceHeader(input),
    senderId: ACCOUNT_ID,
    groupId: fifoId(input, "MessageGroupId"),
    dedupId: fifoId(input, "MessageDeduplicationId"),
  };
  checkType(queue, input, draft);
  return { draft, delaySeconds: queue.isFifo ? undefined : delayOf(input) };
}

function delayOf(input: JsonObject): number | undefined {
  return optionalInteger(input, "DelaySeconds", { min: 0, max: MESSAGE_DELAY_SECONDS_MAX });
}

/** A group on a standard queue marks a tenant of a fair queue. */
function checkType(queue: Queue, input: JsonObject, draft: Draft): void {
  const reason = "The request include parameter that is not valid for this queue type.";
  if (!queue.isFifo) {
    if (draft.dedupId !== undefined) throw invalidParameter("MessageDeduplicationId", draft.dedupId, reason);
    return;
  }
  if (draft.groupId === undefined) throw missingParameter("MessageGroupId");
  const delaySeconds = delayOf(input);
  // Zero changes nothing, and SDKs of other languages send it unasked.
  if (delaySeconds !== undefined && delaySeconds !== 0) throw invalidParameter("DelaySeconds", delaySeconds, reason);
}

function fifoId(input: JsonObject, name: string): string | undefined {
  const id = optionalText(input, name);
  if (id === undefined || FIFO_ID.test(id)) return id;
  throw invalidParameter(
    name,
    id,
    `${name} can only include alphanumeric and punctuation characters. 1 to ${MESSAGE_ID_CHARACTERS_MAX} in length.`,
  );
}

/** The MD5s are of what this request brought, which is what its sender checks. */
export function sendAnswer(draft: Draft, sent: Sent): JsonObject {
  return {
    MD5OfMessageBody: draft.bodyMd5,
    MD5OfMessageAttributes: md5OfAttributes(draft.attributes),
    MD5OfMessageSystemAttributes: md5OfTraceHeader(draft.traceHeader),
    MessageId: sent.messageId,
    SequenceNumber: sent.sequenceNumber,
  };
}
