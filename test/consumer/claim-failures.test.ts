// Strategy claim: what a handler that fails leaves, and who goes on with it.

import { describe, expect, it } from "vitest";
import { PermanentError } from "../../lib/index.ts";
import { testConsumer } from "../support/consumer.ts";
import { DLQ_URL, failureOf } from "../support/memory-queue.ts";
import { sqsEvent } from "../support/sqs-event.ts";
import { claim, count, counted, done, event, failed, record, worker } from "./claims.ts";

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
