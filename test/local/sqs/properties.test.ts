// Random lives of a queue, each step against the model: nothing is lost (SQ1), nothing is received while it is hidden (SQ2), the
// order and the lock of groups hold (FO1, FO2), receipts that were superseded change nothing (RH1), messages move to the dead-letter
// queue after their last receive and not before (RC1).

import fc from "fast-check";
import { expect, it } from "vitest";
import { SqsError } from "../../../lib/local/sqs/errors.ts";
import { newMessage } from "../../../lib/local/sqs/message.ts";
import { advance, createQueue, place, type Queue } from "../../../lib/local/sqs/queue.ts";
import { receive } from "../../../lib/local/sqs/queue-receive.ts";
import { changeVisibility, deleteByReceipt, receiptHandle } from "../../../lib/local/sqs/receipts.ts";
import { judgeReceive, type Model, type ModelMessage, moveDead } from "./queue-model.ts";

type Step =
  | { kind: "send"; group: number; delayMs: number }
  | { kind: "receive"; max: number; visibilitySeconds: number }
  | { kind: "delete" | "change"; which: number; seconds: number }
  | { kind: "turn"; ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant("send" as const),
    group: fc.nat(2),
    delayMs: fc.constantFrom(0, 0, 0, 1_500),
  }),
  fc.record({
    kind: fc.constant("receive" as const),
    max: fc.integer({ min: 1, max: 4 }),
    visibilitySeconds: fc.constantFrom(0, 1, 2, 5),
  }),
  fc.record({
    kind: fc.constantFrom("delete" as const, "change" as const),
    which: fc.nat(12),
    seconds: fc.constantFrom(0, 1, 4),
  }),
  fc.record({ kind: fc.constant("turn" as const), ms: fc.constantFrom(1, 999, 1_000, 2_500) }),
);

interface World {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly model: Model;
  /** Every receipt that was ever given. */
  readonly receipts: { id: string; handle: string }[];
  nowMs: number;
  sent: number;
}

function createWorld(isFifo: boolean, maxReceiveCount: number): World {
  const arn = (name: string) => `arn:aws:sqs:eu-west-1:000000000000:${name}`;
  const queue = createQueue({ name: "q", arn: arn("q"), serial: 0 }, isFifo, 0);
  const deadLetters = createQueue({ name: "dead", arn: arn("dead"), serial: 1 }, isFifo, 0);
  queue.attributes = { ...queue.attributes, RedrivePolicy: { deadLetterTargetArn: deadLetters.arn, maxReceiveCount } };
  const model: Model = { isFifo, maxReceiveCount, messages: [], dead: [], deleted: [] };
  return { queue, deadLetters, model, receipts: [], nowMs: 1_000_000, sent: 0 };
}

/** What went wrong, if anything. */
function take(world: World, one: Step): string | undefined {
  const { queue, model, nowMs } = world;
  switch (one.kind) {
    case "turn":
      world.nowMs += one.ms;
      return undefined;
    case "send": {
      const id = `m${world.sent++}`;
      const group = `g${one.group}`;
      const message = newMessage({ body: id, bodyMd5: "", senderId: "me", groupId: group }, id, nowMs);
      advance(queue, nowMs);
      place(queue, message, one.delayMs);
      model.messages.push({ id, group, visibleAtMs: nowMs + one.delayMs, receives: 0, handle: "" });
      return undefined;
    }
    case "receive":
      return takeReceive(world, one.max, one.visibilitySeconds);
    case "delete":
    case "change":
      return takeReceipt(world, one);
  }
}

function takeReceive(world: World, max: number, visibilitySeconds: number): string | undefined {
  const { queue, deadLetters, model, nowMs } = world;
  const before = new Set(deadLetters.messages.keys());
  const messages = receive(queue, { max, visibilitySeconds, nowMs, findQueue: () => deadLetters });
  const received = messages.map((message) => {
    return { id: message.id, count: message.receiveCount, handle: receiptHandle(queue, message) };
  });
  world.receipts.push(...received);
  const moved = [...deadLetters.messages.keys()].filter((id) => !before.has(id));
  const wrong = judgeReceive(model, received, { max, nowMs, visibilityMs: visibilitySeconds * 1000 });
  return wrong ?? moveDead(model, moved);
}

function takeReceipt(world: World, one: Extract<Step, { seconds: number }>): string | undefined {
  const { queue, model, nowMs } = world;
  const receipt = world.receipts.at(-1 - one.which);
  if (receipt === undefined) return undefined;
  const message = model.messages.find(({ id }) => id === receipt.id);
  const isLatest = message?.handle === receipt.handle;
  const isInFlight = message !== undefined && message.visibleAtMs > nowMs;
  let refused = false;
  try {
    if (one.kind === "delete") deleteByReceipt(queue, receipt.handle, nowMs);
    else changeVisibility(queue, receipt.handle, { seconds: one.seconds, nowMs });
  } catch (thrown) {
    if (!(thrown instanceof SqsError)) throw thrown;
    refused = true;
  }
  const mayChange = isLatest && isInFlight;
  if (one.kind === "change") return judgeChange(message, { mayChange, refused, untilMs: nowMs + one.seconds * 1000 });
  if (message === undefined) return refused ? "deleting what is gone is refused" : undefined;
  if (refused !== (model.isFifo && !mayChange)) return `deletion of ${receipt.id} refused: ${refused}`;
  if (!refused && isLatest) {
    model.messages = model.messages.filter((other) => other !== message);
    model.deleted.push(message.id);
  }
  return undefined;
}

function judgeChange(
  message: ModelMessage | undefined,
  { mayChange, refused, untilMs }: { mayChange: boolean; refused: boolean; untilMs: number },
): string | undefined {
  if (refused === mayChange) return `change refused: ${refused}`;
  if (message !== undefined && mayChange) message.visibleAtMs = untilMs;
  return undefined;
}

/** Every message is in one place, and the queue's own books are right. */
function checkBooks({ queue, deadLetters, model, nowMs }: World): string | undefined {
  advance(queue, nowMs);
  const ids = [...queue.messages.keys()];
  if (ids.join() !== model.messages.map(({ id }) => id).join()) return `holds ${ids}`;
  if ([...deadLetters.messages.keys()].sort().join() !== [...model.dead].sort().join()) return "dead letters differ";
  const states = { visible: 0, delayed: 0, inFlight: 0 };
  for (const { state } of queue.messages.values()) states[state] += 1;
  if (JSON.stringify(states) !== JSON.stringify(queue.counts)) return `counts ${JSON.stringify(queue.counts)}`;
  const hidden = model.messages.filter(({ visibleAtMs }) => visibleAtMs > nowMs);
  const next = queue.hidden.first()?.visibleAtMs;
  const expected = hidden.length === 0 ? undefined : Math.min(...hidden.map(({ visibleAtMs }) => visibleAtMs));
  return next === expected ? undefined : `next visible at ${next}, not ${expected}`;
}

for (const isFifo of [false, true]) {
  it(`a ${isFifo ? "FIFO" : "standard"} queue does as its model does, whatever happens`, () => {
    const life = fc.tuple(fc.constantFrom(2, 1_000), fc.array(step, { maxLength: 60, size: "max" }));
    fc.assert(
      fc.property(life, ([maxReceiveCount, steps]) => {
        const world = createWorld(isFifo, maxReceiveCount);
        for (const one of steps) {
          expect(take(world, one) ?? checkBooks(world)).toBeUndefined();
        }
        // At the end everything comes, but for what was deleted or is dead.
        world.nowMs += 60_000;
        for (let i = 0; i < 30; i++) expect(takeReceive(world, 10, 0)).toBeUndefined();
        expect(checkBooks(world)).toBeUndefined();
        const { messages, dead, deleted } = world.model;
        expect(messages.length + dead.length + deleted.length).toBe(world.sent);
      }),
      { numRuns: 300 },
    );
  });
}
