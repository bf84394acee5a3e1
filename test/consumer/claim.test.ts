// Strategy claim through the consumer: who runs, who waits, what an owner that is late or dead can do.

import { describe, expect, it } from "vitest";
import type { Item } from "../../lib/aws/dynamodb.ts";
import { exactlyOnce, PermanentError, type Tx } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import type { MemoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type { AnswerOf, DynamoDbRequest } from "../../lib/store/send.ts";
import { RECORDS, type TestConsumer, testConsumer } from "../support/consumer.ts";
import { FAULTS, type Fault, faultySend } from "../support/faulty-send.ts";
import { DLQ_URL, failureOf, memoryQueue } from "../support/memory-queue.ts";
import { sqsEvent } from "../support/sqs-event.ts";

const event = sqsEvent({ body: { id: "a" } });
const done = { batchItemFailures: [] };
const failed = { batchItemFailures: [{ itemIdentifier: "m-1" }] };
const claim = { key: "id", strategy: "claim" } as const;

function count(_message: unknown, tx: Tx): void {
  tx.increment({ TableName: "Counters", Key: { id: "n" } }, { n: 1 });
}
const counted = (memory: MemoryDynamoDb): number => Number(memory.items("Counters")[0]?.["n"]?.N ?? 0);
const record = (memory: MemoryDynamoDb): Item => memory.items(RECORDS)[0] ?? {};
const operations = ({ requests }: TestConsumer<unknown>): string[] => requests.map(({ request }) => request.operation);

/** Another worker of the same consumer: a process of its own, over the same tables. */
function worker(
  { memory, host, logged }: TestConsumer<unknown>,
  options: Parameters<typeof exactlyOnce>[0] = {},
  fault: (request: DynamoDbRequest) => Fault = () => "none",
) {
  const queue = memoryQueue();
  const log = (level: string) => (message: string, details: Record<string, unknown>) =>
    logged.push({ level, message, details });
  const logger = { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
  const { send } = faultySend(memory, host, fault);
  const orders = createExactlyOnce(
    { consumer: "orders", table: RECORDS, retentionDays: 40, logger, ...claim, ...options },
    { host, send, sqsSend: queue.sqsSend, environment: {} },
  );
  return { orders, queue };
}

/** A handler that takes this long, ms. */
const slowly = (host: TestConsumer<unknown>["host"], ms: number) => async (message: unknown, tx: Tx) => {
  await new Promise<void>((resolve) => host.after(ms, resolve));
  count(message, tx);
};

describe("one worker", () => {
  it("acquires, runs, and commits in one transaction", async () => {
    const scene = testConsumer(claim);
    const { orders, memory, host, context } = scene;
    const seen: unknown[] = [];
    const handler = orders.lambda((message, tx) => {
      seen.push(record(memory)["status"]);
      count(message, tx);
    });
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect(seen).toEqual([{ S: "IN_PROGRESS" }]);
    expect(operations(scene)).toEqual(["PutItem", "TransactWriteItems"]);
    expect([counted(memory), record(memory)["status"]]).toEqual([1, { S: "COMPLETED" }]);
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect([seen.length, counted(memory)]).toEqual([1, 1]);
  });

  it("messages of a batch commit together, each under its own claim", async () => {
    const scene = testConsumer(claim);
    const { orders, memory, host, context } = scene;
    const bodies = Array.from({ length: 10 }, (_, index) => ({ body: { id: `k${index}` } }));
    expect(await host.run(orders.lambda(count)(sqsEvent(...bodies), context()))).toEqual(done);
    expect(operations(scene).filter((one) => one === "TransactWriteItems")).toHaveLength(1);
    expect(counted(memory)).toBe(10);
  });

  it("no lease runs while its message waits for a place", async () => {
    const { orders, memory, host, context } = testConsumer({ ...claim, concurrency: 1, leaseSeconds: 1 });
    const first: unknown[] = [];
    const handler = orders.lambda(async (message, tx) => {
      first.push(memory.items(RECORDS).filter(({ status }) => status?.S === "IN_PROGRESS").length);
      await slowly(host, 2_500)(message, tx);
    });
    const bodies = ["a", "b", "c"].map((id) => ({ body: { id } }));
    expect(await host.run(handler(sqsEvent(...bodies), context(30_000)))).toEqual(done);
    expect(first).toEqual([1, 1, 1]);
  });

  it("renews while the handler runs, and not after it", async () => {
    const scene = testConsumer({ ...claim, leaseSeconds: 30 });
    const { orders, memory, host, context } = scene;
    const startMs = host.nowMs();
    const leases: number[] = [];
    const handler = orders.lambda(async (message, tx) => {
      for (let s = 0; s < 3; s++) {
        await new Promise<void>((resolve) => host.after(12_000, resolve));
        leases.push(Number(record(memory)["leaseUntil"]?.N) - startMs);
      }
      count(message, tx);
    });
    expect(await host.run(handler(event, context(100_000)))).toEqual(done);
    expect(leases).toEqual([37_500, 52_500, 60_000]);
    await host.drain();
    const renewals = Array.from({ length: 4 }, () => "UpdateItem");
    expect(operations(scene)).toEqual(["PutItem", ...renewals, "TransactWriteItems"]);
  });
});

it("LE2: no renewal is under way when the commit is sent", async () => {
  const { memory, host, context } = testConsumer(claim);
  let renewing = 0;
  const underWay: number[] = [];
  const send = async <R extends DynamoDbRequest>(request: R): Promise<AnswerOf<R>> => {
    if (request.operation === "TransactWriteItems") underWay.push(renewing);
    if (request.operation !== "UpdateItem") return memory.send(request);
    renewing++;
    await new Promise<void>((resolve) => host.after(50, resolve));
    renewing--;
    return memory.send(request);
  };
  const orders = createExactlyOnce(
    { consumer: "orders", table: RECORDS, retentionDays: 40, leaseSeconds: 30, ...claim },
    { host, send, environment: {} },
  );
  // The first renewal was sent just before the handler ends.
  expect(await host.run(orders.lambda(slowly(host, 7_501))(event, context(60_000)))).toEqual(done);
  expect(underWay).toEqual([0]);
});

describe("one answer that goes wrong", () => {
  const calls = ["PutItem", "UpdateItem", "TransactWriteItems"] as const;
  const rows = calls.flatMap((call) => FAULTS.map((fault) => [call, fault] as const));

  it.each(rows)(
    "%s, %s: the message is committed once, its step is kept, and a failure comes again",
    async (call, fault) => {
      let met = false;
      const { orders, memory, host, context } = testConsumer(claim, ({ operation }) => {
        if (met || operation !== call) return "none";
        met = true;
        return fault;
      });
      let charges = 0;
      const handler = orders.lambda(async (message, tx) => {
        await tx.step("charge", () => ++charges);
        count(message, tx);
      });
      let response: unknown;
      for (let delivery = 1; delivery <= 3; delivery++) {
        response = await host.run(handler(event, context()));
        host.after(60_000, () => {});
        await host.drain(); // what comes later has come, and every lease is over
        if (JSON.stringify(response) === JSON.stringify(done)) break;
      }
      expect(met).toBe(true);
      expect(response).toEqual(done);
      expect([counted(memory), record(memory)["status"]]).toEqual([1, { S: "COMPLETED" }]);
      expect(charges).toBe(1);
    },
  );

  it.each(calls)("%s without any answer until the time is up: failed, and nothing is done twice", async (call) => {
    for (const fault of ["never-applied", "answer-lost", "applied-later", "hangs", "server-error-applied"] as const) {
      let broken = true;
      const scene = testConsumer(claim, ({ operation }) => (broken && operation === call ? fault : "none"));
      const { orders, memory, host, context } = scene;
      const keys = new Set<string>();
      const handler = orders.lambda(async (message, tx) => {
        await tx.step("charge", ({ idempotencyKey }) => void keys.add(idempotencyKey));
        count(message, tx);
      });
      const response = await host.run(handler(event, context()));
      if (JSON.stringify(response) === JSON.stringify(done))
        expect(counted(memory)).toBe(1); // a release told it
      else expect(response).toEqual(failed);
      broken = false;
      host.after(60_000, () => {});
      await host.drain();
      expect(await host.run(handler(event, context()))).toEqual(done);
      expect([counted(memory), keys.size]).toEqual([1, 1]);
    }
  });

  it("a commit without an answer is settled by the release: committed, where it went through", async () => {
    const { orders, memory, host, context, codes } = testConsumer(claim, ({ operation }) =>
      operation === "TransactWriteItems" ? "server-error-applied" : "none",
    );
    // The token is remembered, so only the release can tell.
    expect(await host.run(orders.lambda(count)(event, context(2_000)))).toEqual(done);
    expect([counted(memory), codes()]).toEqual([1, []]);
  });

  it("LE1: a renewal that hangs leaves time for the next, and the lease lasts", async () => {
    const faults: Fault[] = ["hangs"];
    const { orders, memory, host, context } = testConsumer({ ...claim, leaseSeconds: 3 }, ({ operation }) =>
      operation === "UpdateItem" ? (faults.shift() ?? "none") : "none",
    );
    const leftMs: number[] = [];
    const handler = orders.lambda(async () => {
      for (let s = 0; s < 12; s++) {
        await new Promise<void>((resolve) => host.after(500, resolve));
        leftMs.push(Number(record(memory)["leaseUntil"]?.N) - host.nowMs());
      }
    });
    expect(await host.run(handler(event, context(60_000)))).toEqual(done);
    expect(Math.min(...leftMs)).toBeGreaterThan(0);
    expect(faults).toEqual([]);
  });

  it("a step that ends between gate and answer is kept, though its first write is throttled", async () => {
    let throttled = false;
    const { orders, host, context } = testConsumer(claim, ({ operation }) => {
      if (throttled || operation !== "UpdateItem") return "none";
      throttled = true;
      return "throttled";
    });
    let charges = 0;
    const handler = orders.lambda((_message, tx) =>
      tx.step("charge", () => new Promise<void>((resolve) => host.after(charges++ === 0 ? 1_005 : 1, resolve))),
    );
    expect(await host.run(handler(event, context(1_500)))).toEqual(failed);
    host.after(60_000, () => {});
    await host.drain();
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect(charges).toBe(1);
  });

  it("a release without an answer does not hold up the batch for long", async () => {
    const { orders, host, context } = testConsumer(claim, ({ operation }) =>
      operation === "UpdateItem" ? "hangs" : "none",
    );
    const startMs = host.nowMs();
    const handler = orders.lambda(() => Promise.reject(new Error("down")));
    expect(await host.run(handler(event, context(900_000)))).toEqual(failed);
    expect(host.nowMs() - startMs).toBeLessThan(10_000);
  });

  it("LE1: a renewal that conflicts, is throttled or is not answered is no lost lease", async () => {
    const faults: Fault[] = ["throttled", "hangs", "never-applied", "server-error", "in-progress"];
    const { orders, memory, host, context } = testConsumer({ ...claim, leaseSeconds: 30 }, ({ operation }) =>
      operation === "UpdateItem" ? (faults.shift() ?? "none") : "none",
    );
    expect(await host.run(orders.lambda(slowly(host, 90_000))(event, context(120_000)))).toEqual(done);
    expect([counted(memory), faults]).toEqual([1, []]);
  });
});

describe("a duplicate in flight", () => {
  it.each([1, 2])(
    "receipt %i: is deferred until the owner's deadline, without an error in the logs",
    async (receiveCount) => {
      const scene = testConsumer(claim);
      const { orders, memory, host, context, logged } = scene;
      const other = worker(scene, { backoff: false });
      const running = orders.lambda(slowly(host, 5_000))(event, context(20_000));
      let runs = 0;
      const copy = sqsEvent({ messageId: "m-2", body: { id: "a" }, receiveCount });
      const waiting = new Promise<void>((resolve) => host.after(1_000, resolve)).then(() =>
        other.orders.lambda(() => void runs++)(copy, context(20_000)),
      );
      expect(await host.run(waiting)).toEqual({ batchItemFailures: [{ itemIdentifier: "m-2" }] });
      expect([...other.queue.hidden.values()]).toEqual([19]);
      expect(logged.filter(({ level }) => level !== "debug")).toEqual([]);
      expect(logged.map(({ message }) => message)).toEqual(["Message deferred: its key is in use"]);
      expect(await host.run(running)).toEqual(done);
      expect(await host.run(other.orders.lambda(() => void runs++)(copy, context()))).toEqual(done);
      expect([runs, counted(memory)]).toEqual([0, 1]);
    },
  );

  it("counts as deferred, not as failed", async () => {
    const metrics: [string, number][] = [];
    const scene = testConsumer(claim);
    const other = worker(scene, { metrics: { addMetric: (name, _unit, value) => metrics.push([name, value]) } });
    const { host, context } = scene;
    void scene.orders.lambda(slowly(host, 5_000))(event, context(20_000));
    const later = new Promise<void>((resolve) => host.after(1_000, resolve));
    await host.run(later.then(() => other.orders.lambda(count)(sqsEvent({ body: { id: "a" } }), context(20_000))));
    expect(metrics).toEqual([["MessagesDeferred", 1]]);
    await host.drain();
  });
});

describe("an owner that is late or dead", () => {
  it("Z1, Z4: its key is taken over when the lease is over, and its commit changes nothing", async () => {
    const scene = testConsumer({ ...claim, leaseSeconds: 2 }, ({ operation }) =>
      operation === "UpdateItem" ? "never-applied" : "none",
    );
    const { orders, memory, host, context, codes } = scene;
    const aborted: unknown[] = [];
    const late = orders.lambda(async (message, tx) => {
      tx.signal.addEventListener("abort", () => aborted.push(tx.signal.reason));
      await slowly(host, 9_000)(message, tx);
    })(event, context(20_000));
    const other = worker(scene);
    const taken = new Promise<void>((resolve) => host.after(5_000, resolve)).then(() =>
      other.orders.lambda(count)(event, context(20_000)),
    );
    expect(await host.run(taken)).toEqual(done);
    const before = record(memory);
    expect(await host.run(late)).toEqual(done); // its commit found the other's: a duplicate
    expect([counted(memory), record(memory), codes()]).toEqual([1, before, []]);
    expect(before["fencingToken"]).toEqual({ N: "2" });
  });

  it("I4: a renewal that is refused tells it: its signal aborts, and it commits nothing", async () => {
    let deaf = true;
    const scene = testConsumer({ ...claim, leaseSeconds: 3 }, ({ operation }) =>
      deaf && operation === "UpdateItem" ? "never-applied" : "none",
    );
    const { orders, memory, host, context, codes } = scene;
    let reason: unknown;
    const late = orders.lambda(async (message, tx) => {
      tx.signal.addEventListener("abort", () => {
        reason = tx.signal.reason;
      });
      await slowly(host, 15_000)(message, tx);
    })(event, context(20_000));
    const other = worker(scene);
    const taken = new Promise<void>((resolve) => host.after(6_000, resolve)).then(() => {
      deaf = false;
      return other.orders.lambda(slowly(host, 12_000))(event, context(20_000));
    });
    expect(await host.run(late)).toEqual(failed);
    expect(codes()).toEqual(["SEMEL_LEASE_LOST"]);
    expect(reason).toMatchObject({ code: "SEMEL_LEASE_LOST" });
    expect(counted(memory)).toBe(0);
    expect(await host.run(taken)).toEqual(done);
    await host.drain();
    expect(counted(memory)).toBe(1);
  });

  it("a handler that outlives the deadline keeps the key until its invocation is over", async () => {
    const scene = testConsumer({ ...claim, leaseSeconds: 30 });
    const { orders, memory, host, context, codes } = scene;
    expect(await host.run(orders.lambda(slowly(host, 50_000))(event, context(3_000)))).toEqual(failed);
    expect([codes(), record(memory)["status"]]).toEqual([["SEMEL_DEADLINE"], { S: "IN_PROGRESS" }]);
    expect(await host.run(worker(scene).orders.lambda(count)(event, context()))).toEqual(failed);
    expect(counted(memory)).toBe(0);
    await host.drain();
    expect(await host.run(worker(scene).orders.lambda(count)(event, context()))).toEqual(done);
    expect(counted(memory)).toBe(1);
  });
});

describe("a handler that fails", () => {
  it("gives the key back, with its steps: the next delivery goes on at once", async () => {
    const { orders, memory, host, context } = testConsumer(claim);
    const ran: string[] = [];
    let runs = 0;
    const handler = orders.lambda(async (message, tx) => {
      await tx.step("one", () => void ran.push("one"));
      if (++runs === 1) throw new Error("between the steps");
      await tx.step("two", () => void ran.push("two"));
      count(message, tx);
    });
    expect(await host.run(handler(event, context()))).toEqual(failed);
    expect(record(memory)).toMatchObject({ status: { S: "RELEASED" }, steps: { M: { one: { NULL: true } } } });
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect([ran, counted(memory)]).toEqual([["one", "two"], 1]);
    expect(record(memory)).toMatchObject({ status: { S: "COMPLETED" }, fencingToken: { N: "2" } });
  });

  it("for good: is rejected under its claim, and in the dead-letter queue; a redrive skips the steps that were done", async () => {
    const scene = testConsumer({ ...claim, deadLetterQueueUrl: DLQ_URL });
    const { orders, memory, host, context, queue } = scene;
    const keys: string[] = [];
    let frozen = true;
    const handler = orders.lambda(async (message, tx) => {
      await tx.step("charge", ({ idempotencyKey }) => void keys.push(idempotencyKey));
      if (frozen) throw new PermanentError("frozen");
      count(message, tx);
    });
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect(queue.deadLetters.map(failureOf)).toMatchObject([
      { code: "SEMEL_PERMANENT", reason: expect.stringMatching(/frozen/) },
    ]);
    expect(record(memory)).toMatchObject({ status: { S: "REJECTED" }, fencingToken: { N: "1" } });
    expect(await host.run(handler(event, context()))).toEqual(done); // the same message again: sent again, not run
    expect([queue.deadLetters.length, keys.length]).toEqual([2, 1]);
    frozen = false;
    expect(await host.run(handler(sqsEvent({ messageId: "redriven", body: { id: "a" } }), context()))).toEqual(done);
    expect([counted(memory), keys.length, record(memory)["status"]]).toEqual([1, 1, { S: "COMPLETED" }]);
  });

  it("is rejected where a new deployment's schema refuses it, though its key was given back before", async () => {
    const scene = testConsumer(claim);
    const { orders, memory, host, context } = scene;
    await host.run(orders.lambda(() => Promise.reject(new Error("down")))(event, context()));
    const validate = () => ({ issues: [{ message: "no longer" }] });
    const schema = { "~standard": { version: 1, vendor: "test", validate } } as const;
    const next = worker(scene, { schema, deadLetterQueueUrl: DLQ_URL });
    expect(await host.run(next.orders.lambda(count)(event, context()))).toEqual(done);
    expect(next.queue.deadLetters.map(failureOf)).toMatchObject([{ code: "SEMEL_SCHEMA" }]);
    expect(record(memory)).toMatchObject({ status: { S: "REJECTED" }, fencingToken: { N: "2" } });
  });

  it("I7, CL5: another payload cannot go on with steps that were done", async () => {
    const { orders, host, context, codes } = testConsumer(claim);
    const handler = orders.lambda(async (_message, tx) => {
      await tx.step("charge", () => 1);
      throw new Error("no");
    });
    await host.run(handler(event, context()));
    expect(await host.run(handler(sqsEvent({ body: { id: "a", pence: 2 } }), context()))).toEqual(failed);
    expect(codes()).toEqual(["SEMEL_HANDLER", "SEMEL_PAYLOAD_MISMATCH"]);
  });

  it("R3: a failed guard runs it again under the same claim; its steps are not done again", async () => {
    const { orders, memory, host, context } = testConsumer(claim);
    let [runs, charges] = [0, 0];
    const handler = orders.lambda(async (_message, tx) => {
      const charged = await tx.step("charge", () => ++charges);
      const sum = await tx.get<{ n: number }>({ TableName: "Counters", Key: { id: "sum" } });
      if (++runs === 1)
        memory.send({
          operation: "PutItem",
          input: { TableName: "Counters", Item: { id: { S: "sum" }, n: { N: "7" } } },
        });
      expect(charged).toBe(1);
      tx.put({ TableName: "Counters", Item: { id: "sum", n: (sum?.n ?? 0) + 1 } });
    });
    expect(await host.run(handler(event, context()))).toEqual(done);
    expect([runs, charges, counted(memory)]).toEqual([2, 1, 8]);
  });
});

it("refuses options of another strategy", () => {
  const names = { consumer: "c", table: "t", retentionDays: 1 };
  expect(() => exactlyOnce({ ...names, leaseSeconds: 5 })).toThrow(/leaseSeconds needs strategy "claim"/);
  expect(() => exactlyOnce({ ...names, strategy: "claims" as "claim" })).toThrow(/"commit", "claim", "insert"/);
  expect(() => exactlyOnce({ ...names, strategy: "claim", leaseSeconds: 0 })).toThrow(/from 1 to 900/);
});
