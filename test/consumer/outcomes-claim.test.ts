// The calls of strategy claim, against everything that AWS can answer. Which error is told, and when a message comes again, is
// the business of claim.test.ts; here is what must hold whatever was answered, and that a clean redelivery ends it once the
// leases of the dead have lapsed.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PermanentError } from "../../lib/index.ts";
import { DLQ_URL } from "../support/memory-queue.ts";
import type { TestMessage } from "../support/sqs-event.ts";
import { type AwsRequest, OUTCOMES, type Scene, type SceneOptions, scene } from "./outcomes.ts";

const bodies = (count: number): TestMessage[] =>
  Array.from({ length: count }, (_, index) => ({ body: { id: `k${index}` } }));
const options = { strategy: "claim", deadLetterQueueUrl: DLQ_URL } as const;
const HOUR_MS = 3_600_000;

async function recover(world: Scene, messages: number): Promise<void> {
  world.next = () => undefined;
  for (const receiveCount of [8, 9]) {
    // two: a handler's first run may fail
    await world.host.drain();
    await world.host.run(new Promise<void>((resolve) => world.host.after(HOUR_MS, resolve)));
    await world.deliver(receiveCount);
  }
  await world.host.drain();
  world.check();
  expect(world.acknowledged.size).toBe(messages);
}

interface Call extends SceneOptions {
  readonly operation: AwsRequest["operation"];
}

const stepping: SceneOptions["handler"] = async (messageId, tx) => {
  await tx.step("charge", async () => messageId);
};
const failingOnce: SceneOptions["handler"] = (_messageId, _tx, runs) => {
  if (runs === 1) throw new Error("no");
};
const CALLS: Record<string, Call> = {
  "PutItem, which acquires": { operation: "PutItem", messages: bodies(2), options },
  "UpdateItem, which keeps a step": { operation: "UpdateItem", messages: bodies(2), options, handler: stepping },
  "UpdateItem, which releases": { operation: "UpdateItem", messages: bodies(2), options, handler: failingOnce },
  "TransactWriteItems, which commits": { operation: "TransactWriteItems", messages: bodies(2), options },
  "TransactWriteItems, which rejects": {
    operation: "TransactWriteItems",
    messages: bodies(2),
    options,
    handler: (messageId) => {
      if (messageId === "m-2") throw new PermanentError("no such customer");
    },
  },
};

const rows = Object.entries(CALLS).flatMap(([name, call]) =>
  OUTCOMES.filter(({ kind }) => call.operation === "TransactWriteItems" || !/cancelled|condition/.test(kind)).map(
    (outcome) => ({ name, call, outcome }),
  ),
);

describe.each([
  ["once", 1],
  ["until the time is up", Number.POSITIVE_INFINITY],
])("%s:", (_how, times) => {
  it.each(rows)("$name: $outcome.name", async ({ call, outcome }) => {
    const world = scene(call);
    let met = 0;
    world.next = ({ operation }) => (operation === call.operation && met++ < times ? outcome : undefined);
    await world.deliver(1);
    expect(met).toBeGreaterThan(0);
    await recover(world, call.messages.length);
  });
});

describe("any sequence of answers to any calls", () => {
  it.each(Object.entries(CALLS))("%s: loses nothing, doubles nothing", async (_name, call) => {
    const index = fc.option(fc.nat({ max: OUTCOMES.length - 1 }), { freq: 2 });
    const delivery = fc.array(index, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.array(delivery, { minLength: 1, maxLength: 3 }), async (deliveries) => {
        const world = scene(call);
        for (const [count, indexes] of deliveries.entries()) {
          const left = [...indexes];
          world.next = () => OUTCOMES[left.shift() ?? -1];
          await world.deliver(count + 1);
        }
        await recover(world, call.messages.length);
      }),
      { numRuns: 300 },
    );
  });
});
