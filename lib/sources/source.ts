// What every event source gives and takes: an event becomes deliveries, outcomes become a response. Pure.

import type { BatchResponse, SqsMessageAttribute, SqsRecord } from "../aws/lambda.ts";
import type { Received } from "../protocol/rejection.ts";

/** Where a message stands in its source: all that the response, and whoever keeps the order, need of it. */
export interface Place {
  /** Of this message alone, whatever came before; the same in every delivery of it. */
  readonly messageId: string;
  /** What the response names when the message failed. */
  readonly identifier: unknown;
  /** What positions are counted in: a queue, a stream with its label, a partition of a topic of a cluster. */
  readonly origin: string;
  /** Where positions of one origin are not all in one order: the part of it in which they are. @default the origin */
  readonly scope?: string;
  /** Order holds within an origin and ordering key; undefined where the source keeps none. */
  readonly orderingKey: string | undefined;
  /** Decimal digits of a fixed width, so that texts compare as numbers do; undefined where the source has none. */
  readonly position: string | undefined;
}

/** One receipt of a message. */
export interface Delivery<Record = unknown> extends Place {
  /**
   * As it was sent; empty for a direct invocation, which has none. A method: V8 keeps an object with an accessor of its own as a
   * dictionary, which takes a kilobyte and longer for every field.
   */
  text(): string;
  /** What a body that is compressed or stored stands for; absent: nothing else. */
  readonly opened?: string;
  /** The body decoded, made anew each time where that is possible. Throws a SemelError for one that cannot be decoded. */
  decode(): unknown;
  /** The key where no option names one. */
  readonly key: { readonly value: unknown; readonly origin: string };
  /** What is fingerprinted where no option says it; absent: the decoded body. */
  readonly payload?: unknown;
  /** 1 for the first receipt; across all queues, so a DLQ counts on. Undefined where the source does not count. */
  readonly receiveCount: number | undefined;
  readonly sentAtMs: number;
  readonly messageAttributes: Readonly<{ [name: string]: SqsMessageAttribute }>;
  /** What goes to a dead-letter queue; absent: body and attributes. */
  letter?(): Received;
  /** Of a queue: its visibility can be changed. */
  readonly receipt?: SqsRecord;
  /** The record as Lambda gave it. */
  readonly record: Record;
}

/** Whether one delivery may leave its source. */
export interface DeliveryOutcome {
  readonly messageId: string;
  readonly acknowledged: boolean;
}

/** One kind of event source: one driver a file. */
export interface Source {
  /** For errors. */
  readonly name: string;
  /** Messages of an ordering key are run one after the other, in the order of the event. */
  readonly ordered: boolean;
  /** A message can come again under another position: it is redriven, or sent again. */
  readonly sendsAgain?: true;
  /** Messages can carry the idempotency key beside the body. */
  readonly carriesKey: boolean;
  /** Checks the event and takes it apart, in its order. Throws a SemelError for one that it cannot take. */
  deliveries(event: unknown): Delivery[];
  /** `batch` as the event came. What has no outcome is not acknowledged. */
  response(batch: readonly Place[], outcomes: readonly DeliveryOutcome[]): BatchResponse;
}
