// What must hold in the small world at any time. Throws, or tells, what does not.

import type { Item } from "../../lib/aws/dynamodb.ts";
import { systemHost } from "../../lib/host.ts";
import { recordKey } from "../../lib/protocol/key.ts";
import type { MemoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import { failureOf, type MemoryQueue } from "../support/memory-queue.ts";

/** Messages of these keys read and write one guarded item; those of all others add to one shared counter. */
export function isGuarded(key: string): boolean {
  return key < "c";
}

/** Ids of the messages that are in the dead-letter queue. */
export function rejectedIn({ deadLetters }: MemoryQueue): ReadonlySet<string> {
  return new Set(deadLetters.map((letter) => (failureOf(letter) as { messageId: string }).messageId));
}

/** RE2: a key's record is there before one of its messages is in the dead-letter queue. */
export function complaintsOf(memory: MemoryDynamoDb, body: string): string[] {
  const { key } = JSON.parse(body) as { key: string };
  return recordOf(memory, key) ? [] : [`RE2: a message of key ${key} was sent, but nothing is recorded`];
}

function recordOf(memory: MemoryDynamoDb, key: string): Item | undefined {
  const pk = recordKey("orders", JSON.stringify(key), systemHost.sha256);
  return memory.items("Records").find((item) => item["pk"]?.S === pk);
}

/**
 * I1: at most once. I2: acknowledged only if committed, or rejected and in the dead-letter queue. I3: a COMPLETED record
 * exactly where its effects are. P4: a message that was rejected commits nothing (unless another one of its key
 * is rejected after it, which frees the key).
 */
export function check(
  memory: MemoryDynamoDb,
  acknowledged: ReadonlySet<string>,
  keys: ReadonlyMap<string, string>,
  rejected: ReadonlySet<string>,
  gaveUp: ReadonlySet<string>,
): void {
  const effects = new Map(memory.items("Effects").map((item) => [item["id"]?.S ?? "", Number(item["n"]?.N ?? 1)]));
  const records = memory.items("Records").filter(({ status }) => status?.S === "COMPLETED").length;
  const distinct = new Set(keys.values());
  const committed = [...distinct].filter((key) => effects.has(`put ${key}`));
  for (const key of distinct) {
    const count = effects.get(`count ${key}`) ?? 0;
    const expected = committed.includes(key) ? 1 : 0;
    if (count !== expected) throw new Error(`I1, I3: key ${key} was put ${expected} and counted ${count} times`);
  }
  if (records !== committed.length) throw new Error(`I3: ${records} records, ${committed.length} committed keys`);
  const guarded = committed.filter(isGuarded).length;
  const [sum, hot] = [effects.get("sum") ?? 0, effects.get("hot") ?? 0];
  if (sum !== guarded) throw new Error(`I1: the guarded sum is ${sum}, committed are ${guarded}`);
  const folded = committed.length - guarded;
  if (hot !== folded) throw new Error(`I1: the shared counter is ${hot}, committed are ${folded}`);
  for (const messageId of acknowledged) {
    const key = keys.get(messageId) ?? "";
    if (committed.includes(key) || rejected.has(messageId)) continue;
    throw new Error(`I2: ${messageId} was acknowledged, but ${key} is not committed, and it was not rejected`);
  }
  for (const key of distinct) {
    const { status, messageId } = recordOf(memory, key) ?? {};
    const others = [...gaveUp].filter((id) => id !== messageId?.S && keys.get(id) === key);
    if (status?.S === "COMPLETED" && rejected.has(messageId?.S ?? "") && others.length === 0)
      throw new Error(`P4: ${messageId?.S} was rejected, and committed ${key}`);
  }
}
