// Mistakes in keyed states that go together in calls of statements, in both faces of .reduce(), and in what a lane says of its
// failures.

import type { Mutant } from "../mutant.ts";

const REQUESTS = "lib/store/state-requests.ts";
const WRITER = "lib/store/state-writer.ts";
const CALLS = "consumer/reduce-calls.test.ts";
const ENGINE = "consumer/reduce-engine.test.ts";
const LANE_RUN = "consumer/lane-run.test.ts";

export const STATES_MUTANTS: readonly Mutant[] = [
  {
    name: "an UPDATE of a state whatever it was folded on (SQ1)",
    file: REQUESTS,
    find: `AND "\${MARK}"."attemptId" = ? AND`,
    replace: `AND "\${MARK}"."consumer" = ? AND`,
    caughtBy: [CALLS],
    also: [{ file: REQUESTS, find: "{ S: before.attemptId }", replace: "{ S: consumer }" }],
  },
  {
    name: "an UPDATE of a key whose name it cannot carry",
    file: REQUESTS,
    find: "|| !PLAIN_NAME.test(partitionKey)",
    replace: "",
    caughtBy: [CALLS],
  },
  {
    name: "a state without an answer taken for written (KW1)",
    file: WRITER,
    find: 'return { kind: "again", answer: "unknown", cause: answer.cause, random };',
    replace: 'return { kind: "applied" };',
    caughtBy: [ENGINE, CALLS],
  },
  {
    name: "a state folded on that of another key (KW2)",
    file: WRITER,
    find: 'settle({ kind: "changed", found: items[index] });',
    replace: 'settle({ kind: "changed", found: items[0] });',
    caughtBy: [CALLS, ENGINE],
  },
  {
    name: "states sent when the time is up (KW3)",
    file: WRITER,
    find: "if (control.timeLeftMs() <= 0) {",
    replace: "if (control.timeLeftMs() < 0) {",
    caughtBy: [CALLS],
  },
  {
    name: "one state in two calls at a time (CA1)",
    file: "lib/store/statement-calls.ts",
    find: "pending.filter(({ id }) => !busy.has(id))",
    replace: "pending.filter(({ id }) => id !== null || !busy.has(id))",
    caughtBy: [CALLS],
  },
  {
    name: "a statement that is not valid fails its message",
    file: WRITER,
    find: '(isNotValid(answer) ? { kind: "suspect" } : answer)',
    replace: "answer",
    caughtBy: [CALLS],
  },
  {
    name: "an engine that takes no UPDATE is asked again and again",
    file: WRITER,
    find: "if (updates.length > 1 && updates.every(isNotValid)) size.withoutUpdates = true;",
    replace: "",
    caughtBy: [CALLS],
  },
  {
    name: "states that go again go apart",
    file: WRITER,
    find: "entry.settle(answerOf(answer, random));",
    replace: "entry.settle(answerOf(answer, host.random()));",
    caughtBy: [CALLS],
  },
  {
    name: "a rejection by what was read goes on though somebody else was faster (LR4)",
    file: "lib/consumer/lane-member.ts",
    find: "const { hasRead: unguarded } = placed;",
    replace: 'const unguarded = placed.position === "";',
    caughtBy: [LANE_RUN],
  },
  {
    name: "an open try forgotten after a condition failed (LR5)",
    file: "lib/consumer/lane-run.ts",
    find: '(outcome.kind === "conditionFailed" && outcome.openTries)',
    replace: "(reruns < 0 && outcome.kind !== undefined)",
    caughtBy: [LANE_RUN],
  },
  {
    name: "a try that cannot be applied any more said to be open (LR5)",
    file: "lib/consumer/lane-run.ts",
    find: "commit(members.slice(middle))",
    replace: "commit(members.slice(middle), tried)",
    caughtBy: [LANE_RUN],
  },
  {
    name: ".reduce() with Middy leaves the response to others (W2)",
    file: "lib/middleware/exactly-once.ts",
    find: 'invocation ? beginWithin(invocation, "reduce", call) : beginAlone(call)',
    replace: 'invocation?.batch ? beginWithin(invocation, "reduce", call) : beginAlone(call)',
    caughtBy: ["middleware/reduce.test.ts"],
  },
];
