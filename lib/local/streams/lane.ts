// One lane of a shard: its records in batches, one batch after the other, each until it is done or given up. A shard has as many lanes as
// its mapping's ParallelizationFactor, and all records of an ordering key go the same way.
//
//   LN1. No record is handed to the function before all earlier ones of its lane are done or given up.
//   LN2. What is given up is told to the destination before the lane goes on.
//   LN3. A batch is one piece of the stream: it ends where the stream is read again from an earlier point.
import { INVOCATION_PAYLOAD_BYTES_MAX } from "../../aws/limits.ts";
import { type Attempt, afterAttempt, type RetryRules } from "./attempts.ts";
import type { GivenUp } from "./failure-message.ts";
import { pause } from "./pause.ts";
import type { Taken } from "./record.ts";

export interface LaneOptions<R> {
  readonly batchSize: number;
  readonly windowMs: number;
  /** Undefined: until the record expires. */
  readonly recordAgeMsMax: number | undefined;
  readonly rules: RetryRules;
  /** What the event has beside its records. */
  readonly envelopeBytes: number;
  readonly signal: AbortSignal;
  /** A rejection is an error of the whole batch. */
  invoke(batch: readonly Taken<R>[]): Promise<Tried<R>>;
  giveUp(given: GivenUp<R>): Promise<void>;
  /** Hears of a batch when all of it is done or given up. */
  settled?(batch: readonly Taken<R>[]): void;
}

export interface Tried<R> extends Pick<GivenUp<R>, "requestId" | "outcome"> {
  /** Not done, in the order of the batch; undefined for an error of the whole batch. */
  readonly left: readonly Taken<R>[] | undefined;
}

export interface Lane<R> {
  offer(taken: Taken<R>): void;
  /** What is offered from now on is in other batches than what was until now. */
  cut(): void;
  /** Records that are not done. */
  size(): number;
  readonly ended: Promise<void>;
}

interface Waiting<R> {
  readonly taken: Taken<R>;
  readonly atMs: number;
  /** How often the lane had been cut. */
  readonly piece: number;
}

const BACKOFF_MS_FIRST = 100;
const BACKOFF_MS_MAX = 2_000;

export function createLane<R>(options: LaneOptions<R>): Lane<R> {
  const { batchSize, windowMs, signal } = options;
  const waiting: Waiting<R>[] = [];
  let piece = 0;
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
      const run = waiting.slice(0, batchSize).filter((one) => one.piece === first?.piece); // LN3
      const isFull = run.length === batchSize || run.length < waiting.length;
      const leftMs = first === undefined ? undefined : first.atMs + windowMs - Date.now();
      if (leftMs === undefined || (leftMs > 0 && !isFull)) {
        await more(leftMs);
        continue;
      }
      const taken = run.map((one) => one.taken);
      const batch = cutPayload(taken, options.envelopeBytes);
      const isSettled = await runBatch(batch, options); // LN1
      if (isSettled) options.settled?.(batch);
      if (!signal.aborted) waiting.splice(0, batch.length);
    }
  };

  return {
    offer(taken) {
      waiting.push({ taken, atMs: Date.now(), piece });
      wake();
    },
    cut() {
      piece += 1;
    },
    size: () => waiting.length,
    ended: work(),
  };
}

/** False: the signal came first. */
async function runBatch<R>(batch: readonly Taken<R>[], options: LaneOptions<R>): Promise<boolean> {
  const { rules, signal } = options;
  let attempts: readonly Attempt<Taken<R>>[] = [{ records: batch, failures: 0, invocations: 0 }];
  let last: Tried<R> | undefined;
  while (attempts.length > 0 && !signal.aborted) {
    const [given, ...others] = attempts;
    if (given === undefined) break;
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
      if (signal.aborted) return false; // it may not have been told
    }
    const attempt = { ...given, records };
    if (records.length === 0) {
      attempts = others;
      continue;
    }
    last = await options.invoke(records).catch(() => ({ left: undefined, requestId: undefined, outcome: undefined }));
    const { next, givenUp } = afterAttempt(attempt, last.left, rules);
    if (givenUp !== undefined) {
      await options.giveUp({ ...last, ...givenUp, condition: "RetryAttemptsExhausted" }); // LN2
      if (signal.aborted) return false;
    }
    attempts = [...next, ...others];
    const failures = next[0]?.failures ?? 0;
    if (failures > attempt.failures)
      await pause(Math.min(BACKOFF_MS_FIRST * 2 ** (failures - 1), BACKOFF_MS_MAX), signal);
  }
  return attempts.length === 0;
}

type Batch<R> = readonly Taken<R>[];

/** Those that are too old, and the rest. */
function byAge<R>(batch: Batch<R>, { recordAgeMsMax }: LaneOptions<R>): readonly [Batch<R>, Batch<R>] {
  if (recordAgeMsMax === undefined) return [[], batch];
  const sinceMs = Date.now() - recordAgeMsMax;
  const isOld = ({ arrivedAtMs }: Taken<R>): boolean => arrivedAtMs <= sinceMs;
  return [batch.filter(isOld), batch.filter((one) => !isOld(one))];
}

/** At least one record goes. */
function cutPayload<R>(batch: Batch<R>, envelopeBytes: number): Batch<R> {
  let bytes = envelopeBytes;
  const count = batch.findIndex(({ record }, index) => {
    bytes += Buffer.byteLength(JSON.stringify(record)) + 1;
    return index > 0 && bytes > INVOCATION_PAYLOAD_BYTES_MAX;
  });
  return count < 0 ? batch : batch.slice(0, count);
}
