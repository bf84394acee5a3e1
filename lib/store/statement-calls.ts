// Packs single-item writes that are ready together into calls of many statements. No timers: an idle lane sends at the end of
// the tick, so nobody waits for what is not ready yet.
//
//   CA1. No item is twice in a call, nor in two calls at a time.
//   CA2. Who waits holds no lane: calls cannot wait for each other.

import { BATCH_STATEMENTS_MAX, TRANSACTION_BYTES_MAX } from "../aws/limits.ts";
import { type Host, oncePerTick } from "../host.ts";
import type { GroupSize } from "./group-committer.ts";

/** A write of one item. */
export interface ItemWrite {
  /** Its item among all of all tables. */
  readonly id: string;
  readonly bytes: number;
  /** It goes by a request of its own. */
  readonly alone: boolean;
}

export interface StatementCallsOptions<W extends ItemWrite> {
  readonly host: Host;
  /** Calls under way at a time. */
  readonly lanes: number;
  /** False: one request a write. */
  readonly together: boolean;
  readonly size: Pick<GroupSize, "withoutStatements">;
  /** Never rejects; what goes again is added again. */
  run(call: readonly W[]): Promise<void>;
}

/**
 * Bytes of the items of a call. The limit of BatchExecuteStatement is not documented; that of BatchWriteItem, which takes as
 * many items, is 16 MB, and a binary value travels as base64.
 */
const CALL_BYTES_MAX: number = TRANSACTION_BYTES_MAX;

/** Items that go one by one, side by side: as many as the SDK's client opens connections. */
const PUTS_MAX = 50;

/** What it returns adds a write to those that are ready. */
export function statementCalls<W extends ItemWrite>(options: StatementCallsOptions<W>): (write: W) => void {
  const { host, lanes, together, size, run } = options;
  let pending: W[] = [];
  const busy = new Set<string>(); // CA1
  const pumpSoon = oncePerTick(host, pump);
  let running = 0;

  function pump(): void {
    const callsMax = together && !size.withoutStatements ? lanes : Math.max(lanes, PUTS_MAX);
    while (running < callsMax) {
      const call = nextCall();
      if (call.length === 0) return;
      const taken = new Set(call);
      pending = pending.filter((write) => !taken.has(write));
      void runLane(call);
    }
  }

  /** The first that is ready, and what goes with it. */
  function nextCall(): readonly W[] {
    const ready = pending.filter(({ id }) => !busy.has(id));
    const one = !together || size.withoutStatements === true;
    const [first] = ready;
    if (first && (one || first.alone)) return [first];
    const call: W[] = [];
    const ids = new Set<string>();
    let bytes = 0;
    for (const write of ready) {
      if (call.length === BATCH_STATEMENTS_MAX) break;
      if (write.alone || ids.has(write.id)) continue; // CA1
      if (call.length > 0 && bytes + write.bytes > CALL_BYTES_MAX) continue;
      call.push(write);
      ids.add(write.id);
      bytes += write.bytes;
    }
    return call;
  }

  async function runLane(call: readonly W[]): Promise<void> {
    running++;
    for (const { id } of call) busy.add(id);
    await run(call);
    for (const { id } of call) busy.delete(id);
    running--;
    pump(); // CA2
  }

  return (write) => {
    pending.push(write);
    pumpSoon();
  };
}
