// Strategy insert on the memory store: what is never sent, and every sequence of faults.

import fc from "fast-check";
import { expect, it } from "vitest";
import { systemHost } from "../../lib/host.ts";
import { MARK } from "../../lib/protocol/insert.ts";
import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import { STATEMENT_FAULTS, type StatementFault } from "../support/statement-faults.ts";
import { virtualHost } from "../support/virtual-host.ts";
import { control, insertOf, kinds, setup, three } from "./inserts.ts";

it("a table whose key cannot be looked up takes no insert: nothing is sent", async () => {
  const memory = memoryDynamoDb({ Records: { partitionKey: "pk" } });
  const { commit, requests } = setup(async (request) => memory.send(request), { ...systemHost, random: () => 0 });
  const [outcome] = await commit({ key: "x" });
  expect(outcome).toMatchObject({ kind: "invalid", error: { code: "SEMEL_REFUSED", retryable: true } });
  expect(requests).toEqual([]);
});

it("a key that is not the table's own whole key takes no insert: nothing is sent", async () => {
  const memory = memoryDynamoDb({ Records: { partitionKey: "pk" }, Ledger: { partitionKey: "id", sortKey: "line" } });
  const { commit, requests } = setup(async (request) => memory.send(request), systemHost);
  const [outcome] = await commit({ key: "x", item: { line: { S: "1" } } });
  expect(outcome).toMatchObject({ kind: "invalid", error: { code: "SEMEL_OPTIONS" } });
  expect(requests).toEqual([]);
});

it("nothing is sent when the time is up; a try that was left open stays open", async () => {
  const host = virtualHost();
  const memory = memoryDynamoDb({ Records: { partitionKey: "pk" }, Ledger: { partitionKey: "id" } });
  const run = async (faults: readonly StatementFault[], timesLeft: readonly number[]): Promise<string[]> => {
    const left = [...timesLeft];
    const timeLeftMs = (): number => left.shift() ?? 0;
    const options = { control: { ...control, timeLeftMs } };
    const { committer } = setup(async (request) => memory.send(request), host, faults, options);
    const all = three("late").map((message) => committer.commit(insertOf(message), control));
    return kinds(await host.run(Promise.all(all)));
  };
  expect(await run([], [])).toEqual(["outOfTime", "outOfTime", "outOfTime"]);
  expect(await run(["never-applied"], [10_000, 10_000, 10_000, 10_000])).toEqual(["unknown", "unknown", "unknown"]);
  expect(memory.items("Ledger")).toEqual([]);
});

it("under every sequence of faults: at most one item a key, done only what is there, not done never comes", async () => {
  const messages = fc.array(
    fc.record({
      key: fc.constantFrom("a", "b", "c"),
      attempt: fc.uuid(),
      payload: fc.constantFrom("1:p", "1:p", "1:q"),
    }),
    { minLength: 1, maxLength: 8 },
  );
  const fault = fc.constantFrom<StatementFault>("none", "none", "one-refused", ...STATEMENT_FAULTS);
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(messages, fc.array(fault, { maxLength: 8 }), fc.nat(3_000), async (all, faults, timeMs) => {
      const host = virtualHost();
      const memory = memoryDynamoDb({ Records: { partitionKey: "pk" }, Ledger: { partitionKey: "id" } });
      const endMs = host.nowMs() + timeMs;
      const options = { control: { ...control, timeLeftMs: () => endMs - host.nowMs() } };
      const { commit } = setup(async (request) => memory.send(request), host, faults, options);
      const outcomes = await host.run(commit(...all));
      await host.drain();
      const attempts = new Map(memory.items("Ledger").map((item) => [item["id"]?.S, item[MARK]?.M?.["attemptId"]?.S]));
      for (const [index, { key, attempt }] of all.entries()) {
        const kind = outcomes[index]?.kind ?? "";
        seen.add(kind);
        if (kind === "committed") expect(attempts.get(key)).toBe(attempt);
        if (kind === "duplicate" || kind === "payloadMismatch") expect(attempts.has(key)).toBe(true);
        if (kind !== "committed" && kind !== "unknown") expect(attempts.get(key)).not.toBe(attempt);
      }
    }),
    { numRuns: 2_000 },
  );
  expect([...seen].sort()).toEqual(
    ["committed", "duplicate", "outOfTime", "payloadMismatch", "refused", "unknown"]
      .concat("throttled", "conflict")
      .sort(),
  );
}, 60_000);
