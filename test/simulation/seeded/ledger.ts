// What the world knows of keys and messages, from what was sent, written and acknowledged, and what must hold of it. Each
// complaint begins with its invariant.
//
//   I1  effects of a key happen at most once: also where its record's time to live ran out meanwhile.
//   I2  acknowledged only if its key is committed with its payload, or it was rejected and is in the dead-letter queue.
//   I3  a COMPLETED record is there exactly where its effects are.
//   I4, I5, CL4, P4  by complaintsAboutWrite of the explorer, at every write of a record.
//   I6  every acknowledgement of a direct invocation's key has the same result.
//   I7  another payload under a committed key is never acknowledged as done, and changes nothing.
//   I8  every copy of a message is in a queue, acknowledged, redriven under a new id, or out of its retention.
//   G1  what a handler read is unchanged when its effects are there. R3 another run gets a fresh message.
//   H1  a record is not deleted before its lifetime is over. RE4 what is committed is not dead-lettered by semel.
//   RE1 nothing is dead-lettered for what its handler never said.
//   RE2 nothing is in the dead-letter queue by semel's hand before something is recorded under its key.
//   ST1 a step whose result the holder's own record keeps does not run; ST3 a step of a key has one idempotency key.

import type { Item } from "../../../lib/aws/dynamodb.ts";
import { systemHost } from "../../../lib/host.ts";
import { fingerprint } from "../../../lib/protocol/fingerprint.ts";
import { MARK } from "../../../lib/protocol/insert.ts";
import { recordKey } from "../../../lib/protocol/key.ts";
import type { Failure } from "../../../lib/protocol/rejection.ts";
import { complaintsAboutWrite } from "../../../lib/testing/explorer/invariants.ts";
import {
  BYTES,
  CONSUMER,
  counterOf,
  EFFECTS,
  isHopeless,
  JOURNAL,
  kindOf,
  type Order,
  orderOf,
  RECORDS,
} from "./messages.ts";
import { type Strategy, TIMEOUT_MS } from "./setup.ts";
import type { Change } from "./store.ts";

/** What became of an intended effect. */
export interface KeyState extends Order {
  readonly pk: string;
  /** Payload under which it was committed. */
  committed?: number;
  /** Its record's time to live ran out, and it was deleted. */
  swept: boolean;
  /** A newer version has its hand in it. */
  newer?: boolean;
  /** Of whoever inserted it. */
  attemptId?: string;
  /** Of the mark of its item, under insert. */
  format?: string;
  /** Somebody else has put an item where its own is to be. */
  foreign?: boolean;
  /** One of its messages left its queue as done. */
  done?: boolean;
  stepKey?: string;
  /** Text of the result of a direct invocation. */
  result?: string;
}

/** One message of a queue, with an id of its own: sent, sent again, dead-lettered by semel, or redriven. */
export interface Copy {
  readonly id: string;
  readonly body: string;
  /** Redrives before it. */
  readonly generation: number;
  readonly sentAtMs: number;
  state: "queued" | "acknowledged" | "expired" | "discarded" | "redriven";
  deliveries: number;
}

export interface Ledger {
  readonly keys: ReadonlyMap<string, KeyState>;
  readonly copies: ReadonlyMap<string, Copy>;
  /** Copies that no end is known of. */
  readonly queued: ReadonlySet<Copy>;
  readonly complaints: string[];
  readonly records: ReadonlyMap<string, Item>;
  /** Intended effects that are there. */
  committedKeys(): number;
  keyState(order: Order): KeyState;
  addCopy(id: string, body: string, generation: number): void;
  end(copy: Copy, state: Exclude<Copy["state"], "queued">): void;
  /** What Lambda's poller deletes. True: its effect was there by another delivery's doing. */
  acknowledged(copy: Copy): void;
  written(changes: readonly Change[], writer: number): void;
  /** Its record was deleted by its time to live. */
  swept(pk: string): void;
  /** Its record was written anew, to say the same. */
  reread(pk: string, record: Item): void;
  /** By semel, of the message of this id. */
  deadLettered(id: string, failure: Partial<Failure>, body: string): void;
  /** Its handler threw for good. */
  gaveUp(messageId: string): void;
  /** When its rejection was recorded, as the last one of its key, which is not committed since. */
  rejectedAtMs(messageId: string, key: string): number | undefined;
  answered(order: Order, result: string): void;
  isCommitted(body: string): boolean;
  /** Of a record's partition key. */
  keyOf(pk: string): string | undefined;
  isLettered(messageId: string): boolean;
}

/**
 * I4. Without a claim of one's own: only what nobody works on any more may be passed over, and never by a rejection; and the
 * rejection of another message, P4, whose steps are then forgotten, but by a commit alone, which needs them no more (CL4).
 */
function complaintsAboutPassingOver(before: Item, after: Item): string[] {
  const isOthers = before["messageId"]?.S !== after["messageId"]?.S;
  if (before["status"]?.S === "REJECTED" && isOthers) {
    const steps = Object.keys(before["steps"]?.M ?? {});
    if (steps.length === 0 || after["status"]?.S === "COMPLETED") return [];
    return [`CL4: a rejection took the place of another, and forgot its step ${steps.join(", ")}`];
  }
  if (before["rejectedMessageId"]?.S === after["messageId"]?.S) return ["P4: what was rejected commits past a claim"];
  const isFree =
    before["status"]?.S === "RELEASED" || Number(before["leaseUntil"]?.N) <= Number(after["committedAt"]?.N);
  if (isFree && after["status"]?.S === "COMPLETED") return [];
  return [`I4: a ${before["status"]?.S} record became ${after["status"]?.S}, past its claim`];
}

export interface LedgerOptions {
  readonly strategy: Strategy;
  readonly nowMs: () => number;
  /** Of a record. */
  readonly lifetimeMs: number;
}

export function createLedger({ strategy, nowMs, lifetimeMs }: LedgerOptions): Ledger {
  const keys = new Map<string, KeyState>();
  const byPk = new Map<string, KeyState>();
  const copies = new Map<string, Copy>();
  const queued = new Set<Copy>();
  const records = new Map<string, Item>();
  const effects = new Map<string, Item>();
  const letters = new Set<string>();
  const rejected = new Map<string, number>();
  const givenUp = new Set<string>();
  const lastRejected = new Map<string, string>(); // by record
  const totals = { hot: 0, sum: 0, sold: 0 };
  const complaints: string[] = [];
  let committed = 0;

  function keyState(order: Order): KeyState {
    const known = keys.get(order.key);
    if (known) return known;
    const pk = recordKey(CONSUMER, JSON.stringify(order.key), systemHost.sha256);
    const state: KeyState = { ...order, pk, swept: false };
    keys.set(order.key, state);
    byPk.set(pk, state);
    return state;
  }

  function commit(state: KeyState, payload: number): void {
    if (state.committed !== undefined) complaints.push(`I1: key ${state.key} was committed twice`);
    if (isHopeless(state.key, strategy)) complaints.push(`P4: key ${state.key} can never succeed, and is committed`);
    state.committed = payload;
    totals[counterOf(kindOf(state.key))]++;
    committed++;
    judgePut(state.key);
    const [price, seen] = [effects.get("price"), effects.get(`price of ${state.key}`)];
    if (!seen) return;
    for (const name of ["n", "m"]) {
      const [is, was] = [price?.[name]?.N ?? "-1", seen[name]?.N];
      if (is !== was) complaints.push(`G1: ${state.key} was committed at the price ${name} ${was}, and it is ${is}`);
    }
  }

  /** V1, X1, X3 */
  function judgePut(key: string): void {
    const { bytes, lingering, swallowed } = effects.get(`put ${key}`) ?? {};
    if (bytes?.B && String(bytes.B) !== String(BYTES))
      complaints.push(`V1: ${key} is committed with bytes that its handler changed later`);
    if (lingering?.BOOL) complaints.push(`X3: ${key} is committed, and its step was still under way`);
    if (swallowed) complaints.push(`X1: ${key} is committed, and its step could not be kept`);
  }

  function recordWritten({ id, before, after }: Change, writer: number): void {
    const passedOver = before?.["fencingToken"] && after && !after["fencingToken"];
    if (passedOver) complaints.push(...complaintsAboutPassingOver(before, after));
    else complaints.push(...complaintsAboutWrite(before, after, writer));
    if (after) records.set(id, after);
    const { committedAt, claimedAt, expiresAt, messageId, status } = after ?? {};
    if (status?.S === "REJECTED") {
      rejected.set(messageId?.S ?? "", nowMs());
      lastRejected.set(id, messageId?.S ?? "");
    }
    if (status?.S === "COMPLETED") lastRejected.delete(id);
    // A claim counts from its last try, its lifetime from its first.
    const sinceMs = committedAt ? Number(committedAt.N) : Number(claimedAt?.N) - TIMEOUT_MS;
    if (Number(expiresAt?.N) * 1000 < sinceMs + lifetimeMs)
      complaints.push(`H1: the record ${id} does not live long enough`);
    const state = byPk.get(id);
    if (!state) return void complaints.push(`I1: a record was written under ${id}, which nobody asked for`);
    if (after?.["status"]?.S !== "COMPLETED" || before?.["status"]?.S === "COMPLETED") return;
    const payload = Number(effects.get(`put ${state.key}`)?.["payload"]?.N);
    if (after["fingerprint"]?.S !== fingerprint({ key: state.key, payload }, systemHost.sha256)) {
      complaints.push(`I7, R3: the effects of ${state.key} are not those of the payload that its record has`);
    }
    commit(state, payload);
  }

  function inserted({ id, before, after }: Change): void {
    if (before) complaints.push(`I1: the item ${id} was changed`);
    const state = byPk.get(after?.[MARK]?.M?.["pk"]?.S ?? "");
    if (state?.key !== id) complaints.push(`IN1: the item ${id} has the mark of key ${state?.key}`);
    if (state) state.format = after?.[MARK]?.M?.["formatVersion"]?.N ?? "none";
    if (state) state.attemptId = after?.[MARK]?.M?.["attemptId"]?.S ?? "";
    if (state && !before) commit(state, Number(after?.["payload"]?.N));
  }

  function judgeKey({ key, committed: payload }: KeyState): void {
    const [put, count] = [effects.get(`put ${key}`), Number(effects.get(`count ${key}`)?.["n"]?.N ?? 0)];
    const expected = payload === undefined ? 0 : 1;
    if (count > 1) complaints.push(`I1: the effects of key ${key} happened ${count} times`);
    if (count !== expected || (put ? 1 : 0) !== expected) {
      complaints.push(`I3: key ${key} is committed ${expected} times, put ${put ? 1 : 0} and counted ${count} times`);
    }
  }

  function written(changes: readonly Change[], writer: number): void {
    for (const { table, id, after } of changes) {
      if (table !== EFFECTS) continue;
      if (after) effects.set(id, after);
      else effects.delete(id);
    }
    const touched = new Set<KeyState>();
    for (const change of changes) {
      if (change.table === JOURNAL) inserted(change);
      if (change.table === RECORDS) {
        recordWritten(change, writer);
        const state = byPk.get(change.id);
        if (state) touched.add(state);
        if (strategy === "insert" && state?.committed !== undefined) {
          complaints.push(`IC4: ${state.key} is inserted, and then rejected`);
        }
      }
      if (change.table !== EFFECTS) continue;
      const state = keys.get(change.id.replace(/^(put|count) /, ""));
      if (state) touched.add(state);
    }
    if (strategy === "insert") return;
    for (const state of touched) judgeKey(state);
    for (const [counter, expected] of Object.entries(totals)) {
      const found = Number(effects.get(counter)?.["n"]?.N ?? 0);
      if (found !== expected) complaints.push(`I1: the shared ${counter} is ${found}, committed are ${expected}`);
    }
  }

  function isCommitted(body: string): boolean {
    const order = orderOf(body);
    const state = order && keys.get(order.key);
    return state?.committed !== undefined && state.committed === order?.payload;
  }

  return {
    keys,
    copies,
    queued,
    complaints,
    records,
    committedKeys: () => committed,
    keyState,
    addCopy(id, body, generation) {
      const copy: Copy = { id, body, generation, sentAtMs: nowMs(), state: "queued", deliveries: 0 };
      copies.set(id, copy);
      queued.add(copy);
      const order = orderOf(body);
      if (order) keyState(order);
    },
    end(copy, state) {
      copy.state = state;
      queued.delete(copy);
    },
    acknowledged(copy) {
      const order = orderOf(copy.body);
      const state = order && keys.get(order.key);
      if (isCommitted(copy.body)) {
        const format = state?.format ?? records.get(state?.pk ?? "")?.["formatVersion"]?.N ?? "1";
        if (format !== "1" && !state?.swept) complaints.push(`P1: ${copy.id} is done by a record that cannot be read`);
        return;
      }
      if (letters.has(copy.id)) return;
      if (state?.committed !== undefined) {
        complaints.push(`I7: ${copy.id} has another payload than its key ${state.key}, and was acknowledged`);
      } else complaints.push(`I2: ${copy.id} was acknowledged, neither committed nor in the dead-letter queue`);
    },
    written,
    swept(pk) {
      records.delete(pk);
      lastRejected.delete(pk);
      const state = byPk.get(pk);
      if (state) state.swept = true;
    },
    reread: (pk, record) => void records.set(pk, record),
    gaveUp: (messageId) => void givenUp.add(messageId),
    rejectedAtMs(messageId, key) {
      return lastRejected.get(keys.get(key)?.pk ?? "") === messageId ? rejected.get(messageId) : undefined;
    },
    deadLettered(id, { messageId = "", code }, body) {
      if (code === "SEMEL_PERMANENT" && !givenUp.has(messageId)) {
        complaints.push(`RE1: ${messageId} was dead-lettered, and its handler never gave it up`);
      }
      if (code === "SEMEL_PERMANENT" && orderOf(body) && !rejected.has(messageId)) {
        complaints.push(`RE2: ${messageId} was dead-lettered, and its rejection is not recorded`);
      }
      letters.add(messageId);
      const from = copies.get(messageId);
      copies.set(id, {
        id,
        body,
        generation: from?.generation ?? 0,
        sentAtMs: nowMs(),
        state: "queued",
        deliveries: 0,
      });
      const copy = copies.get(id);
      if (copy) queued.add(copy);
      if (from?.body !== body) complaints.push(`RJ1: the dead letter of ${messageId} has another body`);
      const order = orderOf(body);
      if (!order) return;
      const state = keyState(order);
      if (isCommitted(body) && !rejected.has(messageId)) {
        complaints.push(`RE4: ${messageId} is done, was never rejected, and was dead-lettered`);
      }
      if (code === "SEMEL_PAYLOAD_MISMATCH" && strategy === "insert" && state.committed === undefined) {
        complaints.push(`IN2: ${messageId} was dead-lettered for another payload, and ${order.key} has none`);
      }
      if (records.has(state.pk) || state.committed !== undefined) return;
      complaints.push(`RE2: ${messageId} was dead-lettered, but nothing is recorded under ${order.key}`);
    },
    answered(order, result) {
      const state = keyState(order);
      if (state.committed === undefined) complaints.push(`R1: ${order.key} was answered, and is not committed`);
      else if (state.committed !== order.payload) complaints.push(`I7: ${order.key} was answered to another payload`);
      if (state.result !== undefined && state.result !== result) {
        complaints.push(`I6: ${order.key} was answered ${result}, and before ${state.result}`);
      }
      state.result = result;
    },
    isCommitted,
    keyOf: (pk) => byPk.get(pk)?.key,
    isLettered: (messageId) => letters.has(messageId),
  };
}
