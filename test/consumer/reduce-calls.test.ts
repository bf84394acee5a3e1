// States in calls of many statements: what goes together and what does not. Attacks CA1, KW1 to KW3 and SQ1.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Item } from "../../lib/aws/dynamodb.ts";
import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type {
  AnswerOf,
  BatchExecuteStatementInput,
  BatchStatementError,
  BatchStatementRequest,
  DynamoDbRequest,
  Send,
} from "../../lib/store/send.ts";
import { named } from "../support/faulty-send.ts";
import { kafkaSource, kinesisSource, type TestRecord } from "../support/source-events.ts";
import { STATEMENT_FAULTS, type StatementFault } from "../support/statement-faults.ts";
import { virtualHost } from "../support/virtual-host.ts";
import { records } from "./ordered.ts";
import { type Folder, folder, memoryStates, NOTHING_FAILED, TABLES } from "./states.ts";

const keys = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, index) => `k${from + index}`).join(" ");
const memorySend = (memory: ReturnType<typeof memoryStates>): Send => {
  return async (request) => memory.send(request);
};
const placesIn = (items: readonly Item[]): Record<string, number[]> =>
  Object.fromEntries(
    items.map(({ key, state }) => [key?.S ?? "", state?.M?.["places"]?.L?.map(({ N }) => Number(N)) ?? []]),
  );
const take = async (one: Folder, batch: readonly TestRecord[]): Promise<string[]> => {
  expect(await one.deliver(kinesisSource.event(batch))).toEqual(NOTHING_FAILED);
  return one.operations();
};
const many = (count: number, operation: string): string[] => Array.from({ length: count }, () => operation);
const [CALL, READ] = ["BatchExecuteStatement", "BatchGetItem"];

/** The item that a statement of a call writes. */
const keyIn = ({ Statement, Parameters }: BatchStatementRequest): string =>
  Parameters[Statement.startsWith("INSERT") ? 0 : 2]?.S ?? "";

describe("what goes together", () => {
  it("25 a call: 50 states that are new, that the process knows, and that it does not know", async () => {
    const memory = memoryStates();
    const one = folder(memorySend(memory));
    expect(await take(one, records(keys(50)))).toEqual([CALL, CALL]);
    expect(await take(one, records(keys(50), 100))).toEqual([CALL, CALL]);
    const cold = folder(memorySend(memory));
    expect(await take(cold, records(keys(50), 200))).toEqual([CALL, CALL, READ, READ, CALL, CALL]);
    expect(placesIn(memory.items("States"))).toMatchObject({ k0: [8, 100, 200], k49: [57, 149, 249] });
  });

  it("one goes by PutItem; so does each without groupCommit", async () => {
    const memory = memoryStates();
    expect(await take(folder(memorySend(memory)), records("a a a"))).toEqual(["PutItem"]);
    const apart = folder(memorySend(memory), { groupCommit: false });
    expect(await take(apart, records(keys(30)))).toEqual(many(30, "PutItem"));
    expect(memory.items("States")).toHaveLength(31);
  });

  it("at most 4 MB a call", async () => {
    const memory = memoryStates();
    const large = (_: unknown): never => ({ places: [], text: "x".repeat(380 * 1024) }) as never;
    const one = folder(memorySend(memory), { apply: large });
    await take(one, records(keys(13)));
    const statements = one.requests.map(({ input }) => ("Statements" in input ? input.Statements.length : 1));
    expect(statements).toEqual([10, 3]);
  });

  it("CA1: one key in two partitions is one item, never under way twice", async () => {
    const host = virtualHost();
    const memory = memoryStates();
    const underWay: string[] = [];
    let overlaps = 0;
    const slow: Send = async (request) => {
      const ids = request.operation === CALL ? (request.input as BatchExecuteStatementInput).Statements.map(keyIn) : [];
      overlaps += ids.filter((id) => underWay.includes(id)).length;
      underWay.push(...ids);
      await new Promise<void>((resolve) => host.after(20, resolve));
      for (const id of ids) underWay.splice(underWay.indexOf(id), 1);
      return memory.send(request);
    };
    const event = kafkaSource.event(records("a c e")) as { records: Record<string, object[]> };
    const [[topic = "", list = []] = []] = Object.entries(event.records);
    event.records[topic.replace("1", "0")] = list.map((record) => ({ ...record, partition: 0 }));
    const one = folder(slow, { host });
    for (let times = 0; times < 2; times++) {
      expect(await host.run(one.deliver(event as never))).toEqual(NOTHING_FAILED);
      expect(new Set(one.operations())).toEqual(new Set([CALL, READ].slice(0, times === 0 ? 2 : 0)));
    }
    expect(overlaps).toBe(0);
    expect(placesIn(memory.items("States"))).toEqual({ a: [8, 8], c: [9, 9], e: [10, 10] }); // of two origins
  });
});

describe("what goes alone", () => {
  /** An engine that refuses calls. */
  const without = (memory: ReturnType<typeof memoryStates>, name: string): Send => {
    return async (request) => {
      if (request.operation === "BatchExecuteStatement") throw named(name, "no");
      return memory.send(request);
    };
  };

  it("an engine without the operation is remembered", async () => {
    const one = folder(without(memoryStates(), "UnknownOperationException"));
    expect(await take(one, records(keys(3)))).toEqual([CALL, ...many(3, "PutItem")]);
    expect(await take(one, records(keys(3), 100))).toEqual(many(3, "PutItem"));
  });

  it("a call that is refused as a whole: each alone shows whether it is to blame", async () => {
    const memory = memoryStates();
    const one = folder(without(memory, "ValidationException"));
    expect(await take(one, records(keys(3)))).toEqual([CALL, ...many(3, "PutItem")]);
    expect(memory.items("States")).toHaveLength(3);
  });

  it("an engine that takes no such UPDATE is remembered, and INSERTs still go together", async () => {
    const memory = memoryStates();
    const error: BatchStatementError = { Code: "ValidationError", Message: "Statement wasn't well formed" };
    const one = folder(async <R extends DynamoDbRequest>(request: R): Promise<AnswerOf<R>> => {
      if (request.operation !== "BatchExecuteStatement") return memory.send(request);
      const Responses = request.input.Statements.flatMap((statement) => {
        if (statement.Statement.startsWith("UPDATE")) return { Error: error };
        return memory.send({ operation: request.operation, input: { Statements: [statement] } }).Responses ?? [];
      });
      return { Responses } as AnswerOf<R>;
    });
    expect(await take(one, records(keys(3)))).toEqual([CALL]);
    expect(await take(one, records(keys(3), 100))).toEqual([CALL, ...many(3, "PutItem")]);
    expect(await take(one, records(keys(3), 200))).toEqual(many(3, "PutItem"));
    expect((await take(one, records(keys(6), 300))).toSorted()).toEqual([CALL, ...many(3, "PutItem")]);
    expect(placesIn(memory.items("States"))).toMatchObject({ k0: [8, 100, 200, 300], k5: [305] });
  });

  it("a key that an UPDATE cannot name for sure", async () => {
    const memory = memoryDynamoDb({ ...TABLES, States: { partitionKey: "a.key" } });
    const one = folder(memorySend(memory), { partitionKey: "a.key" });
    expect(await take(one, records(keys(3)))).toEqual([CALL]);
    expect(await take(one, records(keys(3), 100))).toEqual(many(3, "PutItem"));
  });

  it("KW1: one that is refused fails alone", async () => {
    const memory = memoryStates();
    const one = folder(memorySend(memory), { nextFaults: ["one-refused"] });
    const response = await one.deliver(kafkaSource.event(records("a b c")));
    expect(response).toEqual({ batchItemFailures: [expect.objectContaining({ itemIdentifier: expect.anything() })] });
    expect([one.codes, one.operations()]).toEqual([["SEMEL_REFUSED"], [CALL]]);
    expect(memory.items("States")).toHaveLength(2);
  });

  it("KS1: what somebody else folded meanwhile stays, and is folded on", async () => {
    const memory = memoryStates();
    const [one, other] = [folder(memorySend(memory)), folder(memorySend(memory))];
    await take(one, records(keys(3)));
    await take(other, records(keys(3), 100));
    expect(await take(one, records(keys(3), 200))).toEqual([CALL, READ, CALL]);
    expect(placesIn(memory.items("States"))).toMatchObject({ k0: [8, 100, 200], k2: [10, 102, 202] });
  });

  it("KS3: an item of somebody else's fails alone, and is not overwritten", async () => {
    const memory = memoryStates();
    const foreign: Item = { key: { S: "a" }, state: { S: "mine" } };
    memory.send({ operation: "PutItem", input: { TableName: "States", Item: foreign } });
    const one = folder(memorySend(memory));
    await one.deliver(kafkaSource.event(records("a b c")));
    expect([one.codes, one.operations()]).toEqual([["SEMEL_EFFECT"], [CALL, READ]]);
    expect(memory.items("States")).toContainEqual(foreign);
    expect(placesIn(memory.items("States"))).toMatchObject({ b: [9], c: [10] });
  });

  it("SQ1: an item that was taken away is made anew by its condition alone, never by an UPDATE", async () => {
    const memory = memoryStates();
    const other = memoryStates();
    const one = folder(async (request) => (one.requests.length > 1 ? other : memory).send(request));
    await take(one, records(keys(2)));
    expect(await take(one, records(keys(2), 100))).toEqual([CALL, READ, CALL]);
    expect(placesIn(other.items("States"))).toEqual({ k0: [100], k1: [101] });
    const made = one.requests.flatMap(({ input }) => ("Statements" in input ? input.Statements : []));
    expect(made.map(({ Statement }) => Statement.slice(0, 6))).toEqual(
      ["INSERT", "INSERT", "UPDATE", "UPDATE"].concat("INSERT", "INSERT"),
    );
  });
});

it("KW3: what could not be sent in time is not done, and what was left open stays open", async () => {
  const host = virtualHost();
  const busy: Send = ({ operation }) =>
    new Promise((_, reject) => host.after(900, () => reject(named("ThrottlingException", operation))));
  const one = folder(busy, { host, deadlineMarginMs: 1_000 });
  await host.run(one.deliver(kinesisSource.event(records(keys(600))), 1_700));
  expect(one.operations()).toEqual(many(10, CALL));
  expect(new Set(one.codes)).toEqual(new Set(["SEMEL_CONTENTION", "SEMEL_DEADLINE"]));
  const nextFaults: readonly StatementFault[] = ["applied-later", ...Array<"throttled">(30).fill("throttled")];
  const open = folder(memorySend(memoryStates()), { host, nextFaults });
  await host.run(open.deliver(kinesisSource.event(records("a b")), 3_000));
  expect(new Set(open.codes)).toEqual(new Set(["SEMEL_UNKNOWN_OUTCOME"]));
});

it("what goes again goes together", async () => {
  const host = virtualHost(Math.random);
  const memory = memoryStates();
  const one = folder(memorySend(memory), { host, nextFaults: ["throttled", "never-applied"] });
  expect(await host.run(one.deliver(kinesisSource.event(records(keys(20)))))).toEqual(NOTHING_FAILED);
  expect(one.operations()).toEqual([CALL, CALL, CALL]);
});

it("under every sequence of faults: each message is folded once, in order", async () => {
  const fault = fc.constantFrom<StatementFault>("none", "none", "one-refused", ...STATEMENT_FAULTS);
  const trouble = fc.record({
    all: fc.array(fc.constantFrom("a", "b", "c", "d"), { minLength: 2, maxLength: 12 }),
    faults: fc.array(fc.array(fault, { maxLength: 6 }), { minLength: 2, maxLength: 2 }),
    timesLeftMs: fc.array(fc.constantFrom(700, 2_000, 30_000), { minLength: 1, maxLength: 4 }),
    known: fc.constantFrom(0, 100),
  });
  let folded = 0;
  await fc.assert(
    fc.asyncProperty(trouble, async ({ all, faults, timesLeftMs, known }) => {
      const host = virtualHost();
      const memory = memoryStates();
      // Two processes, both at work on the same messages.
      const both = faults.map((nextFaults) => {
        return folder(memorySend(memory), { host, nextFaults, committedKeysMax: known });
      });
      let left: readonly TestRecord[] = records(all.join(" "));
      const sent = left;
      for (let deliveries = 0; left.length > 0; deliveries++) {
        if (deliveries > 12) throw new Error("messages come again and again");
        const event = kafkaSource.event(left);
        const timeLeftMs = timesLeftMs[deliveries % timesLeftMs.length] ?? 30_000;
        const [, response] = await host.run(Promise.all(both.map((one) => one.deliver(event, timeLeftMs))));
        const [again] = kafkaSource.again(left, response);
        left = left.filter((_, index) => again?.has(index));
        await host.run(new Promise<void>((resolve) => host.after(10_000, resolve)));
      }
      await host.drain();
      const expected = Map.groupBy(sent, ({ key }) => key);
      for (const [key, own] of expected) expect(placesIn(memory.items("States"))[key]).toEqual(own.map(({ at }) => at));
      folded += sent.length;
    }),
    { numRuns: Number(process.env["RUNS"] ?? 150) },
  );
  expect(folded).toBeGreaterThan(0);
});
