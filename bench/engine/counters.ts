// What the engine counts.

export interface Counters {
  requests: number;
  writeUnits: number;
  /** Of them for writes that failed and transactions that were cancelled. */
  wastedWriteUnits: number;
  readUnits: number;
  /** Writes and transactions that met an item in another transaction. */
  conflicts: number;
}

export function noCounters(): Counters {
  return { requests: 0, writeUnits: 0, wastedWriteUnits: 0, readUnits: 0, conflicts: 0 };
}

export function bill(counters: Counters, units: number, wasted: boolean): void {
  counters.writeUnits += units;
  if (wasted) counters.wastedWriteUnits += units;
}
