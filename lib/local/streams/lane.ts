// One lane of a shard: its records in batches, one batch after the other, each until it is done or given up. A shard has as many lanes as
// its mapping's ParallelizationFactor, and all records of an item go the same way.
//
//   LN1. No record is handed to the function before all earlier ones of its lane are done or given up.
//   LN2. What is given up is told to the destination before the lane goes on.
import type { DynamoDbRecord } from "../../aws/lambda.ts";
import { INVOCATION_PAYLOAD_BYTES_MAX } from "../../aws/limits.ts";
import { type Attempt, afterAttempt, type RetryRules } from "./attempts.ts";
import type { GivenUp } from "./failure-message.ts";

export interface LaneOptions {
  readonly batchSize: number;
  readonly windowMs: number;
  /** Undefined: until the record expires. */
  readonly recordAgeMsMax: number | undefined;
  readonly rules: RetryRules;
  readonly signal: AbortSignal;
  /** How many of the first records are done; undefined for an error of the whole batch. A rejection is one. */
  invoke(records: readonly DynamoDbRecord[]): Promise<Tried>;
  giveUp(given: Pick<GivenUp, "condition" | "records" | "invocations" | "requestId" | "outcome">): Promise<void>;
}

export interface Tried extends Pick<GivenUp, "requestId" | "outcome"> {
  readonly done: number | undefined;
}

export interface Lane {
  offer(record: DynamoDbRecord): void;
  /** Records that are not done. */
  size(): number;
  readonly ended: Promise<void>;
}

const BACKOFF_MS_FIRST = 100;
const BACKOFF_MS_MAX = 2_000;
/** {"Records":[]} */
const ENVELOPE_BYTES = 14;

export function createLane(options: LaneOptions): Lane {
  const { batchSize, windowMs, signal } = options;
  const waiting: { readonly record: DynamoDbRecord; readonly atMs: number }[] = [];
  let wake = (): void => {};

  const more = (ms?: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = ms === undefined ? undefined : setTimeout(resolve, ms);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  signal.addEventListener("abort", () => wake());

  const work = async (): Promise<void> => {
    while (!signal.aborted) {
      const [first] = waiting;
      const leftMs = first === undefined ? undefined : first.atMs + windowMs - Date.now();
      if (leftMs === undefined || (leftMs > 0 && waiting.length < batchSize)) {
        await more(leftMs);
        continue;
      }
      const batch = cutPayload(waiting.slice(0, batchSize).map(({ record }) => record));
      await runBatch(batch, options); // LN1
      if (!signal.aborted) waiting.splice(0, batch.length);
    }
  };

  return {
    offer(record) {
      waiting.push({ record, atMs: Date.now() });
      wake();
    },
    size: () => waiting.length,
    ended: work(),
  };
}

async function runBatch(batch: readonly DynamoDbRecord[], options: LaneOptions): Promise<void> {
  const { rules, signal } = options;
  let attempts: readonly Attempt<DynamoDbRecord>[] = [{ records: batch, failures: 0, invocations: 0 }];
  let last: Tried | undefined;
  while (!signal.aborted) {
    const [given, ...others] = attempts;
    if (given === undefined) return;
    const [tooOld, records] = byAge(given.records, options);
    if (tooOld.length > 0) {
      await options.giveUp({
        requestId: undefined,
        outcome: undefined,
        ...last,
        ...given,
        condition: "RecordAgeExceeded",
        records: tooOld,
      });
    }
    const attempt = { ...given, records };
    if (records.length === 0) {
      attempts = others;
      continue;
    }
    last = await options.invoke(records).catch(() => ({ done: undefined, requestId: undefined, outcome: undefined }));
    const { next, givenUp } = afterAttempt(attempt, last.done, rules);
    if (givenUp !== undefined) await options.giveUp({ ...last, ...givenUp, condition: "RetryAttemptsExhausted" }); // LN2
    attempts = [...next, ...others];
    const failures = next[0]?.failures ?? 0;
    if (failures > attempt.failures)
      await pause(Math.min(BACKOFF_MS_FIRST * 2 ** (failures - 1), BACKOFF_MS_MAX), signal);
  }
}

type Records = readonly DynamoDbRecord[];

/** Those that are too old, and the rest: the oldest come first. */
function byAge(records: Records, { recordAgeMsMax }: LaneOptions): readonly [Records, Records] {
  if (recordAgeMsMax === undefined) return [[], records];
  const since = (Date.now() - recordAgeMsMax) / 1000;
  const young = records.findIndex(({ dynamodb }) => (dynamodb?.ApproximateCreationDateTime ?? Infinity) > since);
  return young < 0 ? [records, []] : [records.slice(0, young), records.slice(young)];
}

/** At least one record goes. */
function cutPayload(records: Records): Records {
  let bytes = ENVELOPE_BYTES;
  const count = records.findIndex((record, index) => {
    bytes += Buffer.byteLength(JSON.stringify(record)) + 1;
    return index > 0 && bytes > INVOCATION_PAYLOAD_BYTES_MAX;
  });
  return count < 0 ? records : records.slice(0, count);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
