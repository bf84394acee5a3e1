// Mistakes in running messages: one by one, a batch, an invocation.

import type { Mutant } from "../mutant.ts";

const MESSAGE_RUN = "lib/consumer/run.ts";
const BATCH = "lib/consumer/process-batch.ts";

export const CONSUMER_MUTANTS: readonly Mutant[] = [
  {
    name: "un-awaited commit: the batch answers before its commits end",
    file: MESSAGE_RUN,
    find: "? await store.commit(declared, control)",
    replace: `? (void store.commit(declared, control), { kind: "committed" })`,
    caughtBy: ["simulation/schedules.test.ts", "consumer/commit.test.ts"],
  },
  {
    name: "un-awaited handler: the commit does not wait for it",
    file: MESSAGE_RUN,
    find: "const value = await wait(claimed ? claimed.lease.during(run) : run());",
    replace: "const value = void wait(claimed ? claimed.lease.during(run) : run()).catch(() => {});",
    caughtBy: ["consumer/batch.test.ts"],
  },
  {
    name: "a failed handler's effects committed",
    file: "lib/consumer/concurrency.ts",
    find: "running.then(settle(resolve), settle(reject));",
    replace: "running.then(settle(resolve), settle(resolve));",
    caughtBy: ["consumer/batch.test.ts"],
  },
  {
    name: "zombie handler: the batch waits for it beyond the gate",
    file: "lib/consumer/concurrency.ts",
    find: `stop.addEventListener("abort", stopAll, { once: true });`,
    replace: "",
    caughtBy: ["consumer/deadline.test.ts"],
  },
  {
    name: "zombie handler's tx stays open after the gate closed",
    file: MESSAGE_RUN,
    find: `    opened.close();
    const notStarted`,
    replace: `    const notStarted`,
    caughtBy: ["consumer/deadline.test.ts"],
  },
  {
    name: "a handler started after the gate closed",
    file: "lib/consumer/concurrency.ts",
    find: "if (closed.aborted) return Promise.reject(closed.reason);",
    replace: "",
    also: [
      {
        file: "lib/consumer/concurrency.ts",
        find: "if (closed.aborted) throw closed.reason; // since its place came free",
        replace: "",
      },
      {
        file: MESSAGE_RUN,
        find: `deadline.throwIfOver(); // L2 of deadline.ts: an acquisition or a rerun may have outlasted the gate
      stop.throwIfAborted();`,
        replace: "",
      },
    ],
    caughtBy: ["consumer/gate.test.ts"],
  },
  {
    name: "handlers that compute past the gate, since no timer fires",
    file: "lib/consumer/deadline.ts",
    find: "if (timeLeftMs() === 0) closeGate(); // L2",
    replace: "",
    caughtBy: ["consumer/busy.test.ts"],
  },
  {
    name: "a body that came after the end of its message holds room for ever",
    file: "lib/consumer/open-body.ts",
    find: "return opening.has(delivery) ? keep(delivery, own) : own;",
    replace: "return keep(delivery, own);",
    caughtBy: ["consumer/open-body.test.ts"],
  },
  {
    name: "a key acquired after the gate closed",
    file: "lib/consumer/concurrency.ts",
    find: "if (closed.aborted) return Promise.reject(closed.reason);",
    replace: "",
    also: [
      {
        file: "lib/consumer/concurrency.ts",
        find: "if (closed.aborted) throw closed.reason; // since its place came free",
        replace: "",
      },
      {
        file: "lib/consumer/acquire.ts",
        find: "if (deadline.timeLeftMs() <= 0) return",
        replace: "if (deadline.timeLeftMs() < 0) return",
      },
    ],
    caughtBy: ["consumer/claim-deadline.test.ts"],
  },
  {
    name: "a key acquired by a sandbox that thaws before the gate's timer fires (L1)",
    file: "lib/consumer/acquire.ts",
    find: "if (deadline.timeLeftMs() <= 0) return",
    replace: "if (deadline.timeLeftMs() < 0) return",
    caughtBy: ["consumer/gate.test.ts"],
  },
  {
    name: "re-run on the mutated message",
    file: MESSAGE_RUN,
    find: "message = await prepared.renew();",
    replace: "",
    caughtBy: ["consumer/handlers.test.ts"],
  },
  {
    name: "re-run without bound (R3)",
    file: MESSAGE_RUN,
    find: "if (reruns >= RERUNS_MAX) ",
    replace: "if (reruns >= 1_000_000) ",
    caughtBy: ["consumer/commit.test.ts"],
  },
  {
    name: "an open try of an earlier run forgotten (R4)",
    file: MESSAGE_RUN,
    find: "openTries ||= outcome.openTries;",
    replace: "",
    caughtBy: ["consumer/handlers.test.ts"],
  },
  {
    name: "followers of a failed leader acknowledged (B1)",
    file: BATCH,
    find: `if (outcome.kind === "failed" || outcome.kind === "deferred") return outcome;`,
    replace: "",
    caughtBy: ["consumer/gate.test.ts"],
  },
  {
    name: "messages of one key in one batch each run (B1)",
    file: BATCH,
    find: "leaders.set(prepared.pk, { messageId: prepared.message.messageId, fingerprint: prepared.fingerprint, outcome });",
    replace: "",
    caughtBy: ["consumer/batch.test.ts"],
  },
  {
    name: "unparsable body acknowledged",
    file: BATCH,
    find: "outcome = await failOrReject({ delivery, ...preparation },",
    replace: `outcome = preparation.error.code === "SEMEL_BODY" ? { kind: "duplicate" }
        : await failOrReject({ delivery, ...preparation },`,
    caughtBy: ["consumer/batch.test.ts"],
  },
  {
    name: "a message that the schema refuses acknowledged",
    file: BATCH,
    find: "outcome = await failOrReject({ delivery, ...preparation },",
    replace: `outcome = preparation.error.code === "SEMEL_SCHEMA" ? { kind: "duplicate" }
        : await failOrReject({ delivery, ...preparation },`,
    caughtBy: ["consumer/batch.test.ts"],
  },
  {
    name: "the schema's issues ignored",
    file: "lib/consumer/message.ts",
    find: "if (!result.issues) return result.value;",
    replace: "if (result) return decoded;",
    caughtBy: ["consumer/batch.test.ts"],
  },
  {
    name: "outcomes added after the response went out (B3)",
    file: BATCH,
    find: "if (batch.deadline.answer.aborted) return; // B3",
    replace: "",
    caughtBy: ["consumer/order.test.ts"],
  },
  {
    name: "what is told after the response is added to it (B3)",
    file: BATCH,
    find: "if (batch.deadline.answer.aborted) return false; // B3",
    replace: "",
    caughtBy: ["consumer/commit.test.ts"],
  },
  {
    name: "a batch that does not answer at its deadline",
    file: BATCH,
    find: "await Promise.race([processing, aborted(batch.deadline.answer)]);",
    replace: "await processing;",
    caughtBy: ["consumer/commit.test.ts"],
  },
  {
    name: "an invocation that is not ended with its response",
    file: BATCH,
    find: "batch.deadline.end();",
    replace: "",
    caughtBy: ["consumer/deadline.test.ts"],
  },
  {
    name: "an invocation that is over leaves its gate open (L1)",
    file: "lib/consumer/deadline.ts",
    find: "gate.abort(OVER); // L1",
    replace: "",
    caughtBy: ["consumer/gate.test.ts"],
  },
  {
    name: "a message hidden for longer than SQS takes (RD1)",
    file: "lib/protocol/retry-delay.ts",
    find: "Math.min(seconds, VISIBILITY_TIMEOUT_SECONDS_MAX - REQUEST_SECONDS - age)",
    replace: "seconds - 0 * age",
    caughtBy: ["protocol/retry-delay.test.ts"],
  },
  {
    name: "a message hidden until the last second: none is left for the request (RD1)",
    file: "lib/protocol/retry-delay.ts",
    find: "const REQUEST_SECONDS = 30;",
    replace: "const REQUEST_SECONDS = 0;",
    caughtBy: ["protocol/retry-delay.test.ts"],
  },
];
