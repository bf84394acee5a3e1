// What every event source gives and takes: an event becomes deliveries, outcomes become a response. Pure.

import type { SqsMessageAttribute } from "../aws/lambda.ts";

/** One receipt of a message. */
export interface Delivery<Record = unknown> {
  /** What the response names when the message failed. */
  readonly messageId: string;
  readonly body: string;
  /** 1 for the first receipt; across all queues, so a DLQ counts on. */
  readonly receiveCount: number;
  readonly sentAtMs: number;
  readonly messageAttributes: Readonly<{ [name: string]: SqsMessageAttribute }>;
  /** The record as Lambda gave it. */
  readonly record: Record;
}
