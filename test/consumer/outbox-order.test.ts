// Sending on ordered sources, in runs of a watermark and under a claim: attacks OX1 to OX3 of lib/consumer/outbox.ts.

import { describe, expect, it } from "vitest";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { isGroup, type OutboxItem, readOutboxItem } from "../../lib/protocol/outbox.ts";
import type { MemoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import { OUTBOX, RECORDS, testConsumer } from "../support/consumer.ts";
import { SOURCES } from "../support/source-events.ts";
import { sqsEvent } from "../support/sqs-event.ts";
import { type Handle, orderedScene, records } from "./ordered.ts";
import { transactions, watermarkScene } from "./watermarks.ts";

const FIFO = "https://sqs.eu-west-1.amazonaws.com/123456789012/shipments.fifo";
const options = { outbox: { table: OUTBOX } };
const ORDERED = SOURCES.filter(({ ordered }) => ordered);

const toGroup: Handle = ({ key, at }, tx) => tx.send(FIFO, String(at), { groupId: key });

function itemsIn(memory: MemoryDynamoDb): OutboxItem[] {
  return memory.items(OUTBOX).flatMap((item) => {
    const found = readOutboxItem(item);
    return found.kind === "messages" ? [found.item] : [];
  });
}

/** What the relay would send, group by group. */
function groupsOf(memory: MemoryDynamoDb): string[] {
  const grouped = itemsIn(memory).filter(({ pk }) => isGroup(pk));
  const inOrder = grouped.toSorted((one, other) => (one.sk < other.sk ? -1 : 1));
  const lines = Map.groupBy(inOrder, ({ pk }) => pk);
  return [...lines.values()]
    .map((line) => line.flatMap(({ messages }) => messages.map(({ body }) => body)).join())
    .toSorted();
}

describe.each(ORDERED)("$name", (source) => {
  const reads = (scene: ReturnType<typeof orderedScene>): string[] =>
    scene.requests.map(({ request }) => request.operation).filter((operation) => operation === "GetItem");

  it("OX2: positions give a group its order, without a counter", async () => {
    const scene = orderedScene(source, { options });
    expect(await scene.deliver(records("a b a b a"), toGroup)).toEqual([]);
    expect(groupsOf(scene.memory)).toEqual(["8,10,12", "9,11"]);
    expect(scene.memory.items(OUTBOX)).toHaveLength(5); // no counter
    expect(reads(scene)).toEqual([]);
  });

  it("OX2: of two ordering keys in one group each keeps its order, whichever is committed first", async () => {
    const scene = orderedScene(source, { options });
    let fails = true;
    const toOne: Handle = ({ key, at }, tx) => {
      if (key === "a" && fails) throw new Error("the first time");
      tx.send(FIFO, key + at, { groupId: "one" });
    };
    const batch = records("a b a b");
    const again = await scene.deliver(batch, toOne);
    expect(groupsOf(scene.memory)).toEqual(["b9,b11"]);
    fails = false;
    expect(await scene.deliver(again, toOne)).toEqual([]);
    expect(groupsOf(scene.memory)).toEqual(["a8,b9,a10,b11"]);
  });

  it("OB1, OX1: under a watermark a run sends with its commit, a message delivered again nothing", async () => {
    const scene = watermarkScene(source, { options });
    const batch = records("a a a");
    expect(await scene.deliver(batch, toGroup, { zombies: 1 })).toEqual([]);
    await scene.deliver(batch, toGroup);
    expect(groupsOf(scene.memory)).toEqual(["8,9,10"]);
    expect(transactions(scene)).toContain(4); // the watermark and three items, in one transaction
    const ids = itemsIn(scene.memory).flatMap(({ messages }) => messages.map(({ id }) => id));
    expect(new Set(ids).size).toBe(3);
  });

  it("OX1: of a run whose message fails nothing behind it is sent", async () => {
    const scene = watermarkScene(source, { options });
    const failing: Handle = (message, tx, own) => {
      if (message.at === 9) throw new Error("not yet");
      return toGroup(message, tx, own);
    };
    await scene.deliver(records("a a a"), failing);
    expect(groupsOf(scene.memory)).toEqual(["8"]);
    expect(scene.codes()).toContain("SEMEL_HANDLER");
  });
});

it("OB1: places of different origins, and consumers, have other ids", async () => {
  const ids = new Set<string>();
  for (const source of ORDERED) {
    for (const consumer of ["orders", "returns"]) {
      const scene = watermarkScene(source, { options: { ...options, consumer } });
      await scene.deliver(records("a b"), toGroup);
      for (const { messages } of itemsIn(scene.memory)) for (const { id } of messages) ids.add(id);
    }
  }
  expect(ids.size).toBe(ORDERED.length * 2 * 2);
});

it("a claim is kept while its message waits for its turn in a group", async () => {
  const { memory } = testConsumer();
  const { host, context } = testConsumer();
  const slow = 1_500; // each commit; the lease is 1 s
  let renewals = 0;
  const send = (async (request: Parameters<MemoryDynamoDb["send"]>[0]) => {
    if (request.operation === "UpdateItem") renewals++;
    if (request.operation === "TransactWriteItems") await new Promise<void>((resolve) => host.after(slow, resolve));
    return memory.send(request);
  }) as never;
  const orders = createExactlyOnce(
    {
      ...options,
      consumer: "orders",
      table: RECORDS,
      retentionDays: 40,
      key: "id",
      strategy: "claim",
      leaseSeconds: 1,
    },
    { host, send, environment: {} },
  );
  const handler = orders.lambda(({ body }, tx) => tx.send(FIFO, (body as { id: string }).id, { groupId: "g" }));
  const event = sqsEvent(...["a", "b", "c"].map((id) => ({ messageId: id, body: { id } })));
  expect(await host.run(handler(event, context(30_000)))).toEqual({ batchItemFailures: [] });
  expect(groupsOf(memory)).toEqual(["a,b,c"]);
  expect(renewals).toBeGreaterThan(8); // while b waits 1.5 s, and c 3 s: every quarter of a second
});
