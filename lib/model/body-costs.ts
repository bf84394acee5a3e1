// What a body costs on its way, by its size: requests of SQS, write units of DynamoDB, cents. Asked for the body as it is and as it is
// compressed, it tells what compressing saves. Pure.
//
//   BC1. SQS bills each 64 KB that a request carries, of all its messages together, and a request without payload as one.
//   BC2. DynamoDB bills each 1 KB of an item that is written, and twice in a transaction.

import { QUEUE_BATCH_MESSAGES_MAX, WRITE_UNIT_BYTES } from "../aws/limits.ts";
import { MESSAGE_BYTES_MAX } from "../aws/queues.ts";
import { PRICES_US_EAST_1, type Prices } from "./prices.ts";

export interface BodySize {
  /** In the queue, with the message's attributes: of a compressed body, its base64. */
  readonly queueBytes: number;
  /** In an item, with its other attributes. @default queueBytes */
  readonly itemBytes?: number;
}

export interface BodyCostOptions {
  /** Messages that are sent, received and deleted together, 1 to 10; fewer where 1 MiB does not hold so many. @default 10 */
  readonly batchSize?: number;
  /** @default false */
  readonly fifo?: boolean;
  /** @default those of us-east-1 */
  readonly prices?: Prices;
}

/** Of one message that is sent, received and deleted once. */
export interface BodyCosts {
  /** Billed requests: a fraction, since messages share them (BC1). */
  readonly sqsRequests: number;
  /** Of its idempotency record, in the transaction: it does not hold the body. */
  readonly recordWriteUnits: number;
  /** Of an item that holds the body, where that is its own record (strategy insert). */
  readonly insertWriteUnits: number;
  /** Of an item that holds the body, as an effect or an outbox item in the transaction (BC2). */
  readonly outboxWriteUnits: number;
  /** US cents a million messages. */
  readonly centsPerMillion: { readonly sqs: number; readonly insert: number; readonly outbox: number };
}

/** https://aws.amazon.com/sqs/pricing/ */
const BILLED_BYTES: number = 64 * 1024;
const RECORD_WRITE_UNITS = 2;

/** Throws a RangeError for what is no size, or no batch. */
export function bodyCosts(
  { queueBytes, itemBytes = queueBytes }: BodySize,
  { batchSize = QUEUE_BATCH_MESSAGES_MAX, fifo = false, prices = PRICES_US_EAST_1 }: BodyCostOptions = {},
): BodyCosts {
  whole("queueBytes", queueBytes, MESSAGE_BYTES_MAX);
  whole("itemBytes", itemBytes, Number.MAX_SAFE_INTEGER);
  whole("batchSize", batchSize, QUEUE_BATCH_MESSAGES_MAX);
  const together = Math.min(batchSize, Math.floor(MESSAGE_BYTES_MAX / queueBytes));
  const carrying = Math.ceil((together * queueBytes) / BILLED_BYTES);
  const sqsRequests = (2 * carrying + 1) / together; // BC1: sent, received; deleted
  const insertWriteUnits = Math.ceil(itemBytes / WRITE_UNIT_BYTES);
  const outboxWriteUnits = 2 * insertWriteUnits; // BC2
  const requestUsd = fifo ? prices.sqsFifoUsdPerMillion : prices.sqsStandardUsdPerMillion;
  const cents = (units: number, usd: number): number => 100 * units * usd;
  return {
    sqsRequests,
    recordWriteUnits: RECORD_WRITE_UNITS,
    insertWriteUnits,
    outboxWriteUnits,
    centsPerMillion: {
      sqs: cents(sqsRequests, requestUsd),
      insert: cents(insertWriteUnits, prices.writeUnitUsdPerMillion),
      outbox: cents(outboxWriteUnits, prices.writeUnitUsdPerMillion),
    },
  };
}

function whole(name: string, value: number, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw new RangeError(`${name} is ${value}. Use a whole number from 1 to ${max}`);
}
