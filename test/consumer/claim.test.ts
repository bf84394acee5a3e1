// Strategy claim through the consumer: who runs, who waits, what an owner that is late or dead can do.

import { describe, expect, it } from "vitest";
import { exactlyOnce } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import type { AnswerOf, DynamoDbRequest } from "../../lib/store/send.ts";
import { RECORDS, testConsumer } from "../support/consumer.ts";
import { FAULTS, type Fault } from "../support/faulty-send.ts";
import { sqsEvent } from "../support/sqs-event.ts";
import { claim, count, counted, done, event, failed, operations, record, slowly, worker } from "./claims.ts";

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

it("refuses options of another strategy", () => {
  const names = { consumer: "c", table: "t", retentionDays: 1 };
  expect(() => exactlyOnce({ ...names, leaseSeconds: 5 })).toThrow(/leaseSeconds needs strategy "claim"/);
  expect(() => exactlyOnce({ ...names, strategy: "claims" as "claim" })).toThrow(/"commit", "claim", "insert"/);
  expect(() => exactlyOnce({ ...names, strategy: "claim", leaseSeconds: 0 })).toThrow(/from 1 to 900/);
});
