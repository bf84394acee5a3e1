// Mistakes in what is remembered, kept and read: direct invocations and their results, the cache of committed keys, the read of
// redelivered messages' records.

import type { Mutant } from "../mutant.ts";

const CACHE = "lib/store/committed-keys.ts";
const READER = "lib/store/record-reader.ts";
const RESULTS = "lib/store/results.ts";
const ONCE = "lib/consumer/process-once.ts";
const MESSAGE = "lib/consumer/process-message.ts";
const DIRECT = "lib/sources/direct.ts";

export const RESULT_MUTANTS: readonly Mutant[] = [
  {
    name: "cache of committed keys filled before the acknowledgement (CK1)",
    file: MESSAGE,
    find: "const outcome = (await knownBefore(prepared, context)) ?? (await run(prepared, context));",
    replace: `const known = await knownBefore(prepared, context);
  if (!known) context.committed.add({ pk: prepared.pk, fingerprint: prepared.fingerprint, expiresAtSeconds: 9e9 });
  const outcome = known ?? (await run(prepared, context));`,
    caughtBy: ["store/committed-keys.test.ts"],
  },
  {
    name: "cache of committed keys ignores the fingerprint (I7)",
    file: CACHE,
    find: "return entry.fingerprint === fingerprint;",
    replace: "return true;",
    caughtBy: ["store/committed-keys.test.ts"],
  },
  {
    name: "cache of committed keys outlives the record (CK2)",
    file: CACHE,
    find: "if (nowMs >= entry.expiresAtSeconds * 1000) return false;",
    replace: "",
    caughtBy: ["store/committed-keys.test.ts"],
  },
  {
    name: "cache of committed keys grows without a bound",
    file: CACHE,
    find: "if (!oldest.done) entries.delete(oldest.value);",
    replace: "void oldest;",
    caughtBy: ["store/committed-keys.test.ts"],
  },
  {
    name: "cache of committed keys forgets the oldest, not the longest unused",
    file: CACHE,
    find: `      entries.delete(pk);
      if (nowMs`,
    replace: "      if (nowMs",
    caughtBy: ["store/committed-keys.test.ts"],
  },
  {
    name: "a remembered key answers where the result is asked for (O1)",
    file: MESSAGE,
    find: "if (!context.storeResult && committed.has(",
    replace: "if (committed.has(",
    caughtBy: ["store/committed-keys.test.ts"],
  },
  {
    name: "batched read eventually consistent",
    file: "lib/store/batch-get.ts",
    find: "ConsistentRead: true",
    replace: "ConsistentRead: false",
    caughtBy: ["store/record-reader.test.ts"],
  },
  {
    name: "unprocessed key taken for absent",
    file: READER,
    find: "if (!item && later.has(pk)) unread.set(pk, askers);",
    replace: `if (!item && later.has("")) unread.set(pk, askers);`,
    caughtBy: ["store/record-reader.test.ts"],
  },
  {
    name: "a batched read of more than 100 keys",
    file: READER,
    find: "all.slice(first, first + BATCH_GET_ITEMS_MAX)",
    replace: "first === 0 ? all : []",
    caughtBy: ["store/record-reader.test.ts"],
  },
  {
    name: "a failed read of a redelivered message's record fails the message",
    file: MESSAGE,
    find: `} catch {
    return undefined;
  }`,
    replace: `} catch (error) {
    throw error;
  }`,
    caughtBy: ["store/record-reader.test.ts"],
  },
  {
    name: "a rejection of another message found before the run stops this one (P4)",
    file: MESSAGE,
    find: "if (!found || !standsInTheWay(found, { ...intended, committedAtMs: host.nowMs() })) return undefined;",
    replace: "if (!found) return undefined;",
    caughtBy: ["store/record-reader.test.ts"],
  },
  {
    name: "result of the loser returned (I6)",
    file: "lib/consumer/run.ts",
    find: `if (outcome.kind !== "committed") return outcome;`,
    replace: `if (outcome.kind === "duplicate") return { kind: "committed", record, returned: result };
    if (outcome.kind !== "committed") return outcome;`,
    caughtBy: ["consumer/once.test.ts", "consumer/once-outcomes.test.ts", "consumer/once-schedules.test.ts"],
  },
  {
    name: "duplicate answered without its result (O1)",
    file: ONCE,
    find: "return outcome.record && resultOf(outcome.record);",
    replace: "return undefined;",
    caughtBy: ["consumer/once.test.ts", "consumer/once-outcomes.test.ts", "store/results.test.ts"],
  },
  {
    name: "the first one answered with more than a duplicate gets (O1)",
    file: ONCE,
    find: "return storeResult ? outcome.record && resultOf(outcome.record) : outcome.returned;",
    replace: "return outcome.returned;",
    caughtBy: ["consumer/once.test.ts"],
  },
  {
    name: "a duplicate whose handler fails gets the failure (O1)",
    file: ONCE,
    find: `if (verdict?.kind === "duplicate") return verdict;`,
    replace: "",
    caughtBy: ["consumer/once.test.ts", "consumer/once-outcomes.test.ts"],
  },
  {
    name: "what the handler of a direct invocation threw is wrapped (O2)",
    file: ONCE,
    find: "throw thrownBy(outcome.error, thrown);",
    replace: "throw outcome.error;",
    caughtBy: ["consumer/once.test.ts"],
  },
  {
    name: "a direct invocation waits beyond its deadline (O3)",
    file: ONCE,
    find: "await Promise.race([answerOf(call, { deadline, observer, shell }), overAt(deadline.answer)])",
    replace: "await answerOf(call, { deadline, observer, shell })",
    also: [{ file: ONCE, find: "/** O3 */", replace: "void overAt;" }],
    caughtBy: ["consumer/once-outcomes.test.ts"],
  },
  {
    name: "a result is flattened silently (RS1)",
    file: "lib/protocol/kept-json.ts",
    find: `  refuseFlattened(value);
  const json`,
    replace: "  const json",
    caughtBy: ["store/results.test.ts", "consumer/steps.test.ts"],
  },
  {
    name: "a result deflated where it saves nothing",
    file: RESULTS,
    find: "const saves =",
    replace: "const saves = deflatedBytes > 0 ||",
    caughtBy: ["store/results.test.ts"],
  },
  {
    name: "a result beyond an item's size is sent all the same",
    file: RESULTS,
    find: "if (bytes <= ITEM_BYTES_MAX) return chosen;",
    replace: "if (bytes > 0) return chosen;",
    caughtBy: ["store/results.test.ts"],
  },
  {
    name: "the size of a claim's end without what the claim leaves",
    file: RESULTS,
    find: "record.fencingToken === undefined ? {} :",
    replace: "record.fencingToken !== 0 ? {} :",
    caughtBy: ["store/results.test.ts"],
  },
  {
    name: "a direct invocation runs again on the event that its first run changed (R3)",
    file: DIRECT,
    find: "decode: () => copyOf(event, new Map())",
    replace: "decode: () => event",
    caughtBy: ["sources/direct.test.ts", "consumer/once-outcomes.test.ts"],
  },
  {
    name: "the header of the key told by its case",
    file: DIRECT,
    find: "header.toLowerCase() === name.toLowerCase()",
    replace: "header === name",
    caughtBy: ["sources/direct.test.ts", "consumer/once.test.ts"],
  },
  {
    name: "a request sent again taken for another (its time and id fingerprinted)",
    file: DIRECT,
    find: `if (typeof method !== "string") return event;`,
    replace: `if (method !== "") return event;`,
    caughtBy: ["sources/direct.test.ts", "consumer/once.test.ts"],
  },
  {
    name: "of a query with several values of a name only the last fingerprinted (I7)",
    file: DIRECT,
    find: `fieldOf(event, "multiValueQueryStringParameters") ?? fieldOf(event, "queryStringParameters")`,
    replace: `fieldOf(event, "queryStringParameters")`,
    caughtBy: ["sources/direct.test.ts"],
  },
];
