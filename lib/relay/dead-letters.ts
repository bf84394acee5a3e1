// A message that its target refuses for good, as it goes to the relay's dead-letter queue: body and attributes as they were to be sent,
// its id among them, and an attribute that says where it was to go and why it cannot. Pure.

import { eventDetail, type OutboxMessage, type QueueMessage } from "../protocol/outbox.ts";
import { deadLetter } from "../protocol/rejection.ts";
import { attributesOf } from "./targets/entries.ts";

export interface Refusal {
  readonly code: string;
  readonly reason: string;
}

export interface LetterOptions {
  readonly queueUrl: string;
  /** Who sends the letter. */
  readonly relay: string;
}

export interface Letter {
  readonly message: QueueMessage;
  /** False: there is no room for the reason; only logs tell it. */
  readonly tellsReason: boolean;
}

export function letterOf(message: OutboxMessage, { code, reason }: Refusal, options: LetterOptions): Letter {
  const { id } = message;
  const body = message.kind === "eventbridge" ? eventDetail(message) : message.body;
  const given = attributesOf(message.kind === "eventbridge" ? { ...message, kind: "sqs" } : message);
  const failure = { code, reason, consumer: options.relay, messageId: id, to: placeOf(message) };
  const { attributes, tellsReason } = deadLetter({ body, attributes: given }, failure);
  return { message: { kind: "sqs", id, target: options.queueUrl, body, attributes }, tellsReason };
}

/** All that a dead letter would not show otherwise. */
function placeOf({ id: _, body: __, ...rest }: OutboxMessage): object {
  return { ...rest, attributes: undefined };
}
