// Random outboxes under random trouble: relays that die, stale ones side by side with new ones, batches that come again and are given up,
// sweeps. Whatever happens: every message is sent, or dead-lettered, at least once and always under the same id; first sends of a group are
// in order; an item is removed only after. More runs: SEMEL_RUNS=3000 npx vitest run test/relay/properties.test.ts

import fc from "fast-check";
import { expect, it } from "vitest";
import type { StreamBatchResponse } from "../../lib/aws/lambda.ts";
import type { DeclaredMessage } from "../../lib/protocol/outbox.ts";
import type { Relay } from "../../lib/relay/relay.ts";
import {
  BUS,
  complaintsAtEnd,
  context,
  createWorld,
  type Fault,
  FIFO,
  POISON,
  QUEUE,
  TOPIC,
  type World,
} from "./world.ts";

const RUNS = Number(process.env["SEMEL_RUNS"] ?? 150);

const body = fc.constantFrom("a", "b", "c", POISON);
const message: fc.Arbitrary<DeclaredMessage> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("sqs"),
      target: fc.constant(FIFO),
      body,
      groupId: fc.constantFrom("g", "h"),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("sqs"), target: fc.constant(QUEUE), body }) },
  fc.record({ kind: fc.constant("sns"), target: fc.constant(TOPIC), body }),
  fc.record({
    kind: fc.constant("eventbridge"),
    target: fc.constant(BUS),
    body: body.map((text) => JSON.stringify({ text })),
    source: fc.constant("shop"),
    detailType: fc.constant("Ordered"),
  }),
);
const fault = fc.constantFrom<Fault>("none", "none", "never-arrives", "answer-lost", "hangs", "partly", "dies");
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      does: fc.constant("commit" as const),
      messages: fc.array(message, { minLength: 1, maxLength: 4 }),
    }),
  },
  fc.record({
    does: fc.constant("deliver" as const),
    stale: fc.boolean(),
    faults: fc.array(fault, { maxLength: 12 }),
    failing: fc.option(fc.record({ body, times: fc.integer({ min: 1, max: 12 }) }), { nil: undefined }),
  }),
  fc.record({ does: fc.constant("sweep" as const), stale: fc.boolean(), faults: fc.array(fault, { maxLength: 8 }) }),
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Longer than any invocation: those that died are over. */
const TIMEOUT_MS = 40_000;
const RETRIES_MAX = 2;

function wait(world: World, ms: number): Promise<void> {
  return new Promise((resolve) => void world.host.after(ms, resolve));
}

/** What Lambda hears of an invocation; undefined: it died, or failed. */
async function invoked<T>(world: World, invocation: Promise<T>): Promise<T | undefined> {
  const over = wait(world, TIMEOUT_MS).then(() => undefined);
  return world.host.run(Promise.race([invocation.catch(() => undefined), over]));
}

/** The batch comes again from the lowest failure on, until its retries are over; sometimes with a stale invocation beside it. */
async function deliver(world: World, stale: boolean, relayOf: () => Relay): Promise<void> {
  let records = world.records();
  for (let tries = 0; records.length > 0 && tries <= RETRIES_MAX; tries++) {
    const beside = stale ? relayOf().stream({ Records: records }, context) : undefined;
    const answer: StreamBatchResponse | undefined = await invoked(
      world,
      relayOf().stream({ Records: records }, context),
    );
    void beside?.catch(() => {});
    const [failure] = answer?.batchItemFailures ?? [];
    const reported = records.findIndex(({ dynamodb }) => dynamodb?.SequenceNumber === failure?.itemIdentifier);
    const settled = answer === undefined ? [] : failure === undefined ? records : records.slice(0, reported);
    const there = settled.filter(({ dynamodb }) => world.has(dynamodb?.Keys?.["pk"]?.S, dynamodb?.Keys?.["sk"]?.S));
    expect(there).toEqual([]); // RL1
    if (answer !== undefined && failure === undefined) return;
    expect(answer === undefined || reported >= 0).toBe(true);
    records = records.slice(Math.max(0, reported));
  }
}

async function play(steps: readonly Step[], random: () => number): Promise<World> {
  const world = createWorld(random);
  let relay = world.relay();
  for (const one of steps) {
    if (one.does === "commit") {
      world.commit(one.messages);
      continue;
    }
    world.faults = [...one.faults];
    const relayOf = (): Relay => {
      if (one.stale || one.faults.includes("dies")) relay = world.relay();
      return relay;
    };
    if (one.does === "deliver") {
      world.failing = one.failing && { ...one.failing };
      await deliver(world, one.stale, relayOf);
      world.failing = undefined;
    } else {
      await world.host.run(wait(world, 61_000));
      const beside = one.stale ? relayOf().sweep(context) : undefined;
      void beside?.catch(() => {});
      await invoked(world, relayOf().sweep(context));
    }
  }
  return world;
}

it("every message is sent or dead-lettered, groups in order, items removed only after", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 14 }),
      fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
      async (steps, numbers) => {
        const world = await play(steps, () => numbers.next().value ?? 0);
        expect(world.complaints).toEqual([]);
        world.faults = [];
        await world.host.run(wait(world, 120_000));
        await world.host.run(world.relay().sweep(context));
        await world.host.drain();
        expect(complaintsAtEnd(world)).toEqual([]);
      },
    ),
    { numRuns: RUNS },
  );
});
