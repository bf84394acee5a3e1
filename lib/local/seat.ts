// Where a worker sits: who it is, and what it does now. The proxies know a request's sender by it.

export interface Seat {
  readonly functionName: string;
  readonly logicalId: string;
  readonly workerId: number;
  /** Requests that it sent to the engines so far. */
  calls: number;
  /** What runs in it now; a sandbox between two invocations has none. */
  invocation: SeatInvocation | undefined;
}

export interface SeatInvocation {
  readonly requestId: string;
  /** Of the batch; empty for an invocation that comes from no queue. */
  readonly messageIds: readonly string[];
  /** A second delivery of messages that another worker has, too: it is not repeated again. */
  readonly isCopy: boolean;
  /** Delivers the same messages to another worker at once. Absent where they come from no queue. */
  readonly repeat?: (() => void) | undefined;
}
