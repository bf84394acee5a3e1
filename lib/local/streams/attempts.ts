// What comes after a batch of a stream was tried: the next attempts, and what is given up. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-errors.html
//
//   AT1. Order holds: what is left keeps its order, and what is given up is before what is tried again.
//   AT2. Every record is in exactly one place: done, tried again, or given up.
//   AT3. Splitting a batch does not count as a retry: in halves after an error, to what is left after a partial response.
//        Where that is all of it there is nothing to split: it counts, and the batch stays one.
// Not known of AWS: whether a batch that is cut by a partial response keeps its count where it is not to be bisected. Here it does.

export interface Attempt<R> {
  readonly records: readonly R[];
  /** Tries that failed, splits not counted. */
  readonly failures: number;
  /** Invocations with these records. */
  readonly invocations: number;
}

export interface RetryRules {
  readonly bisects: boolean;
  /** Undefined: until the record expires. */
  readonly retriesMax: number | undefined;
}

export interface Aftermath<R> {
  readonly next: readonly Attempt<R>[];
  readonly givenUp: Attempt<R> | undefined;
}

/** `left` of the records are not done, in their order; undefined for an error of the whole batch. */
export function afterAttempt<R>(tried: Attempt<R>, left: readonly R[] | undefined, rules: RetryRules): Aftermath<R> {
  const invocations = tried.invocations + 1;
  const records = left ?? tried.records; // AT1, AT2
  if (records.length === 0) return { next: [], givenUp: undefined };
  if (rules.bisects && records.length < tried.records.length) {
    return { next: [{ records, failures: tried.failures, invocations }], givenUp: undefined }; // AT3
  }
  if (rules.bisects && left === undefined && records.length > 1) {
    const middle = Math.ceil(records.length / 2);
    const halves = [records.slice(0, middle), records.slice(middle)];
    return {
      next: halves.map((half) => ({ records: half, failures: tried.failures, invocations })),
      givenUp: undefined,
    }; // AT3
  }
  const again = { records, failures: tried.failures + 1, invocations };
  const isOver = rules.retriesMax !== undefined && again.failures > rules.retriesMax;
  return isOver ? { next: [], givenUp: again } : { next: [again], givenUp: undefined };
}
