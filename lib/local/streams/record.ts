// What the poller has to know of a record, whatever stream it is from. Pure.

/** A record on its way to a function. */
export interface Taken<R> {
  /** As the function gets it. */
  readonly record: R;
  /** Its sequence number, or whatever names it in the event and in a partial response. One batch has no id twice. */
  readonly id: string;
  /** Records of one ordering key are handed over one batch after the other. */
  readonly orderingKey: string;
  /** From when on its age counts. */
  readonly arrivedAtMs: number;
}

/** Where records are that were given up. */
export interface Place {
  /** Of the stream. */
  readonly arn: string;
  readonly shardId: string;
}

/** What a kind of stream has of its own on the way to the function and back. */
export interface RecordKind<R> {
  /** The event of a batch. */
  event(records: readonly R[]): object;
  /** What the event has in bytes beside its records and a comma after each; rather too many. */
  readonly envelopeBytes: number;
  /** The id of the record that an itemIdentifier means; undefined for what can't be one. */
  idOf(itemIdentifier: unknown): string | undefined;
  /** A partial response names all that come again. Otherwise the lowest does, and everything after it. */
  readonly retriesNamed?: boolean;
  /** Of the on-failure message: where the records are. */
  batchInfo(batch: readonly Taken<R>[], place: Place): object;
}

/** {"Records":[]} */
export const RECORDS_ENVELOPE_BYTES = 14;
