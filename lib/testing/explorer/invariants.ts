// What must hold in the explored world. Pure: tells what does not, in words that begin with the invariant.

import type { Item } from "../../aws/dynamodb.ts";
import { MARK } from "../../protocol/insert.ts";
import { makerOf } from "./sandbox.ts";

export interface QueueState {
  readonly messageId: string;
  readonly key: string;
  readonly payload?: string;
  /** Id of the message as it was sent first. */
  readonly origin: string;
  /** It was redriven when its key was committed. */
  readonly redundant: boolean;
  readonly deleted: boolean;
}

export interface Snapshot {
  readonly records: ReadonlyMap<string, Item>;
  /** By id. */
  readonly effects: ReadonlyMap<string, Item>;
  /** True: a message's effect is one item, which is its own record. */
  readonly inserts: boolean;
  /** Messages are of one message group, in this order. */
  readonly ordered: boolean;
  readonly queue: readonly QueueState[];
  /** Ids of the messages that are in the dead-letter queue, or were, and why. */
  readonly deadLetters: ReadonlyMap<string, string>;
  /** Messages whose rejection gave way to that of another one. */
  readonly forgotten: ReadonlySet<string>;
  /** Partition key of the record of a key. */
  readonly pkOf: (key: string) => string;
}

export function complaintsAbout(snapshot: Snapshot): string[] {
  const { inserts, ordered, queue } = snapshot;
  const effects = inserts ? complaintsAboutItems(snapshot) : complaintsAboutCounts(snapshot);
  const order = ordered ? complaintsAboutOrder(snapshot) : [];
  return [...effects, ...queue.flatMap((one) => complaintsAboutMessage(one, snapshot)), ...lost(snapshot), ...order];
}

/** I1: effects of a key happen at most once. I3: a COMPLETED record exactly where its effects are. I7: they are of its payload. */
function complaintsAboutCounts(snapshot: Snapshot): string[] {
  const { records, effects, queue, pkOf } = snapshot;
  const complaints: string[] = [];
  const keys = new Set(queue.map(({ key }) => key));
  const committed = [...keys].filter((key) => statusOf(records.get(pkOf(key))) === "COMPLETED");
  for (const key of keys) {
    const [puts, count] = [effects.has(`put ${key}`) ? 1 : 0, numberIn(effects, `count ${key}`)];
    const expected = committed.includes(key) ? 1 : 0;
    if (count > 1) complaints.push(`I1: the effects of key ${key} happened ${count} times`);
    if (puts !== expected || count !== expected) {
      const status = statusOf(records.get(pkOf(key))) ?? "not there";
      complaints.push(`I3: the record of key ${key} is ${status}, and it was put ${puts} and counted ${count} times`);
    }
    const [written, own] = [effects.get(`put ${key}`)?.["payload"]?.S, committerOf(key, snapshot)?.payload];
    if (puts > 0 && written !== own) complaints.push(`I7: key ${key} is committed as ${own}, and ${written} was put`);
  }
  const shared = numberIn(effects, "shared");
  if (shared !== committed.length) {
    complaints.push(`I1: the item that all keys add to says ${shared}, committed are ${committed.length}`);
  }
  return complaints;
}

/** I1: an item for each key at most, and none that nobody sent. IN2: its mark is of that key, and of one of its messages. */
function complaintsAboutItems({ effects, queue, pkOf }: Snapshot): string[] {
  return [...effects].flatMap(([id, item]) => {
    const mark = item[MARK]?.M ?? {};
    const sent = queue.filter(({ key }) => key === id);
    if (sent.length === 0) return [`I1: nobody sent ${id}, and it is inserted`];
    const isRight = mark["pk"]?.S === pkOf(id) && sent.some(({ messageId }) => messageId === mark["messageId"]?.S);
    return isRight ? [] : [`IN2: the mark of item ${id} is ${JSON.stringify(mark)}`];
  });
}

/**
 * I2: deleted only if committed, or rejected and in the dead-letter queue. I7: committed is a message only with its own payload.
 * P4: what was rejected does not commit; an insert that was under way may (IC4). I9: what is redriven after its commit changes
 * nothing, and is not rejected once more.
 */
function complaintsAboutMessage(
  { messageId, key, deleted, payload, redundant }: QueueState,
  snapshot: Snapshot,
): string[] {
  const { records, inserts, deadLetters, pkOf } = snapshot;
  const complaints: string[] = [];
  const committer = committerOf(key, snapshot);
  const isCommitted = committer !== undefined && committer.payload === payload;
  const isOther = committer !== undefined && !isCommitted;
  const why = deadLetters.get(messageId);
  const isRejected = why !== undefined && statusOf(records.get(pkOf(key))) === "REJECTED";
  if (deleted && isOther && why === undefined) {
    complaints.push(`I7: message ${messageId} is deleted, but its key ${key} is committed with another payload`);
  } else if (deleted && !isCommitted && !isOther && !isRejected) {
    complaints.push(`I2: message ${messageId} is deleted, but neither committed nor rejected and dead-lettered`);
  }
  if (why === "SEMEL_PAYLOAD_MISMATCH" && !isOther) {
    complaints.push(
      `I7: message ${messageId} was rejected for its payload, and nothing else is committed under ${key}`,
    );
  }
  // A record remembers one rejection: that of another message of its key makes it forget the first. It is flagged (I9).
  const isForgotten = snapshot.forgotten.has(messageId);
  if (!inserts && committer?.messageId === messageId && why !== undefined && !isForgotten) {
    complaints.push(`P4: message ${messageId} was rejected, and committed its key ${key}`);
  }
  if (redundant && !isCommitted)
    complaints.push(`I9: ${messageId} was redriven when ${key} was committed, and now it is not`);
  if (redundant && why !== undefined) {
    complaints.push(`I9: ${messageId} was redriven when ${key} was committed, and is a dead letter again`);
  }
  return complaints;
}

/** I8: whatever was sent is committed, in the dead-letter queue, or in flight. */
function lost(snapshot: Snapshot): string[] {
  const { deadLetters, queue } = snapshot;
  const sent = Map.groupBy(queue, ({ origin }) => origin);
  return [...sent].flatMap(([origin, copies]) => {
    const inFlight = copies.some(({ deleted }) => !deleted);
    const isLast = (index: number): boolean => index === copies.length - 1; // the others were redriven
    const isDead = copies.some(({ messageId }, index) => isLast(index) && deadLetters.has(messageId));
    const isCommitted = copies.some(({ key, payload }) => committerOf(key, snapshot, payload) !== undefined);
    return inFlight || isDead || isCommitted
      ? []
      : [`I8: ${origin} is neither committed, nor dead-lettered, nor in flight`];
  });
}

/** I10: the effects of a message group are in its order, without a gap but for dead letters; so are the deletions. */
function complaintsAboutOrder(snapshot: Snapshot): string[] {
  const { deadLetters, effects, queue } = snapshot;
  return queue.slice(1).flatMap(({ key, messageId, deleted }, index) => {
    const before = queue[index];
    if (before === undefined) return [];
    const complaints: string[] = [];
    const isCommitted = committerOf(key, snapshot) !== undefined;
    const wasCommitted = committerOf(before.key, snapshot) !== undefined;
    const settled = wasCommitted || deadLetters.has(before.messageId);
    if (isCommitted && !settled)
      complaints.push(`I10: ${messageId} is committed before ${before.messageId} is settled`);
    if (deleted && !before.deleted) complaints.push(`I10: ${messageId} is deleted before ${before.messageId}`);
    const [first, second] = [numberIn(effects, `put ${before.key}`), numberIn(effects, `put ${key}`)];
    if (isCommitted && wasCommitted && second <= first) {
      complaints.push(`I10: ${messageId} read ${second - 1}, and ${before.messageId} before it ${first - 1}`);
    }
    return complaints;
  });
}

/** Is it committed, or in the dead-letter queue with its rejection? */
export function isSettled({ key, messageId }: QueueState, snapshot: Snapshot): boolean {
  return committerOf(key, snapshot) !== undefined || snapshot.deadLetters.has(messageId);
}

/** I9: dead letters whose effect is there. */
export function committedDeadLetters(snapshot: Snapshot): string[] {
  const { deadLetters, queue } = snapshot;
  return queue
    .filter(({ key, messageId, payload }) => deadLetters.has(messageId) && committerOf(key, snapshot, payload))
    .map(({ messageId }) => messageId);
}

interface Committer {
  readonly messageId: string | undefined;
  readonly payload: string | undefined;
}

/** The message whose effects are there; with a payload: only if it is that one. */
export function committerOf(
  key: string,
  { records, effects, inserts, pkOf, queue }: Snapshot,
  payload?: string,
): Committer | undefined {
  const found = inserts ? effects.get(key)?.[MARK]?.M : records.get(pkOf(key));
  if (found === undefined || (!inserts && statusOf(found) !== "COMPLETED")) return undefined;
  const messageId = found["messageId"]?.S;
  const own = queue.find((one) => one.messageId === messageId)?.payload;
  return payload === undefined || payload === own ? { messageId, payload: own } : undefined;
}

/**
 * I1: an item that is there is never changed. IC4: no rejection is recorded where its key's item is. I4: nobody inserts in
 * another's name.
 */
export function complaintsAboutInsert(before: TableState, after: TableState, writer: number): string[] {
  const complaints: string[] = [];
  for (const [id, item] of before.effects) {
    if (JSON.stringify(after.effects.get(id)) !== JSON.stringify(item))
      complaints.push(`I1: the item ${id} was changed`);
  }
  for (const [id, item] of after.effects) {
    const { pk, attemptId } = item[MARK]?.M ?? {};
    const record = after.records.get(pk?.S ?? "");
    if (record && JSON.stringify(record) !== JSON.stringify(before.records.get(pk?.S ?? "")))
      complaints.push(`IC4: ${id} is inserted, and its record becomes ${statusOf(record)}`);
    const maker = makerOf(attemptId?.S ?? "");
    if (!before.effects.has(id) && maker !== writer)
      complaints.push(`I4: sandbox ${writer} inserted ${id} in the name of sandbox ${maker}`);
  }
  return complaints;
}

interface TableState {
  readonly effects: ReadonlyMap<string, Item>;
  readonly records: ReadonlyMap<string, Item>;
}

function statusOf(record: Item | undefined): string | undefined {
  return record?.["status"]?.S;
}

function numberIn(effects: ReadonlyMap<string, Item>, id: string): number {
  return Number(effects.get(id)?.["n"]?.N ?? 0);
}

/**
 * I5: the life of a record. NONE -> IN_PROGRESS or the end; IN_PROGRESS -> RELEASED or the end, by its owner; anything that is
 * not COMPLETED -> the next acquisition; COMPLETED stays. I4: nobody but the owner changes what is owned, and each
 * acquisition raises the fencing token. CL4: steps are kept until the key is committed. `writer` is the sandbox that made the request.
 */
export function complaintsAboutWrite(before: Item | undefined, after: Item | undefined, writer: number): string[] {
  if (after === undefined) return before ? ["I5: a record was deleted"] : [];
  const [was, is] = [before && terms(before), terms(after)];
  if (is.maker !== writer) return [`I4: sandbox ${writer} wrote a record in the name of sandbox ${is.maker}`];
  if (!was) return [];
  const forgotten = is.status === "COMPLETED" ? [] : was.steps.filter((step) => !is.steps.includes(step));
  if (forgotten.length > 0) return [`CL4: the record became ${is.status}, and forgot its step ${forgotten.join(", ")}`];
  if (is.position < was.position) return [`I5: a watermark went back from ${was.position} to ${is.position}`];
  if (was.status === "COMPLETED") return [`I5: a COMPLETED record was changed to ${is.status}`];
  if (is.attemptId !== was.attemptId) return complaintsAboutSuccessor(was, is);
  if (is.token !== was.token) return ["I4: a record got another fencing token, but no other owner"];
  if (was.status !== "IN_PROGRESS")
    return [`I5: a ${was.status} record was changed to ${is.status} by its own attempt`];
  return [];
}

function complaintsAboutSuccessor(was: Terms, is: Terms): string[] {
  if (was.status === "REJECTED" && is.messageId === was.messageId) {
    return [`P4: a rejection gave way to the message that it rejected, now ${is.status}`];
  }
  const unclaimed = was.token === undefined && is.token === undefined;
  if (unclaimed || (is.status === "IN_PROGRESS" && is.token === (was.token ?? 0) + 1)) return [];
  return [`I4: a ${was.status} record with fencing token ${was.token} became ${is.status} with ${is.token}`];
}

interface Terms {
  readonly status: string | undefined;
  readonly attemptId: string;
  readonly maker: number;
  readonly messageId: string | undefined;
  readonly token: number | undefined;
  readonly steps: readonly string[];
  /** Of a watermark. */
  readonly position: string;
}

function terms(record: Item): Terms {
  const { status, attemptId, messageId, fencingToken, steps, position } = record;
  const id = attemptId?.S ?? "";
  const token = fencingToken?.N === undefined ? undefined : Number(fencingToken.N);
  return {
    status: status?.S,
    attemptId: id,
    maker: makerOf(id),
    messageId: messageId?.S,
    token,
    steps: Object.keys(steps?.M ?? {}),
    position: position?.S ?? "",
  };
}
