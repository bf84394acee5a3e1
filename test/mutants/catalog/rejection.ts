// Mistakes about messages that can never succeed.
//
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are code.

import type { Mutant } from "../mutant.ts";

const REJECTION = "lib/consumer/rejection.ts";
const TESTS = ["consumer/rejection.test.ts"];

export const REJECTION_MUTANTS: readonly Mutant[] = [
  {
    name: "a rejection sent before it is committed",
    file: REJECTION,
    find: "const recorded = await record(unwanted, context);",
    replace: `await moveAway(unwanted, context);
  const recorded = await record(unwanted, context);`,
    caughtBy: [...TESTS, "simulation/explorer.test.ts"],
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
    find: " && !deadline.gate.aborted;",
    replace: ";",
    caughtBy: ["consumer/late-rejection.test.ts"],
  },
  {
    name: "an error that the next try may mend is rejected (RE1)",
    file: REJECTION,
    find: "if (error.retryable || !PERMANENT.has(error.code)) return false;",
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
  {
    name: "a rejection that overwrites a claim",
    file: "lib/store/transaction.ts",
    find: "AND ${OTHERS_REJECTION} AND ${NO_STEPS})`, // a claim's",
    replace: "AND ((${OTHERS_REJECTION} AND ${NO_STEPS}) OR attribute_exists(leaseUntil)))`, // a claim's",
    caughtBy: ["store/record-store.test.ts", "consumer/strategy-change.test.ts"],
  },
  {
    name: "a rejection that drops the steps of a rejected claim (CL4)",
    file: "lib/store/transaction.ts",
    find: `const NO_STEPS = "(attribute_not_exists(steps) OR steps = :semelNoSteps)";`,
    replace: `const NO_STEPS = "(attribute_exists(pk) OR steps = :semelNoSteps)";`,
    caughtBy: ["consumer/strategy-change.test.ts"],
  },
  {
    name: "a commit of the own attempt taken for its rejection (P2)",
    file: "lib/protocol/record.ts",
    find: " && record.status === claimant.status) return",
    replace: ") return",
    caughtBy: ["protocol/record.test.ts"],
  },
  {
    name: "the rejection of another message taken for the own",
    file: REJECTION,
    find: `if (outcome.messageId === messageId) return { kind: "recorded" };`,
    replace: `if (outcome.messageId !== "") return { kind: "recorded" };`,
    caughtBy: ["consumer/claim-rejection.test.ts"],
  },
  {
    name: "a message rejected for the rejection of another that ran beside it",
    file: "lib/consumer/run.ts",
    find: "if (outcome.messageId !== message.messageId) return",
    replace: `if (outcome.messageId === "") return`,
    caughtBy: ["consumer/claim-rejection.test.ts"],
  },
  {
    name: "a message that was rejected commits over another's claim (P4)",
    file: "lib/store/transaction.ts",
    find: "(attribute_not_exists(rejectedMessageId) OR rejectedMessageId <> :semelThis)",
    replace: "attribute_exists(pk)",
    caughtBy: ["consumer/strategy-change.test.ts"],
  },
  {
    name: "a dead letter without an id taken for sent (QA1)",
    file: "lib/consumer/queue-actions.ts",
    find: `if (typeof MessageId !== "string" || MessageId === "") throw`,
    replace: "if (MessageId === null) throw",
    caughtBy: ["consumer/rejection.test.ts"],
  },
  {
    name: "a rejection stops the other messages of its key in a batch (P4)",
    file: "lib/consumer/process-batch.ts",
    find: "if (isCopy) return outcome;",
    replace: "if (isCopy || outcome) return outcome;",
    caughtBy: ["consumer/rejection.test.ts"],
  },
];
