// Two strategies side by side during a deployment: a worker of strategy commit meets a key that one of claim holds.

import { describe, expect, it } from "vitest";
import { KeyInUseError } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { RECORDS, testConsumer } from "../support/consumer.ts";
import { post, waited } from "../support/direct.ts";
import { faultySend } from "../support/faulty-send.ts";
import { memoryQueue } from "../support/memory-queue.ts";
import { sqsEvent } from "../support/sqs-event.ts";

/** A worker of strategy claim, and one of commit over the same tables. */
function scene(key?: string) {
  const claiming = testConsumer({ strategy: "claim", ...(key === undefined ? {} : { key }) });
  const { memory, host, context } = claiming;
  const queue = memoryQueue();
  const errors: string[] = [];
  const logger = { debug() {}, info() {}, warn() {}, error: (message: string) => void errors.push(message) };
  const { send } = faultySend(memory, host, () => "none");
  const committing = createExactlyOnce(
    { consumer: "orders", table: RECORDS, retentionDays: 40, logger, ...(key === undefined ? {} : { key }) },
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
