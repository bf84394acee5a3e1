// What every event source gives and takes: an event becomes deliveries, outcomes become a response. Pure.

import type { SqsMessageAttribute } from "../aws/lambda.ts";

/** One receipt of a message. */
export interface Delivery<Record = unknown> {
  /** What the response names when the message failed. */
  readonly messageId: string;
  /** As it was sent; empty for a direct invocation, which has none. */
  readonly body: string;
  /** The body decoded, made anew each time where that is possible. Throws a SemelError for one that is no JSON. */
  decode(): unknown;
  /** The key where no option names one. */
  readonly key: { readonly value: unknown; readonly origin: string };
  /** What is fingerprinted where no option says it; absent: the decoded body. */
  readonly payload?: unknown;
  /** 1 for the first receipt; across all queues, so a DLQ counts on. */
  readonly receiveCount: number;
  readonly sentAtMs: number;
  readonly messageAttributes: Readonly<{ [name: string]: SqsMessageAttribute }>;
  /** The record as Lambda gave it. */
  readonly record: Record;
}
