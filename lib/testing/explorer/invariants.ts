// What must hold in the explored world. Pure: tells what does not, in words that begin with the invariant.

import type { Item } from "../../aws/dynamodb.ts";
import { makerOf } from "./sandbox.ts";

export interface QueueState {
  readonly messageId: string;
  readonly key: string;
  readonly deleted: boolean;
}

export interface Snapshot {
  readonly records: ReadonlyMap<string, Item>;
  /** By id. */
  readonly effects: ReadonlyMap<string, Item>;
  readonly queue: readonly QueueState[];
  /** Ids of the messages that are in the dead-letter queue. */
  readonly deadLetters: ReadonlySet<string>;
  /** Partition key of the record of a key. */
  readonly pkOf: (key: string) => string;
}

/**
 * I1: effects of a key happen at most once. I3: a COMPLETED record exactly where its effects are. I2: deleted only if
 * committed, or rejected and in the dead-letter queue. P4: what was rejected does not commit.
 */
export function complaintsAbout(snapshot: Snapshot): string[] {
  const { records, effects, queue, deadLetters, pkOf } = snapshot;
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
  }
  const shared = numberIn(effects, "shared");
  if (shared !== committed.length) {
    complaints.push(`I1: the item that all keys add to says ${shared}, committed are ${committed.length}`);
  }
  for (const { messageId, key, deleted } of queue) {
    const { status, messageId: rejected } = records.get(pkOf(key)) ?? {};
    const done = committed.includes(key) || (status?.S === "REJECTED" && deadLetters.has(messageId));
    if (deleted && !done) {
      complaints.push(`I2: message ${messageId} is deleted, but neither committed nor rejected and dead-lettered`);
    }
    if (status?.S === "COMPLETED" && rejected?.S === messageId && deadLetters.has(messageId)) {
      complaints.push(`P4: message ${messageId} was rejected, and committed its key ${key}`);
    }
  }
  return complaints;
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
}

function terms(record: Item): Terms {
  const { status, attemptId, messageId, fencingToken, steps } = record;
  const id = attemptId?.S ?? "";
  const token = fencingToken?.N === undefined ? undefined : Number(fencingToken.N);
  return {
    status: status?.S,
    attemptId: id,
    maker: makerOf(id),
    messageId: messageId?.S,
    token,
    steps: Object.keys(steps?.M ?? {}),
  };
}
