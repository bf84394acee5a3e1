// RE1 of lib/consumer/rejection.ts at the deadline: found by a mutant that every other test let live.

import type { StandardSchemaV1 } from "@standard-schema/spec";
import { expect, it } from "vitest";
import { testConsumer } from "../support/consumer.ts";
import { DLQ_URL } from "../support/memory-queue.ts";
import { sqsEvent } from "../support/sqs-event.ts";

it("RE1: a message that turns out to be hopeless after the gate closed is not dead-lettered, but comes again", async () => {
  const schema: StandardSchemaV1 = {
    "~standard": {
      version: 1,
      vendor: "slow",
      validate: () =>
        new Promise((resolve) => host.after(1_600, () => resolve({ issues: [{ message: "no order at all" }] }))),
    },
  };
  // By a function of the body, so that there is no key, and no record of the rejection that the closed gate would stop.
  const options = { key: () => "a", schema, deadLetterQueueUrl: DLQ_URL };
  const { orders, host, context, queue } = testConsumer(options);
  const response = await host.run(orders.lambda(() => {})(sqsEvent({ body: { id: "a" } }), context(2_000)));
  expect(response).toEqual({ batchItemFailures: [{ itemIdentifier: "m-1" }] });
  expect(queue.deadLetters).toEqual([]);
});
