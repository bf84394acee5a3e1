// Mistakes about messages that can never succeed.

import type { Mutant } from "../mutant.ts";

const REJECTION = "lib/consumer/rejection.ts";
const TESTS = ["consumer/rejection.test.ts"];

export const REJECTION_MUTANTS: readonly Mutant[] = [
  {
    name: "a rejection sent before it is committed",
    file: REJECTION,
    find: "const recorded = await record(unwanted, context);",
    replace: `await moveAway(unwanted, options.deadLetterQueueUrl, context);
  const recorded = await record(unwanted, context);`,
    caughtBy: TESTS,
  },
  {
    name: "a rejection sent though it was not committed (RE2)",
    file: REJECTION,
    find: `if (recorded.kind !== "recorded") return recorded; // RE2`,
    replace: "",
    caughtBy: TESTS,
  },
  {
    name: "a rejection after an unknown outcome (RE1)",
    file: "lib/consumer/run.ts",
    find: "error: openTries ? stillOpen(error) : error };",
    replace: "error };",
    caughtBy: TESTS,
  },
  {
    name: "a rejection after the gate closed (RE1)",
    file: REJECTION,
    find: " || deadline.gate.aborted) return failed;",
    replace: ") return failed;",
    caughtBy: ["consumer/late-rejection.test.ts"],
  },
  {
    name: "an error that the next try may mend is rejected (RE1)",
    file: REJECTION,
    find: "if (error.retryable || !PERMANENT.has(error.code)) return failed;",
    replace: "",
    caughtBy: TESTS,
  },
  {
    name: "acknowledged though SQS did not take the dead letter (RE3)",
    file: REJECTION,
    find: `return { kind: "failed", error: notRejected(error, NOT_MOVED, cause) };`,
    replace: `return { kind: "rejected", error: notRejected(error, NOT_MOVED, cause) };`,
    caughtBy: TESTS,
  },
  {
    name: "a committed message dead-lettered (RE4)",
    file: REJECTION,
    find: "return outcome; // RE4",
    replace: `return { kind: "recorded" }; // RE4`,
    caughtBy: TESTS,
  },
  {
    name: "a rejected message that is redelivered runs again",
    file: "lib/protocol/record.ts",
    find: " || record.messageId === own.messageId;",
    replace: ";",
    caughtBy: TESTS,
  },
  {
    name: "a rejected message that is redelivered commits",
    file: "lib/store/transaction.ts",
    find: "AND messageId <> :semelThis",
    replace: "AND (messageId <> :semelThis OR attribute_exists(messageId))",
    caughtBy: TESTS,
  },
  {
    name: "a redriven message stopped by its old rejection (P4)",
    file: "lib/protocol/record.ts",
    find: `return record.status === "COMPLETED" || `,
    replace: `return record.status !== undefined || `,
    caughtBy: TESTS,
  },
];
