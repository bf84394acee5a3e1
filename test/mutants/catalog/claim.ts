// Mistakes in who may run a handler, and in what an owner that is late can still do.
//
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are code.

import type { Mutant } from "../mutant.ts";

const CLAIM = "lib/protocol/claim.ts";
const REQUESTS = "lib/store/claim-requests.ts";
const CLAIMS = "lib/store/claims.ts";
const CLAIMED = "lib/consumer/claimed.ts";
const LEASE = "lib/consumer/lease.ts";
const STEPS = "lib/consumer/steps.ts";
const STORE_TEST = "store/record-store.test.ts";
const CLAIM_TEST = "consumer/claim.test.ts";
const FAILURES_TEST = "consumer/claim-failures.test.ts";
const STEPS_TEST = "consumer/steps.test.ts";
const SCHEDULES = "simulation/schedules.test.ts";

export const CLAIM_MUTANTS: readonly Mutant[] = [
  {
    name: "a release that deletes the record",
    file: CLAIMS,
    find: "writeHeld(lease, { input: releaseClaim(table, lease), control, triesMax: RELEASE_TRIES_MAX, releases: true }),",
    replace: `store
        .transact([{ Delete: { TableName: table, Key: { pk: { S: lease.pk } } } }], host.randomId(), control)
        .then(() => ({ kind: "done" })),`,
    caughtBy: [STORE_TEST, FAILURES_TEST],
  },
  {
    name: "a claim's commit without the status",
    file: REQUESTS,
    find: `"#semelStatus = :semelHeld AND fencingToken`,
    replace: `"(#semelStatus = :semelHeld OR attribute_exists(#semelStatus)) AND fencingToken`,
    caughtBy: [STORE_TEST],
  },
  {
    name: "a claim's commit without the fencing token",
    file: REQUESTS,
    find: "fencingToken = :semelToken AND attemptId",
    replace: "(fencingToken = :semelToken OR attribute_exists(pk)) AND attemptId",
    caughtBy: [STORE_TEST],
  },
  {
    name: "a claim's commit without the owner",
    file: REQUESTS,
    find: "attemptId = :semelAttempt AND formatVersion",
    replace: "(attemptId = :semelAttempt OR attribute_exists(pk)) AND formatVersion",
    caughtBy: [STORE_TEST],
  },
  {
    name: "a commit under a claim puts the record, whoever holds it",
    file: "lib/store/transaction.ts",
    find: "if (record.fencingToken !== undefined) return { Update: endClaim(recordTable, record, record.fencingToken) };",
    replace:
      "if (record.fencingToken !== undefined) return { Put: { TableName: recordTable, Item: recordToItem(record) } };",
    caughtBy: [STORE_TEST, SCHEDULES, "simulation/explorer.test.ts"],
  },
  {
    name: "a takeover that does not raise the fencing token",
    file: CLAIM,
    find: "return (seen?.fencingToken ?? 0) + 1;",
    replace: "return seen?.fencingToken ?? 1;",
    caughtBy: [STORE_TEST, "protocol/claim.test.ts"],
  },
  {
    name: "a takeover of a lease that was renewed meanwhile",
    file: REQUESTS,
    find: `...(leaseUntilMs === undefined ? [] : ["leaseUntil = :semelSeenLease"]),`,
    replace: `...(leaseUntilMs === undefined ? [] : ["leaseUntil <> :semelNoSteps", "(leaseUntil = :semelSeenLease OR attribute_exists(pk))"]),`,
    caughtBy: [STORE_TEST],
  },
  {
    name: "a takeover that is not conditional on the owner it saw",
    file: REQUESTS,
    find: `"attemptId = :semelSeenAttempt",`,
    replace: `"(attemptId = :semelSeenAttempt OR attribute_exists(pk))",`,
    also: [
      {
        file: REQUESTS,
        find: `fencingToken === undefined ? "attribute_not_exists(fencingToken)" : "fencingToken = :semelSeenToken",`,
        replace: `fencingToken === undefined ? "attribute_not_exists(fencingToken)" : "(fencingToken = :semelSeenToken OR attribute_exists(pk))",`,
      },
      {
        file: REQUESTS,
        find: `...(leaseUntilMs === undefined ? [] : ["leaseUntil = :semelSeenLease"]),`,
        replace: `...(leaseUntilMs === undefined ? [] : ["(leaseUntil = :semelSeenLease OR attribute_exists(pk))"]),`,
      },
    ],
    caughtBy: [STORE_TEST],
  },
  {
    name: "a takeover that forgets the steps",
    file: REQUESTS,
    find: "steps = if_not_exists(steps, :semelNoSteps)",
    replace: "steps = :semelNoSteps",
    caughtBy: [STORE_TEST, FAILURES_TEST],
  },
  {
    name: "a takeover that goes by the steps it saw before",
    file: CLAIMS,
    find: `if (!item) return { kind: "acquired", record: claim };`,
    replace: `if (item ?? true) return { kind: "acquired", record: claim };`,
    caughtBy: [STORE_TEST, "simulation/explorer.test.ts"],
  },
  {
    name: "a rejection that forgets the steps",
    file: REQUESTS,
    find: `if (record.status === "COMPLETED") removed.push("steps", "code", "reason");`,
    replace: `removed.push("steps");
  if (record.status === "COMPLETED") removed.push("code", "reason");`,
    caughtBy: [STORE_TEST, FAILURES_TEST],
  },
  {
    name: "a lease that never runs out",
    file: CLAIM,
    find: `record.status === "IN_PROGRESS" && leftMs > 0 && leftMs <= LEASE_LEFT_MS_MAX; // CL3`,
    replace: `record.status === "IN_PROGRESS";`,
    caughtBy: [STORE_TEST],
  },
  {
    name: "a lease that nobody respects",
    file: CLAIM,
    find: `if (alive) return`,
    replace: `if (alive && nowMs < 0) return`,
    caughtBy: [STORE_TEST, CLAIM_TEST],
  },
  {
    name: "a foreign IN_PROGRESS taken for success",
    file: CLAIMED,
    find: `if (outcome.kind === "inUse") return { kind: "deferred", untilMs: outcome.untilMs };`,
    replace: `if (outcome.kind === "inUse") return { kind: "duplicate" };`,
    caughtBy: [CLAIM_TEST, SCHEDULES],
  },
  {
    name: "a deferred message is acknowledged",
    file: "lib/consumer/process-batch.ts",
    find: `return outcome.kind === "committed" || outcome.kind === "duplicate" || outcome.kind === "rejected";`,
    replace: `return outcome.kind !== "failed";`,
    caughtBy: [CLAIM_TEST],
  },
  {
    name: "a claim of the own attempt is not recognised: the answer was lost",
    file: CLAIM,
    find: `if (record.attemptId === own.attemptId) return { kind: "acquired", record };`,
    replace: "",
    caughtBy: ["protocol/claim.test.ts"],
  },
  {
    name: "another payload goes on with the steps of the first",
    file: CLAIM,
    find: "if (seen.fingerprint === own.fingerprint || Object.keys",
    replace: "if (seen.fingerprint !== own.pk || Object.keys",
    caughtBy: ["protocol/claim.test.ts", FAILURES_TEST],
  },
  {
    name: "an IN_PROGRESS record judged as done",
    file: "lib/protocol/record.ts",
    find: `: { kind: "claimed", record }; // P5`,
    replace: `: { kind: "duplicate", record: record as never };`,
    caughtBy: [CLAIM_TEST, STORE_TEST],
  },
  {
    name: "a renewal without an answer taken for a lost lease",
    file: LEASE,
    find: `const isLost = kind === "lost"; // LE1`,
    replace: `const isLost = kind !== "done";`,
    caughtBy: [CLAIM_TEST],
  },
  {
    name: "a lost lease that nobody is told of",
    file: LEASE,
    find: `const isLost = kind === "lost"; // LE1`,
    replace: `const isLost = kind === "lost" && handlers < 0;`,
    caughtBy: [CLAIM_TEST],
  },
  {
    name: "a lease that is not renewed",
    file: LEASE,
    find: `else if (kind !== "ended" && handlers > 0) plan();`,
    replace: "",
    caughtBy: [CLAIM_TEST],
  },
  {
    name: "a renewal under way when the commit is sent",
    file: "lib/consumer/run.ts",
    find: "await claimed?.lease.settled();",
    replace: "",
    caughtBy: [CLAIM_TEST],
  },
  {
    name: "a key given back while its handler still runs",
    file: CLAIMED,
    find: "lease.abandoned() || ",
    replace: "",
    caughtBy: [CLAIM_TEST],
  },
  {
    name: "a claim that went through after all is reported failed",
    file: CLAIMED,
    find: `if (released.kind !== "ended" || released.record.status !== "COMPLETED") return outcome;`,
    replace: `if (released !== undefined) return outcome;`,
    caughtBy: [CLAIM_TEST],
  },
  {
    name: "a key that is never given back",
    file: CLAIMED,
    find: "const released = await claims.release(lease.record, untilTheAnswer(context.deadline));",
    replace: "const released = await claims.renew(lease.record, 0, untilTheAnswer(context.deadline));",
    caughtBy: [FAILURES_TEST],
  },
  {
    name: "a handler that starts after the gate closed, under a claim",
    file: "lib/consumer/run.ts",
    find: `deadline.throwIfOver(); // L2 of deadline.ts: an acquisition or a rerun may have outlasted the gate
      stop.throwIfAborted();`,
    replace: "",
    caughtBy: ["consumer/claim-deadline.test.ts"],
  },
  {
    name: "a key given back while a step still runs (ST5)",
    file: CLAIMED,
    find: "lease.during(steps.settled)",
    replace: "Promise.resolve()",
    caughtBy: [STEPS_TEST],
  },
  {
    name: "a takeover by another payload that does not look at the steps again (CL5)",
    file: REQUESTS,
    find: `["(attribute_not_exists(steps) OR steps = :semelNoSteps)"]`,
    replace: "[]",
    caughtBy: [STORE_TEST],
  },
  {
    name: "a step whose name makes its record unreadable",
    file: STEPS,
    find: `name !== "__proto__" && `,
    replace: "",
    caughtBy: [STEPS_TEST],
  },
  {
    name: "a step that is kept runs again",
    file: STEPS,
    find: "if (kept !== undefined) return",
    replace: "if (kept !== undefined && kept === name) return",
    caughtBy: [STEPS_TEST, FAILURES_TEST],
  },
  {
    name: "a step with a new idempotency key in every run",
    file: STEPS,
    find: "host.sha256(JSON.stringify([lease.pk, name]))",
    replace: "host.sha256(JSON.stringify([lease.pk, name, lease.attemptId]))",
    caughtBy: [STEPS_TEST],
  },
  {
    name: "steps of a message that share an idempotency key",
    file: STEPS,
    find: "host.sha256(JSON.stringify([lease.pk, name]))",
    replace: "host.sha256(JSON.stringify([lease.pk]))",
    caughtBy: [STEPS_TEST],
  },
  {
    name: "a step whose result is not known to be kept counts as kept",
    file: STEPS,
    find: `if (outcome.kind !== "done") throw notKept(name, outcome); // ST2`,
    replace: "",
    caughtBy: [STEPS_TEST],
  },
  {
    name: "a step that could not be kept is the handler's to swallow",
    file: "lib/consumer/tx.ts",
    find: "if (error instanceof SemelError) failed ??= { error }; // X1",
    replace: "// X1",
    caughtBy: [STEPS_TEST],
  },
  {
    name: "a takeover that forgets whom its key rejected (CL4)",
    file: CLAIMS,
    find: "rejection: seen && rejectionOf(seen),",
    replace: "",
    caughtBy: [STORE_TEST],
  },
  {
    name: "a rejected message that runs under its key after another's claim (CL4)",
    file: "lib/protocol/record.ts",
    find: "return rejection?.messageId === claimant.messageId",
    replace: "return rejection?.messageId === record.pk",
    caughtBy: ["protocol/claim.test.ts", "protocol/record.test.ts", STORE_TEST],
  },
  {
    name: "a lease of a clock far ahead is waited for",
    file: CLAIM,
    find: " && leftMs <= LEASE_LEFT_MS_MAX; // CL3",
    replace: ";",
    caughtBy: ["protocol/claim.test.ts"],
  },
  {
    name: "a release that its batch waits for without end",
    file: CLAIMS,
    find: "triesMax: RELEASE_TRIES_MAX",
    replace: "triesMax: TRIES_MAX",
    caughtBy: [CLAIM_TEST],
  },
  {
    name: "a step that ends after the gate is not kept",
    file: CLAIMED,
    find: "control: untilTheAnswer(deadline) }",
    replace: "control: controlOf(deadline) }",
    caughtBy: [CLAIM_TEST],
  },
  {
    name: "a write without an answer taken for applied: acquired, or kept",
    file: CLAIMS,
    find: `if (answer.kind === "unknown") open ??= answer;`,
    replace: `if (answer.kind === "unknown") return applied(undefined);`,
    caughtBy: [CLAIM_TEST, STEPS_TEST],
  },
  {
    name: "an open try of a claim's write forgotten",
    file: CLAIMS,
    find: `if (answer.kind === "unknown") open ??= answer;`,
    replace: "",
    caughtBy: ["store/claims.test.ts"],
  },
  {
    name: "a write that was refused for its lease taken for done",
    file: CLAIM,
    find: "return releases && record.status",
    replace: "return record.status",
    caughtBy: ["protocol/claim.test.ts"],
  },
  {
    name: "the record of whoever took over taken for the own end",
    file: CLAIM,
    find: `if (found?.kind !== "record" || found.record.attemptId !== lease.attemptId) return`,
    replace: `if (found?.kind !== "record") return`,
    caughtBy: ["protocol/claim.test.ts", STORE_TEST],
  },
  {
    name: "a claim judged held whatever its fencing token",
    file: "lib/protocol/record.ts",
    find: "record.fencingToken === fencingToken && ",
    replace: "",
    caughtBy: ["protocol/record.test.ts"],
  },
  {
    name: "a step that nobody awaited lets the commit through",
    file: "lib/consumer/tx.ts",
    find: "if (stepping > 0) failed ??=",
    replace: "if (stepping > 99) failed ??=",
    caughtBy: [STEPS_TEST],
  },
  {
    name: "the result of a re-run for that of the run that was committed (I6)",
    file: "lib/consumer/run.ts",
    find: `return found?.status === "COMPLETED" ? found : own;`,
    replace: "return own;",
    caughtBy: ["consumer/once-outcomes.test.ts"],
  },
];
