// Two strategies side by side during a deployment: a worker of strategy commit meets a key that one of claim holds.

import { describe, expect, it } from "vitest";
import { type ExactlyOnceOptions, KeyInUseError, PermanentError, type Tx } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { RECORDS, testConsumer } from "../support/consumer.ts";
import { post, waited } from "../support/direct.ts";
import { faultySend } from "../support/faulty-send.ts";
import { DLQ_URL, failureOf, memoryQueue } from "../support/memory-queue.ts";
import { sqsEvent } from "../support/sqs-event.ts";

/** A worker of strategy claim, and one of commit over the same tables. */
function scene(key?: string, options: ExactlyOnceOptions = {}, ofClaiming: ExactlyOnceOptions = {}) {
  const claiming = testConsumer({ strategy: "claim", ...(key === undefined ? {} : { key }), ...ofClaiming });
  const { memory, host, context } = claiming;
  const queue = memoryQueue();
  const errors: string[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (message: string) => void errors.push(message) };
  const { send } = faultySend(memory, host, () => "none");
  const committing = createExactlyOnce(
    {
      consumer: "orders",
      table: RECORDS,
      retentionDays: 40,
      logger,
      ...(key === undefined ? {} : { key }),
      ...options,
    },
    { host, send, sqsSend: queue.sqsSend, environment: {} },
  );
  return { claiming, committing, context, errors, host, queue };
}

describe("a key that is held", () => {
  it.each([1, 2])(
    "receipt %i: defers the message until its owner's deadline, without an error",
    async (receiveCount) => {
      const { claiming, committing, context, errors, host, queue } = scene("id");
      const event = sqsEvent({ body: { id: "a" }, receiveCount });
      const running = claiming.orders.lambda(() => waited({ host }, 5_000))(event, context(20_000));
      const later = waited({ host }, 1_000).then(() => committing.lambda(() => {})(event, context()));
      expect(await host.run(later)).toEqual({ batchItemFailures: [{ itemIdentifier: "m-1" }] });
      expect([errors, [...queue.hidden.values()]]).toEqual([[], [19]]);
      expect(await host.run(running)).toEqual({ batchItemFailures: [] });
      expect(await host.run(committing.lambda(() => {})(event, context()))).toEqual({ batchItemFailures: [] });
    },
  );

  it("tells the caller of once to try again", async () => {
    const { claiming, committing, context, host } = scene();
    const running = claiming.orders.once(() => waited({ host }, 5_000))(post("k"), context(20_000));
    const later = waited({ host }, 1_000).then(() => committing.once(() => 1)(post("k"), context()));
    await expect(host.run(later)).rejects.toEqual(new KeyInUseError(19));
    await host.run(running);
  });
});

describe("a key that nobody works on any more", () => {
  it.each(["given back", "lapsed"])("%s: a message of it is committed, once", async (how) => {
    const { claiming, committing, context, errors, host } = scene("id");
    const event = sqsEvent({ body: { id: "a" } });
    const put = (orderId: string) => (_message: unknown, tx: Tx) => tx.put({ TableName: "Orders", Item: { orderId } });
    const late = claiming.orders.lambda(async (message, tx) => {
      if (how === "given back") throw new Error("down");
      await waited({ host }, 60_000); // it outlives its invocation
      put("late")(message, tx);
    });
    expect(await host.run(late(event, context(2_000)))).toEqual({ batchItemFailures: [{ itemIdentifier: "m-1" }] });
    await host.run(waited({ host }, 2_000));
    expect(await host.run(committing.lambda(put("next"))(event, context()))).toEqual({ batchItemFailures: [] });
    await host.drain();
    expect(claiming.memory.items("Orders")).toEqual([{ orderId: { S: "next" } }]);
    expect([errors, claiming.memory.items(RECORDS)[0]?.["status"]]).toEqual([[], { S: "COMPLETED" }]);
  });

  it("CL4: keeps the rejection of a message: its copy is sent to the dead-letter queue again, and acknowledged", async () => {
    const dlq = { deadLetterQueueUrl: DLQ_URL };
    const { claiming, committing, context, host, queue } = scene("id", dlq, dlq);
    const hopeless = () => Promise.reject(new PermanentError("no"));
    const event = (messageId: string) => sqsEvent({ messageId, body: { id: "a" } });
    const done = { batchItemFailures: [] };
    expect(await host.run(claiming.orders.lambda(hopeless)(event("m-1"), context()))).toEqual(done);
    await host.run(claiming.orders.lambda(() => Promise.reject(new Error("down")))(event("m-2"), context()));
    const put = (_message: unknown, tx: Tx) => tx.put({ TableName: "Orders", Item: { orderId: "a" } });
    expect(await host.run(committing.lambda(put)(event("m-1"), context()))).toEqual(done);
    expect(claiming.memory.items("Orders")).toEqual([]); // P4
    expect(queue.deadLetters.map(failureOf)).toMatchObject([{ messageId: "m-1" }]);
    expect(claiming.memory.items(RECORDS)).toMatchObject([{ status: { S: "RELEASED" }, messageId: { S: "m-2" } }]);
  });

  it("CL4: nor where the claim was rejected: the steps are kept, for the redrive of the one that has them", async () => {
    const dlq = { deadLetterQueueUrl: DLQ_URL };
    const { claiming, committing, context, errors, host } = scene("id", dlq, dlq);
    const event = (messageId: string) => sqsEvent({ messageId, body: { id: "a" } });
    const charged = claiming.orders.lambda(async (_message, tx) => {
      await tx.step("charge", () => 1);
      throw new PermanentError("no");
    });
    expect(await host.run(charged(event("m-1"), context()))).toEqual({ batchItemFailures: [] });
    const rejecting = committing.lambda(() => Promise.reject(new PermanentError("nor this")));
    expect(await host.run(rejecting(event("m-2"), context()))).toEqual({
      batchItemFailures: [{ itemIdentifier: "m-2" }],
    });
    expect(errors).toEqual([expect.stringMatching(/could not be recorded as rejected.*SEMEL_DEAD_LETTER/s)]);
    expect(claiming.memory.items(RECORDS)).toMatchObject([
      { status: { S: "REJECTED" }, messageId: { S: "m-1" }, steps: { M: { charge: {} } } },
    ]);
  });

  it("CL4: is not rejected without a claim: its steps would be dropped", async () => {
    const { claiming, committing, context, errors, host } = scene("id", { deadLetterQueueUrl: DLQ_URL });
    const event = sqsEvent({ body: { id: "a" } });
    const failing = claiming.orders.lambda(async (_message, tx) => {
      await tx.step("charge", () => 1);
      throw new Error("down");
    });
    await host.run(failing(event, context()));
    const rejecting = committing.lambda(() => Promise.reject(new PermanentError("no")));
    expect(await host.run(rejecting(event, context()))).toEqual({ batchItemFailures: [{ itemIdentifier: "m-1" }] });
    expect(errors).toEqual([expect.stringMatching(/could not be recorded as rejected.*SEMEL_DEAD_LETTER/s)]);
    expect(claiming.memory.items(RECORDS)[0]).toMatchObject({
      status: { S: "RELEASED" },
      steps: { M: { charge: {} } },
    });
  });
});
