// A rejection under a claim that another one has taken over since. Attacks RE2 of lib/consumer/rejection.ts and CL1 of
// lib/protocol/claim.ts: found by mutants that every other test let live.

import { expect, it } from "vitest";
import { PermanentError, type Tx } from "../../lib/index.ts";
import { RECORDS, testConsumer } from "../support/consumer.ts";
import { counted, waited } from "../support/direct.ts";
import { DLQ_URL } from "../support/memory-queue.ts";
import { anotherProcess } from "../support/process.ts";
import { sqsEvent } from "../support/sqs-event.ts";

const options = { key: "id", strategy: "claim", leaseSeconds: 2, deadLetterQueueUrl: DLQ_URL } as const;
const body = { id: "a" };

function count(_message: unknown, tx: Tx): void {
  tx.increment({ TableName: "Counters", Key: { id: "n" } }, { n: 1 });
}

function never(): never {
  throw new PermanentError("the customer does not exist");
}

/** m-1 loses its lease, for it cannot renew it; m-2, of the same key, is rejected before the handler of m-1 ends. */
async function overtaken(handler: (message: unknown, tx: Tx) => void) {
  const scene = testConsumer(options, ({ operation }) => (operation === "UpdateItem" ? "never-applied" : "none"));
  const { context, host, orders } = scene;
  const late = orders.lambda(async (message, tx) => {
    await waited(scene, 9_000);
    handler(message, tx);
  })(sqsEvent({ body }), context(20_000));
  await host.run(waited(scene, 5_000));
  const other = anotherProcess(scene, options);
  const rejected = other.orders.lambda(never)(sqsEvent({ messageId: "m-2", body }), context());
  expect(await host.run(rejected)).toEqual({ batchItemFailures: [] });
  return { ...scene, other, response: await host.run(late) };
}

it("RE2: an owner that comes late does not take another message's rejection for its own", async () => {
  const { codes, memory, queue, response } = await overtaken(never);
  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: "m-1" }] });
  expect(codes()).toEqual(["SEMEL_DEAD_LETTER"]);
  expect(queue.deadLetters).toEqual([]);
  expect(memory.items(RECORDS)).toMatchObject([{ status: { S: "REJECTED" }, messageId: { S: "m-2" } }]);
});

it("P4: an owner that comes late is not rejected for another message's rejection: it runs again", async () => {
  const scene = await overtaken(count);
  const { codes, context, host, other, response } = scene;
  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: "m-1" }] });
  expect([codes(), counted(scene)]).toEqual([["SEMEL_CONTENTION"], 0]);
  const again = other.orders.lambda(count)(sqsEvent({ body, receiveCount: 2 }), context());
  expect(await host.run(again)).toEqual({ batchItemFailures: [] });
  expect(counted(scene)).toBe(1);
});
