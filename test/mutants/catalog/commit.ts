// Mistakes in the one transaction, and in what its answers are taken for.
//
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are code.

import type { Mutant } from "../mutant.ts";

const STORE = "lib/store/record-store.ts";
const COMMIT = "lib/protocol/commit.ts";
const ANSWERS = "lib/store/answers.ts";
const SEND = `await sendInTime({ operation: "TransactWriteItems", input }, control);`;

export const COMMIT_MUTANTS: readonly Mutant[] = [
  {
    name: "effect not in the same transaction as the record: the effects first",
    file: STORE,
    find: SEND,
    replace: `for (const some of [actions.slice(1), actions.slice(0, 1)])
        if (some.length > 0) await sendInTime({ operation: "TransactWriteItems", input: { TransactItems: some } }, control);`,
    caughtBy: ["simulation/schedules.test.ts", "consumer/commit.test.ts"],
  },
  {
    name: "effect not in the same transaction as the record: the record first",
    file: STORE,
    find: SEND,
    replace: `for (const some of [actions.slice(0, 1), actions.slice(1)])
        if (some.length > 0) await sendInTime({ operation: "TransactWriteItems", input: { TransactItems: some } }, control);`,
    caughtBy: ["simulation/schedules.test.ts", "consumer/commit.test.ts"],
  },
  {
    name: "commit not conditioned on the record's absence",
    file: "lib/store/transaction.ts",
    find: "const NO_RECORD = `attribute_not_exists(${RECORD_TABLE.partitionKey})`;",
    replace:
      "const NO_RECORD = `attribute_not_exists(${RECORD_TABLE.partitionKey}) OR attribute_exists(${RECORD_TABLE.partitionKey})`;",
    caughtBy: [
      "simulation/schedules.test.ts",
      "store/record-store.test.ts",
      "consumer/commit.test.ts",
      "simulation/explorer.test.ts",
    ],
  },
  {
    name: "conflict treated as duplicate",
    file: COMMIT,
    find: `case "conflict":`,
    replace: `case "conflict":
      return settled({ kind: "duplicate" });`,
    caughtBy: ["simulation/schedules.test.ts", "protocol/commit.test.ts", "consumer/commit.test.ts"],
  },
  {
    name: "conflict reported by cancellation taken for a refusal",
    file: ANSWERS,
    find: `return { kind: "conflict" }; // cancelled`,
    replace: `return { kind: "refused", cause: error }; // cancelled`,
    caughtBy: ["store/answers.test.ts", "consumer/commit.test.ts"],
  },
  {
    name: "user-condition failure treated as duplicate",
    file: COMMIT,
    find: `case "conditionFailed":`,
    replace: `case "conditionFailed":
      return settled({ kind: "duplicate" });`,
    caughtBy: ["simulation/schedules.test.ts", "protocol/commit.test.ts", "consumer/commit.test.ts"],
  },
  {
    name: "user-condition failure taken for the record's",
    file: ANSWERS,
    find: `const record = reasons[RECORD_INDEX];`,
    replace: `const record = reasons.find(({ Code }) => Code === "ConditionalCheckFailed") ?? reasons[RECORD_INDEX];`,
    caughtBy: ["store/answers.test.ts", "consumer/commit.test.ts"],
  },
  {
    name: "user-condition failure beside a conflict on the record taken for the business's",
    file: ANSWERS,
    find: `if (record?.Code === "None") {`,
    replace: `{`,
    caughtBy: ["store/answers.test.ts"],
  },
  {
    name: "user-condition failure believed without a look at the record (C4)",
    file: COMMIT,
    find: `return { kind: "readRecord", answer, progress }; // C4`,
    replace: `return settled({ kind: "conditionFailed", actionIndex: answer.actionIndex, openTries: progress.openTries });`,
    caughtBy: ["protocol/commit.test.ts", "store/retries.test.ts"],
  },
  {
    name: "throttling treated as success",
    file: COMMIT,
    find: `case "throttled":`,
    replace: `case "throttled":
      return settled({ kind: "committed" });`,
    caughtBy: ["protocol/commit.test.ts", "consumer/commit.test.ts"],
  },
  {
    name: "throttling taken for a refusal",
    file: ANSWERS,
    find: `if (THROTTLING_ERRORS.has(name)) return { kind: "throttled" };`,
    replace: `if (THROTTLING_ERRORS.has(name)) return { kind: "refused", cause: error };`,
    caughtBy: ["store/answers.test.ts", "consumer/commit.test.ts"],
  },
  {
    name: "unknown outcome taken for done",
    file: COMMIT,
    find: `case "unknown":`,
    replace: `case "unknown":
      return settled({ kind: "committed" });`,
    caughtBy: [
      "simulation/schedules.test.ts",
      "protocol/commit.test.ts",
      "consumer/commit.test.ts",
      "simulation/explorer.test.ts",
    ],
  },
  {
    name: "transaction in progress taken for done",
    file: COMMIT,
    find: `case "inProgress":`,
    replace: `case "inProgress":
      return settled({ kind: "committed" });`,
    caughtBy: ["protocol/commit.test.ts", "consumer/commit.test.ts"],
  },
  {
    name: "unknown outcome taken for not done (C2)",
    file: COMMIT,
    find: "return progress.openTries ? OPEN : outcome;",
    replace: "return outcome;",
    caughtBy: ["protocol/commit.test.ts"],
  },
  {
    name: "an open try is forgotten after the next answer (C2)",
    file: COMMIT,
    find: "openTries: before.openTries || open",
    replace: "openTries: open",
    caughtBy: ["protocol/commit.test.ts"],
  },
  {
    name: "an error that is not known taken for a refusal (A3)",
    file: ANSWERS,
    find: `\n  return { kind: "unknown", cause: error }; // A3`,
    replace: `\n  return { kind: "refused", cause: error }; // A3`,
    caughtBy: ["store/answers.test.ts", "consumer/commit.test.ts"],
  },
  {
    name: "read-then-decide after timeout: a read that sees nothing stands for not applied",
    file: COMMIT,
    find: "openTries: progress.openTries });",
    replace: "openTries: false });",
    caughtBy: ["protocol/commit.test.ts", "consumer/handlers.test.ts"],
  },
  {
    name: "read-then-decide after timeout: the record is read instead of sending again",
    file: COMMIT,
    find: `case "unknown":`,
    replace: `case "unknown":
      return { kind: "readRecord", answer: { kind: "refused", cause: answer.cause }, progress: before };`,
    caughtBy: ["protocol/commit.test.ts"],
  },
  {
    name: "a read of the record that fails taken for no record",
    file: STORE,
    find: `return { kind: "settled", outcome: { kind: "unknown", cause } };`,
    replace: "return afterRecordRead(undefined, step, record);",
    caughtBy: ["store/retries.test.ts"],
  },
  {
    name: "same token after a definite cancellation",
    file: STORE,
    find: "if (!step.sameToken) token = host.randomId();",
    replace: "",
    caughtBy: ["consumer/commit.test.ts"],
  },
  {
    name: "new token after an unknown outcome",
    file: STORE,
    find: "if (!step.sameToken) token",
    replace: "token",
    caughtBy: ["consumer/commit.test.ts"],
  },
  {
    name: "eventually consistent guarded read",
    file: STORE,
    find: "ConsistentRead: true",
    replace: "ConsistentRead: false",
    caughtBy: ["consumer/commit.test.ts"],
  },
  {
    name: "chunked commit: more than 100 actions go in two transactions",
    file: STORE,
    find: SEND,
    replace: `for (const some of [actions.slice(0, 100), actions.slice(100)])
        if (some.length > 0) await sendInTime({ operation: "TransactWriteItems", input: { TransactItems: some } }, control);`,
    also: [
      {
        file: "lib/store/transaction.ts",
        find: "if (actions.length > TRANSACTION_ACTIONS_MAX) {",
        replace: "if (actions.length > 2 * TRANSACTION_ACTIONS_MAX) {",
      },
    ],
    caughtBy: ["store/transaction.test.ts"],
  },
  {
    name: "retry without bound, in number (C5)",
    file: COMMIT,
    find: "if (progress.tries >= COMMIT_TRIES_MAX) return settled(otherwise);",
    replace: "",
    caughtBy: ["protocol/commit.test.ts"],
  },
  {
    name: "retry without bound, in time: what waits longer than the time left goes on",
    file: STORE,
    find: "if (control.timeLeftMs() <= delayMs) return step.otherwise;",
    replace: "",
    caughtBy: ["consumer/deadline.test.ts"],
  },
  {
    name: "retry without bound, of a read",
    file: STORE,
    find: "const over = tries >= READ_TRIES_MAX || ",
    replace: "const over = ",
    caughtBy: ["store/retries.test.ts"],
  },
  {
    name: "a request that is never answered is waited for without end",
    file: STORE,
    find: "{ signal: stop.signal }",
    replace: "{ signal: control.signal }",
    caughtBy: ["consumer/commit.test.ts"],
  },
  {
    name: "commit after the gate closed: sent when the time is up",
    file: STORE,
    find: `if (control.timeLeftMs() <= 0) return { kind: "outOfTime" };`,
    replace: "",
    caughtBy: ["store/record-store.test.ts"],
  },
  {
    name: "commit after the gate closed: sent again in a thawed sandbox",
    file: STORE,
    find: "if (control.signal.aborted || control.timeLeftMs() <= 0) return step.otherwise;",
    replace: "",
    caughtBy: ["consumer/gate.test.ts"],
  },
  {
    name: "commit after the gate closed: an invocation that is over has time left (L1)",
    file: "lib/consumer/deadline.ts",
    find: "(gate.signal.aborted ? 0 : Math.max(0, closesAtMs - host.nowMs()))",
    replace: "Math.max(0, closesAtMs - host.nowMs())",
    caughtBy: ["consumer/gate.test.ts"],
  },
  {
    name: "reuse token for new payload: one token for all messages",
    file: STORE,
    find: "let token = host.randomId();",
    replace: "let token = table;",
    caughtBy: ["consumer/rejection.test.ts"],
  },
  {
    name: "a refusal after tries of the client's own taken for that of all (A3)",
    file: ANSWERS,
    find: " && attemptsOf(error) <= 1",
    replace: "",
    caughtBy: ["store/answers.test.ts", "store/mid-answer.test.ts"],
  },
  {
    name: "a success without a request id taken for DynamoDB's",
    file: "lib/store/sdk-send.ts",
    find: "if (requestId === undefined)",
    replace: "if (requestId === null)",
    caughtBy: ["store/record-store.test.ts"],
  },
  {
    name: "a binary value sent as anything but base64 (SD1)",
    file: "lib/store/sdk-send.ts",
    find: "return plain ? JSON.stringify(input)",
    replace: "return plain || input ? JSON.stringify(input)",
    caughtBy: ["store/sdk-send.test.ts"],
  },
  {
    name: "commit passes over a live claim",
    file: "lib/store/transaction.ts",
    find: "AND leaseUntil <= :semelNow)",
    replace: "AND (leaseUntil <= :semelNow OR attribute_exists(leaseUntil)))",
    caughtBy: ["store/record-store.test.ts", "consumer/strategy-change.test.ts"],
  },
  {
    name: "a commit stopped by a claim that nobody works on any more",
    file: "lib/store/transaction.ts",
    find: "#semelStatus = :semelReleased OR (",
    replace: "#semelStatus = :semelReleased AND (",
    caughtBy: ["store/record-store.test.ts", "consumer/strategy-change.test.ts"],
  },
  {
    name: "a live claim under another strategy taken for done",
    file: "lib/consumer/run.ts",
    find: `return { kind: "deferred", untilMs: record.ownerDeadlineMs };`,
    replace: `return { kind: "duplicate" };`,
    caughtBy: ["consumer/strategy-change.test.ts"],
  },
  {
    name: "a record that does not stand in the way judged as the one that did",
    file: STORE,
    find: "found && refuses(found, record) ? found : undefined",
    replace: "found",
    caughtBy: ["store/record-store.test.ts", "consumer/rejection.test.ts"],
  },
];
