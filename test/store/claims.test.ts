// The loop around a claim's writes: a try that was left open stays open, whatever the next ones are answered.

import { expect, it } from "vitest";
import { type AcquireInput, claims } from "../../lib/store/claims.ts";
import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import { recordStore } from "../../lib/store/record-store.ts";
import type { DynamoDbRequest } from "../../lib/store/send.ts";
import { named } from "../support/faulty-send.ts";
import { virtualHost } from "../support/virtual-host.ts";

const control = { timeLeftMs: () => 60_000, signal: new AbortController().signal };
const input: AcquireInput = {
  pk: "orders#1",
  messageId: "m-1",
  attemptId: "mine",
  fingerprint: "1:a",
  leaseMs: 1_000,
  ownerDeadlineMs: 2_000_000_000_000,
  expiresAtSeconds: 9,
};

/** Requests are answered by these errors in turn, the last one again and again. */
function answeredBy(...errors: readonly string[]) {
  const host = virtualHost();
  const memory = memoryDynamoDb({ Records: { partitionKey: "pk" } });
  const left = [...errors];
  let broken = true;
  const store = recordStore({
    table: "Records",
    host,
    send: async (request: DynamoDbRequest) => {
      if (!broken) return memory.send(request) as never;
      const name = left.length > 1 ? left.shift() : left[0];
      throw named(name ?? "", "no");
    },
  });
  const mend = (): void => {
    broken = false;
  };
  const breakAgain = (): void => {
    broken = true;
  };
  return { host, claimed: claims(store, host), mend, breakAgain };
}

it.each([
  [["ThrottlingException"], "throttled"],
  [["TransactionConflictException"], "conflict"],
  [["AccessDeniedException"], "refused"],
  [["TimeoutError"], "unknown"],
  [["TimeoutError", "ThrottlingException"], "unknown"],
  [["TimeoutError", "TransactionConflictException"], "unknown"],
  [["TimeoutError", "ExpiredTokenException"], "unknown"],
] as const)("%j: comes to %s, for an acquisition as for a holder's write", async (errors, kind) => {
  const acquiring = answeredBy(...errors);
  expect(await acquiring.host.run(acquiring.claimed.acquire(input, control))).toMatchObject({ kind });

  const holding = answeredBy(...errors);
  holding.mend();
  const acquired = await holding.claimed.acquire(input, control);
  if (acquired.kind !== "acquired") throw new Error(acquired.kind);
  holding.breakAgain();
  const kept = holding.claimed.saveStep(acquired.record, "one", "1", control);
  expect(await holding.host.run(kept)).toMatchObject({ kind });
});
