// Mistakes in group commit: several messages in one transaction.

import type { Mutant } from "../mutant.ts";

const PACKING = "lib/protocol/group-commit.ts";
const COMMITTER = "lib/store/group-committer.ts";
const TRANSACTION = "lib/store/group-transaction.ts";

export const GROUP_MUTANTS: readonly Mutant[] = [
  {
    name: "a fold that keeps a duplicate's share",
    file: COMMITTER,
    find: `entries.map((entry, index) => judge(entry, answers[index] ?? { kind: "innocent" }, transaction)); // GL1`,
    replace: `entries.map((entry, index) => {
        const gone = entries.filter((_, other) => answers[other]?.kind === "recordExists");
        const left = gone.flatMap(({ parts }) => parts.free);
        const parts = { ...entry.parts, free: [...entry.parts.free, ...left] };
        return judge({ ...entry, parts }, answers[index] ?? { kind: "innocent" }, transaction);
      });`,
    caughtBy: ["simulation/groups.test.ts", "consumer/group-commit.test.ts"],
  },
  {
    name: "a fold across messages that drops an increment",
    file: TRANSACTION,
    find: "foldIncrements(fold.map(",
    replace: "foldIncrements(fold.slice(0, 1).map(",
    caughtBy: ["simulation/groups.test.ts", "consumer/group-commit.test.ts", "store/group-transaction.test.ts"],
  },
  {
    name: "a conditional increment that folds: its item is guarded",
    file: PACKING,
    find: " && !isGuarded(effect)",
    replace: "",
    caughtBy: ["protocol/group-commit.test.ts"],
  },
  {
    name: "an item twice in one group: two writes (GC2)",
    file: PACKING,
    find: "!touches(candidate, exclusive) && // GC2",
    replace: "",
    caughtBy: ["protocol/group-commit.test.ts"],
  },
  {
    name: "an item twice in one group: a write and a fold (GC2)",
    file: PACKING,
    find: "!candidate.exclusive.some((item) => increments.has(item));",
    replace: "true;",
    caughtBy: ["protocol/group-commit.test.ts"],
  },
  {
    name: "an item in two transactions under way (GC3)",
    file: PACKING,
    find: "if (touches(candidate, busy)) continue;",
    replace: "",
    caughtBy: ["protocol/group-commit.test.ts", "consumer/group-commit.test.ts"],
  },
  {
    name: "a group of more than 100 actions",
    file: PACKING,
    find: "const actionsMax = Math.min(limits.actionsMax, TRANSACTION_ACTIONS_MAX);",
    replace: "const actionsMax = limits.actionsMax * 2;",
    caughtBy: ["protocol/group-commit.test.ts"],
  },
  {
    name: "one member's failure fails the innocent (GL1, GT2)",
    file: COMMITTER,
    find: `goAgain(entry, answer.kind === "suspect");`,
    replace: `entry.settle({ kind: "conflict" });`,
    caughtBy: ["consumer/group-commit.test.ts"],
  },
  {
    name: "an innocent member taken for done",
    file: TRANSACTION,
    find: `return { kind: "innocent" }; // GT2`,
    replace: `return { kind: "applied" }; // GT2`,
    caughtBy: ["simulation/groups.test.ts", "store/group-transaction.test.ts", "consumer/group-commit.test.ts"],
  },
  {
    name: "a failed fold blamed on one member (GT3)",
    file: TRANSACTION,
    find: `return { kind: "suspect" }; // GT3`,
    replace: `return { kind: "refused", cause: "a fold" }; // GT3`,
    caughtBy: ["store/group-transaction.test.ts"],
  },
  {
    name: "a group without an answer is taken apart (GL2)",
    file: COMMITTER,
    find: `if (first?.kind !== "unknown" && first?.kind !== "inProgress") return`,
    replace: `if (first !== undefined) return`,
    caughtBy: ["consumer/group-commit.test.ts"],
  },
  {
    name: "an open try forgotten when the group is taken apart (GL3)",
    file: COMMITTER,
    find: "settle(withOpenTries(outcome, progress.openTries)); // GL3",
    replace: "settle(outcome); // GL3",
    caughtBy: ["consumer/group-commit.test.ts"],
  },
  {
    name: "un-awaited group commit: its members are told before its answer",
    file: COMMITTER,
    find: "await store.transact(transaction.actions, token, control);",
    replace: "void store.transact(transaction.actions, token, control).catch(() => {});",
    caughtBy: ["simulation/groups.test.ts", "consumer/group-commit.test.ts"],
  },
  {
    name: "a group commit after the gate closed",
    file: COMMITTER,
    find: `if (control.timeLeftMs() <= 0) return settleAll(entries, { kind: "outOfTime" });`,
    replace: "",
    caughtBy: ["consumer/gate.test.ts"],
  },
  {
    name: "reuse token for new payload: one token for all groups",
    file: COMMITTER,
    find: "const token = host.randomId();",
    replace: "const token = store.table;",
    caughtBy: ["simulation/groups.test.ts", "consumer/group-commit.test.ts"],
  },
  {
    name: "a group that goes again under a new token (GL2)",
    file: COMMITTER,
    find: "answersOf(transaction, token);",
    replace: "answersOf(transaction, host.randomId());",
    caughtBy: ["consumer/group-commit.test.ts"],
  },
  {
    name: "a group of more than 4 MB",
    file: PACKING,
    find: "bytes + candidate.bytes <= TRANSACTION_BYTES_MAX &&",
    replace: "bytes >= 0 &&",
    caughtBy: ["protocol/group-commit.test.ts"],
  },
  {
    name: "an innocent member goes again without bound",
    file: COMMITTER,
    find: "if (progress.tries >= COMMIT_TRIES_MAX) settleAll",
    replace: "if (progress.tries >= 10 * COMMIT_TRIES_MAX) settleAll",
    caughtBy: ["store/retries.test.ts"],
  },
];
