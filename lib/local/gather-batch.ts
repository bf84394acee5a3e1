// Collects one batch: over several receives where the mapping has a batching window, cut at Lambda's payload limit.
import { LONG_POLL_SECONDS_MAX } from "../aws/event-source-mapping.ts";
import type { SqsRecord } from "../aws/lambda.ts";
import { INVOCATION_PAYLOAD_BYTES_MAX, QUEUE_BATCH_MESSAGES_MAX } from "../aws/limits.ts";

/** One ReceiveMessage. */
export type Receive = (messagesMax: number, waitSeconds: number) => Promise<SqsRecord[]>;

export interface GatherOptions {
  readonly batchSize: number;
  readonly windowMs: number;
  /** Ends the window early. */
  readonly signal: AbortSignal;
}

export interface Gathered {
  readonly batch: readonly SqsRecord[];
  /** Received, but too much for this payload: the beginning of the next batch. */
  readonly carried: readonly SqsRecord[];
}

/** Between short polls at the end of a window: long polls take whole seconds only. */
const SHORT_POLL_MS = 100;
/** {"Records":[]}, less the comma that the last record has not. */
const ENVELOPE_BYTES = 13;

export async function gatherBatch(
  receive: Receive,
  carried: readonly SqsRecord[],
  options: GatherOptions,
): Promise<Gathered> {
  const { batchSize, windowMs, signal } = options;
  const records = [...carried];
  if (records.length === 0) {
    records.push(...(await receive(Math.min(QUEUE_BATCH_MESSAGES_MAX, batchSize), LONG_POLL_SECONDS_MAX)));
  }
  // The window opens with the first message.
  const closesMs = Date.now() + windowMs;
  let bytes = ENVELOPE_BYTES + bytesOf(records);
  const hasRoom = () => records.length > 0 && records.length < batchSize && bytes <= INVOCATION_PAYLOAD_BYTES_MAX;
  while (hasRoom() && !signal.aborted) {
    const leftMs = closesMs - Date.now();
    if (leftMs <= 0) break;
    const wanted = Math.min(QUEUE_BATCH_MESSAGES_MAX, batchSize - records.length);
    const waitSeconds = Math.min(LONG_POLL_SECONDS_MAX, Math.floor(leftMs / 1000));
    const more = await receive(wanted, waitSeconds);
    records.push(...more);
    bytes += bytesOf(more);
    if (more.length === 0 && waitSeconds === 0) await pause(Math.min(SHORT_POLL_MS, leftMs));
  }
  return cutPayload(records);
}

/** At least one message goes: SQS takes none that Lambda could not. */
export function cutPayload(records: readonly SqsRecord[]): Gathered {
  let bytes = ENVELOPE_BYTES;
  const count = records.findIndex((record, index) => {
    bytes += bytesOf([record]);
    return index > 0 && bytes > INVOCATION_PAYLOAD_BYTES_MAX;
  });
  if (count < 0) return { batch: records, carried: [] };
  return { batch: records.slice(0, count), carried: records.slice(count) };
}

/** As JSON, a comma after each. */
function bytesOf(records: readonly SqsRecord[]): number {
  return records.reduce((sum, record) => sum + Buffer.byteLength(JSON.stringify(record)) + 1, 0);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
