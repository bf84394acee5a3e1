// Where messages go: how those of one target make one request, and what its answer says of each. Pure; one file for each kind.

import type { OutboxMessage } from "../protocol/outbox.ts";
import type { TargetAnswer, TargetRequest } from "./target-send.ts";
import { EVENTBRIDGE } from "./targets/eventbridge.ts";
import { SNS } from "./targets/sns.ts";
import { SQS } from "./targets/sqs.ts";
import type { Verdict } from "./verdict.ts";

/** One kind of target. All messages of a request are for the same target. */
export interface Target<Message extends OutboxMessage = OutboxMessage> {
  /** Of one request. */
  readonly entriesMax: number;
  readonly bytesMax: number;
  /** As the service counts it. */
  bytesOf(message: Message): number;
  request(messages: readonly Message[]): TargetRequest;
  /** One for each message, in their order. What the answer says nothing of has failed. */
  verdicts(answer: TargetAnswer, count: number): Verdict[];
}

export function targetOf({ kind }: OutboxMessage): Target {
  return TARGETS[kind];
}

// A target is only given messages of its kind.
const TARGETS: Readonly<Record<OutboxMessage["kind"], Target>> = {
  sqs: SQS as Target,
  sns: SNS as Target,
  eventbridge: EVENTBRIDGE as Target,
};
