// What a fold sends goes with its state, or not at all: attacks OX1, OX2 and OB1 of the outbox, KW1 of lib/store/state-writer.ts.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Message, type Outbox, PermanentError } from "../../lib/index.ts";
import { isGroup, type OutboxItem, readOutboxItem } from "../../lib/protocol/outbox.ts";
import { OUTBOX, type TestConsumer, testConsumer } from "../support/consumer.ts";
import { FAULTS, type Fault } from "../support/faulty-send.ts";
import { DLQ_URL, failureOf as letterOf } from "../support/memory-queue.ts";
import { kinesisSource, ORDERED, type TestRecord, type TestSource } from "../support/source-events.ts";
import { records, type Sent, sent } from "./ordered.ts";

const QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/totals";

interface State {
  readonly places: number[];
}
type Send = (message: Sent, outbox: Outbox, state: State) => void;

interface Scene extends TestConsumer<unknown> {
  deliver(batch: readonly TestRecord[], send: Send, delivery?: Delivery): Promise<TestRecord[]>;
}

interface Delivery {
  readonly timeLeftMs?: number;
  readonly zombies?: number;
}

function scene(source: TestSource, options: object = {}, nextFault: () => Fault = () => "none"): Scene {
  const redrive = source.name === "SQS FIFO" ? { redrive: "never" as const } : {};
  const own = { strategy: "watermark", outbox: { table: OUTBOX }, deadLetterQueueUrl: DLQ_URL } as const;
  const consumer = testConsumer({ ...own, ...redrive, ...options }, nextFault);
  return {
    ...consumer,
    async deliver(batch, send, { timeLeftMs, zombies = 0 } = {}) {
      const handler = consumer.orders.reduce<State, never>({
        table: "Orders",
        partitionKey: "orderId",
        initial: { places: [] },
        apply(state, message: Message, outbox) {
          const one = sent(message);
          state.places.push(one.at);
          send(one, outbox, state);
          return state;
        },
      });
      const invoke = (): Promise<unknown> => handler(source.event(batch), consumer.context(timeLeftMs));
      const [last] = await consumer.host.run(Promise.all(Array.from({ length: 1 + zombies }, invoke)));
      const [again] = source.again(batch, last);
      return batch.filter((_, index) => again?.has(index));
    },
  };
}

function outboxOf({ memory }: Scene): OutboxItem[] {
  const items = memory.items(OUTBOX).flatMap((item): OutboxItem[] => {
    const found = readOutboxItem(item);
    return found.kind === "messages" ? [found.item] : [];
  });
  return items.toSorted((one, other) => (one.sk < other.sk ? -1 : 1));
}

const bodies = (items: readonly OutboxItem[]): string[] =>
  items.flatMap(({ messages }) => messages.map(({ body }) => body));

/** The places of all states, each with its key's letter. */
function states({ memory }: Scene): Map<string, string[]> {
  const all = memory.items("Orders").map(({ orderId, state }): [string, string[]] => {
    const key = /[abc]$|(?<=")[abc](?=")/.exec(orderId?.S ?? "")?.[0] ?? "";
    return [key, (state?.M?.["places"]?.L ?? []).map(({ N }) => `${N} of ${key}`)];
  });
  return new Map(all);
}

const operations = ({ requests }: Scene): string[] => requests.map(({ request }) => request.operation);

/** To a group of its key, and every second one to a queue without order. */
const sendBoth: Send = ({ key, at }, outbox) => {
  outbox.send(`${QUEUE}.fifo`, `${at} of ${key}`, { groupId: key });
  if (at % 2 === 0) outbox.send(QUEUE, `even ${at} of ${key}`);
};

describe.each(ORDERED)("$name", (source) => {
  const trouble = fc.record({
    keys: fc.array(fc.constantFrom("a", "b", "c"), { minLength: 2, maxLength: 9 }),
    faults: fc.array(
      fc.oneof({ weight: 3, arbitrary: fc.constant<Fault>("none") }, fc.constantFrom<Fault>("slow", ...FAULTS)),
      { minLength: 1, maxLength: 12 },
    ),
    timesLeftMs: fc.array(fc.constantFrom(600, 3_000, 30_000), { minLength: 1, maxLength: 4 }),
    zombies: fc.array(fc.constantFrom(0, 0, 1, 2), { minLength: 1, maxLength: 4 }),
    known: fc.constantFrom(0, 100),
  });

  it("OX1, OX2: under faults, what is folded is sent once, in the order of its key, and nothing else is", async () => {
    await fc.assert(
      fc.asyncProperty(trouble, async ({ keys, faults, timesLeftMs, zombies, known }) => {
        let [requests, troubled] = [0, true];
        const nextFault = (): Fault => (troubled ? (faults[requests++ % faults.length] ?? "none") : "none");
        const own = scene(source, { committedKeysMax: known }, nextFault);
        const all = records(keys.join(" "));
        let left: readonly TestRecord[] = all;
        for (let deliveries = 1; left.length > 0; deliveries++) {
          if (deliveries > 12) throw new Error(`${left.length} messages come again and again`);
          troubled = deliveries <= 6;
          const timeLeftMs = (troubled ? timesLeftMs[deliveries % timesLeftMs.length] : undefined) ?? 30_000;
          left = await own.deliver(left, sendBoth, { timeLeftMs, zombies: zombies[deliveries % zombies.length] ?? 0 });
          const folded = [...states(own).values()].flat();
          const grouped = outboxOf(own).filter(({ pk }) => isGroup(pk));
          expect(bodies(grouped).toSorted()).toEqual(folded.toSorted()); // at any time
          await own.host.run(new Promise<void>((resolve) => own.host.after(120_000, resolve)));
        }
        for (const key of new Set(keys)) {
          const places = all.filter((one) => one.key === key).map(({ at }) => `${at} of ${key}`);
          expect(states(own).get(key)).toEqual(places);
          const items = outboxOf(own).filter(({ messages: [first] }) => first?.body.endsWith(` of ${key}`));
          const grouped = items.filter(({ pk }) => isGroup(pk));
          expect(bodies(grouped)).toEqual(places);
          const even = places.filter((place) => Number.parseInt(place, 10) % 2 === 0).map((place) => `even ${place}`);
          expect(bodies(items.filter(({ pk }) => !isGroup(pk))).toSorted()).toEqual(even.toSorted());
        }
        const ids = outboxOf(own).flatMap(({ messages }) => messages.map(({ id }) => id));
        expect(new Set(ids).size).toBe(ids.length);
      }),
      { numRuns: 40 },
    );
  });
});

it("costs one transaction a run where it sends, and what it cost before where it does not", async () => {
  const own = scene(kinesisSource);
  await own.deliver(records("a a a"), sendBoth);
  expect(operations(own).filter((operation) => operation === "TransactWriteItems")).toHaveLength(1);
  const plain = scene(kinesisSource);
  await plain.deliver(records("a a a"), () => {});
  expect(operations(plain)).not.toContain("TransactWriteItems");
});

it("halves a run that sends more than a transaction holds", async () => {
  const own = scene(kinesisSource);
  const batch = records(Array.from({ length: 150 }, () => "a").join(" "));
  expect(await own.deliver(batch, sendBoth)).toEqual([]);
  expect(outboxOf(own).filter(({ pk }) => isGroup(pk))).toHaveLength(150);
  expect(states(own).get("a")).toHaveLength(150);
});

it("OB1: ids are those of the message's place, however it was folded", async () => {
  const [together, apart] = [scene(kinesisSource), scene(kinesisSource)];
  const batch = records("a a b");
  await together.deliver(batch, sendBoth);
  for (const one of batch.toReversed()) if (one.key === "b") await apart.deliver([one], sendBoth);
  for (const one of batch) await apart.deliver([one], sendBoth);
  const ids = (own: Scene): string[] =>
    outboxOf(own).flatMap(({ messages }) => messages.map(({ id, body }) => `${id} ${body}`));
  expect(ids(apart).toSorted()).toEqual(ids(together).toSorted());
});

describe("a message that it cannot send", () => {
  it("fails its message, with what is behind it, even where apply swallows the error", async () => {
    const own = scene(kinesisSource);
    const left = await own.deliver(records("a a a"), ({ at }, outbox) => {
      try {
        outbox.send(at === 9 ? undefined : QUEUE, "text");
      } catch {}
    });
    expect(left.map(({ at }) => at)).toEqual([9, 10]);
    expect([bodies(outboxOf(own)), own.codes()]).toEqual([["text"], ["SEMEL_EFFECT"]]);
  });

  it("is passed over where it is too large, as any message beyond a limit", async () => {
    const own = scene(kinesisSource);
    const left = await own.deliver(records("a a a"), ({ at }, outbox) => {
      outbox.send(QUEUE, at === 9 ? "x".repeat(310 * 1024) : `at ${at}`);
    });
    expect(left).toEqual([]);
    expect(own.queue.deadLetters).toHaveLength(1);
    expect(bodies(outboxOf(own)).toSorted()).toEqual(["at 10", "at 8"]);
    expect(states(own).get("a")).toEqual(["8 of a", "10 of a"]);
  });

  it("is passed over where it needs more than a transaction holds", async () => {
    const own = scene(kinesisSource);
    await own.deliver(records("a a"), ({ at }, outbox) => {
      for (let group = 0; group < at * 10; group++) outbox.send(`${QUEUE}.fifo`, "text", { groupId: `g${group}` });
    });
    await own.deliver(records("b", 12), ({ at }, outbox) => {
      for (let group = 0; group < at * 10; group++) outbox.send(`${QUEUE}.fifo`, "text", { groupId: `g${group}` });
    });
    expect(own.queue.deadLetters.map(letterOf)).toMatchObject([{ code: "SEMEL_LIMIT" }]);
    expect(states(own).get("a")).toEqual(["8 of a", "9 of a"]);
  });

  it("is an error without a table, and after apply has ended", async () => {
    const without = scene(kinesisSource, { outbox: undefined });
    await without.deliver(records("a"), (_message, outbox) => outbox.send(QUEUE, "text"));
    expect(without.codes()).toEqual(["SEMEL_OPTIONS"]);
    let late: Outbox | undefined;
    await scene(kinesisSource).deliver(records("a"), (_message, outbox) => {
      late = outbox;
    });
    expect(() => late?.send(QUEUE, "text")).toThrow(/SEMEL_TX_CLOSED/);
  });

  it("nothing of a message that is given up for good", async () => {
    const own = scene(kinesisSource);
    await own.deliver(records("a a"), ({ at }, outbox) => {
      outbox.send(QUEUE, `at ${at}`);
      if (at === 8) throw new PermanentError("never");
    });
    expect(bodies(outboxOf(own))).toEqual(["at 9"]);
  });
});

it("refuses the outbox table for its states", () => {
  const { orders } = scene(kinesisSource);
  const reduction = { table: OUTBOX, partitionKey: "pk", initial: 0, apply: () => 0 };
  expect(() => orders.reduce(reduction)).toThrow(/table is the outbox table, Outbox/);
});
