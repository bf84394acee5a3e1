// Mistakes in strategy insert: the item that is its own record.

import type { Mutant } from "../mutant.ts";

const INSERT = "lib/protocol/insert.ts";
const REQUESTS = "lib/store/insert-requests.ts";
const COMMITTER = "lib/store/insert-committer.ts";

export const INSERT_MUTANTS: readonly Mutant[] = [
  {
    name: "a put without its condition (IQ1)",
    file: REQUESTS,
    find: `const { condition = "", names } = absenceOf(Object.keys(key)[0] ?? "");`,
    replace: `const { names } = absenceOf(Object.keys(key)[0] ?? "");
  const condition = "attribute_exists(#semelKey) OR attribute_not_exists(#semelKey)";`,
    caughtBy: ["store/insert-committer.test.ts", "consumer/insert.test.ts", "simulation/inserts.test.ts"],
  },
  {
    name: "a failed statement taken for done (IQ2)",
    file: REQUESTS,
    find: `(error === undefined ? { kind: "applied" } : statementAnswer(error))`,
    replace: `(error === undefined || statementAnswer(error) !== undefined ? { kind: "applied" } : { kind: "suspect" })`,
    caughtBy: ["store/insert-committer.test.ts", "consumer/insert.test.ts", "simulation/inserts.test.ts"],
  },
  {
    name: "answers taken by position where one is missing (IQ2)",
    file: REQUESTS,
    find: "if (Responses?.length !== statements) {",
    replace: "if (Responses === undefined) {",
    caughtBy: ["store/insert-committer.test.ts"],
  },
  {
    name: "a call without an answer taken for not done (IQ3)",
    file: REQUESTS,
    find: `return answer.kind === "refused" ? { kind: "suspect" } : answer;`,
    replace: `return answer.kind === "unknown" ? { kind: "refused", cause: error } : answer;`,
    caughtBy: ["store/insert-committer.test.ts"],
  },
  {
    name: "a statement that failed for an unknown reason taken for refused (IQ3)",
    file: REQUESTS,
    find: `      return { kind: "unknown", cause: named(code, message) }; // IQ3`,
    replace: `      return { kind: "refused", cause: named(code, message) };`,
    caughtBy: ["store/insert-committer.test.ts"],
  },
  {
    name: "the item of another key taken for this one's (IN2)",
    file: INSERT,
    find: `if (pk?.S !== own.pk) return { kind: "foreign" }; // IN2`,
    replace: "",
    caughtBy: ["protocol/insert.test.ts", "consumer/insert.test.ts"],
  },
  {
    name: "an item without a mark taken for done (IN2)",
    file: INSERT,
    find: `if (mark === undefined || formatVersion === undefined) return { kind: "foreign" }; // IN2`,
    replace: `if (mark === undefined || formatVersion === undefined) return { kind: "ours" };`,
    caughtBy: ["protocol/insert.test.ts", "store/insert-committer.test.ts", "consumer/insert.test.ts"],
  },
  {
    name: "a mark of a newer format taken for one of ours (IN2)",
    file: INSERT,
    find: "if (formatVersion !== MARK_FORMAT_VERSION) return unreadable; // IN2",
    replace: "",
    caughtBy: ["protocol/insert.test.ts"],
  },
  {
    name: "an item that is gone taken for a duplicate (IN3)",
    file: INSERT,
    find: `if (found === undefined) return { kind: "gone" }; // IN3`,
    replace: `if (found === undefined) return { kind: "ours" };`,
    caughtBy: ["protocol/insert.test.ts", "store/insert-committer.test.ts", "consumer/insert.test.ts"],
  },
  {
    name: "an item that is gone is inserted again by the next delivery (IN3)",
    file: INSERT,
    find: "      if (openTries) return {",
    replace: `      if (!openTries) return { kind: "conflict" };
      if (openTries) return {`,
    caughtBy: ["protocol/insert.test.ts", "store/insert-committer.test.ts", "consumer/insert.test.ts"],
  },
  {
    name: "another payload taken for a duplicate",
    file: INSERT,
    find: `if (fingerprint.S !== own.fingerprint) return { kind: "payloadMismatch", committedAtMs };`,
    replace: "",
    caughtBy: ["protocol/insert.test.ts", "store/insert-committer.test.ts", "consumer/insert.test.ts"],
  },
  {
    name: "a key attribute that the handler makes up (IN1)",
    file: INSERT,
    find: `if (own === undefined || itemId("", { [name]: own }) === itemId("", { [name]: value })) continue;`,
    replace: "if (own === undefined || value !== undefined) continue;",
    caughtBy: ["protocol/insert.test.ts", "consumer/insert.test.ts"],
  },
  {
    name: "a primary key that is not a function of the idempotency key (IN1)",
    file: INSERT,
    find: `if (itemId("", first) === itemId("", second)) return first;`,
    replace: `if (itemId("", first) !== "" || second) return first;`,
    caughtBy: ["protocol/insert.test.ts", "consumer/insert.test.ts"],
  },
  {
    name: "a part of the primary key for the whole (IN1)",
    file: INSERT,
    find: "if (names.length === keyNames.length && names.every((name) => keyNames.includes(name))) return key;",
    replace: "if (names.some((name) => keyNames.includes(name))) return key;",
    caughtBy: ["protocol/insert.test.ts", "store/insert-faults.test.ts"],
  },
  {
    name: "an effect beside the insert that is dropped",
    file: INSERT,
    find: "if (effect && isInsert(effect) && more.length === 0 && guards.length === 0) {",
    replace: "if (effect && isInsert(effect)) {",
    caughtBy: ["protocol/insert.test.ts", "consumer/insert.test.ts"],
  },
  {
    name: "a weak read of what was in the way",
    file: "lib/store/batch-get.ts",
    find: "Keys: [...keys], ConsistentRead: true",
    replace: "Keys: [...keys], ConsistentRead: false",
    caughtBy: ["store/insert-committer.test.ts"],
  },
  {
    name: "one item twice in a call (IC3)",
    file: "lib/store/statement-calls.ts",
    find: "if (write.alone || ids.has(write.id)) continue; // CA1",
    replace: "if (write.alone) continue;",
    caughtBy: ["store/insert-committer.test.ts"],
  },
  {
    name: "an open try forgotten when the time is up",
    file: COMMITTER,
    find: "settle(progress.openTries ? OPEN : outcome);",
    replace: "settle(progress.tries > 1_000 ? OPEN : outcome);",
    caughtBy: ["store/insert-faults.test.ts"],
  },
  {
    name: "a read that failed taken for an item that is gone",
    file: COMMITTER,
    find: "      for (const entry of unseen) seen.delete(entry);",
    replace: "",
    also: [
      { file: COMMITTER, find: `      settleAll(unseen, { kind: "unknown", cause });`, replace: "      void cause;" },
    ],
    caughtBy: ["store/insert-committer.test.ts"],
  },
  {
    name: "a rejection without the check that nothing is inserted (IC4)",
    file: COMMITTER,
    find: "{ ...message, effects: [check] }",
    replace: "{ ...message, effects: check ? [] : [] }",
    caughtBy: ["store/insert-committer.test.ts", "consumer/insert.test.ts", "simulation/inserts.test.ts"],
  },
  {
    name: "what is inserted is rejected all the same (IC4)",
    file: COMMITTER,
    find: `      case "foreign":
        return store.commit(message, control);`,
    replace: `      case "duplicate":
      case "foreign":
        return store.commit(message, control);`,
    caughtBy: ["store/insert-committer.test.ts", "consumer/insert.test.ts", "simulation/inserts.test.ts"],
  },
  {
    name: "tx.insert beside a record, without its condition",
    file: "lib/store/transaction.ts",
    find: "return { ...effect, expressions: absenceOf(name) };",
    replace: "return effect;",
    caughtBy: ["consumer/insert.test.ts"],
  },
  {
    name: "a grant that may delete what was inserted",
    file: "lib/constructs/grants.ts",
    find: "INSERT_ACTIONS: readonly string[] = [",
    replace: `INSERT_ACTIONS: readonly string[] = [
  "dynamodb:DeleteItem",`,
    caughtBy: ["constructs/grants.test.ts", "constructs/granted-actions.test.ts"],
  },
];
