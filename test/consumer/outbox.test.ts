// Attacks OX1 to OX5 of lib/consumer/outbox.ts through the real runtime.

import { describe, expect, it } from "vitest";
import type { Item } from "../../lib/aws/dynamodb.ts";
import type { ExactlyOnceOptions, Tx } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { isGroup, type OutboxItem, readOutboxItem } from "../../lib/protocol/outbox.ts";
import type { MemoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type { AnswerOf, DynamoDbRequest, Send } from "../../lib/store/send.ts";
import { OUTBOX, RECORDS, type TestConsumer, testConsumer } from "../support/consumer.ts";
import type { Fault } from "../support/faulty-send.ts";
import { sqsEvent, type TestMessage } from "../support/sqs-event.ts";
import { virtualHost } from "../support/virtual-host.ts";

const QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/shipments";
const FIFO = `${QUEUE}.fifo`;
const OPTIONS: ExactlyOnceOptions = { key: "id", outbox: { table: OUTBOX } };

interface Body {
  readonly id: string;
}
type Handle = (id: string, tx: Tx) => unknown;

async function run(scene: TestConsumer<unknown>, messages: readonly TestMessage[], handle: Handle): Promise<unknown> {
  const handler = scene.orders.lambda(({ body }, tx) => handle((body as Body).id, tx));
  return scene.host.run(handler(sqsEvent(...messages), scene.context()));
}

const batch = (count: number): TestMessage[] =>
  Array.from({ length: count }, (_, index) => ({ messageId: `m-${index}`, body: { id: `k${index}` } }));
const one = batch(1);
const none = { batchItemFailures: [] };

function itemsIn(memory: MemoryDynamoDb): OutboxItem[] {
  return memory.items(OUTBOX).flatMap((item) => {
    const found = readOutboxItem(item);
    return found.kind === "messages" ? [found.item] : [];
  });
}

/** Bodies of a group's messages, in the order in which the relay sends them. */
function inGroup(memory: MemoryDynamoDb): string[] {
  const items = itemsIn(memory).filter(({ pk }) => isGroup(pk));
  const inOrder = items.toSorted((first, second) => (first.sk < second.sk ? -1 : 1));
  return inOrder.flatMap(({ messages }) => messages.map(({ body }) => body));
}

/** Somebody else writes. */
function put(memory: MemoryDynamoDb, TableName: string, item: Item): void {
  memory.send({ operation: "PutItem", input: { TableName, Item: item } });
}

const sizes = ({ requests }: TestConsumer<unknown>): number[] =>
  requests.flatMap(({ request }) =>
    request.operation === "TransactWriteItems" ? [request.input.TransactItems.length] : [],
  );
const operations = ({ requests }: TestConsumer<unknown>): string[] => requests.map(({ request }) => request.operation);
const toGroup = (id: string, tx: Tx): void => tx.send(FIFO, id, { groupId: "g" });

describe("what is not committed is not sent", () => {
  it("nothing of a handler that throws", async () => {
    const scene = testConsumer(OPTIONS);
    await run(scene, one, (id, tx) => {
      tx.send(QUEUE, id);
      throw new Error("after all");
    });
    expect(scene.memory.items(OUTBOX)).toEqual([]);
  });

  it("OX1: of a handler that runs again only what the last run sent, under the ids of the first", async () => {
    const scene = testConsumer(OPTIONS);
    let runs = 0;
    const handle = async (_id: string, tx: Tx): Promise<void> => {
      const counter = { TableName: "Counters", Key: { id: "c" } };
      await tx.get(counter);
      runs++;
      if (runs === 1) put(scene.memory, "Counters", { id: { S: "c" } }); // behind its back
      tx.send(QUEUE, `run ${runs}`);
      if (runs === 1) tx.send(QUEUE, "the first run's alone");
    };
    expect(await run(scene, one, handle)).toEqual(none);
    const again = testConsumer(OPTIONS);
    await run(again, one, (id, tx) => tx.send(QUEUE, id));
    const [sent] = itemsIn(scene.memory);
    expect(sent?.messages.map(({ body }) => body)).toEqual(["run 2"]);
    expect(sent?.messages[0]?.id).toBe(itemsIn(again.memory)[0]?.messages[0]?.id);
  });

  it("nothing of a duplicate", async () => {
    const scene = testConsumer(OPTIONS);
    for (const messageId of ["m-1", "m-2"]) {
      await run(scene, [{ messageId, body: { id: "k" } }], (_id, tx) => tx.send(QUEUE, messageId));
    }
    expect(itemsIn(scene.memory).flatMap(({ messages }) => messages.map(({ body }) => body))).toEqual(["m-1"]);
  });

  it("what waits of an older commit of the key, whose record is gone, is not overwritten", async () => {
    const scene = testConsumer(OPTIONS);
    await run(scene, one, (_id, tx) => tx.send(QUEUE, "old"));
    const [record] = scene.memory.items(RECORDS);
    const Key = { pk: record?.["pk"] ?? { S: "" } };
    scene.memory.send({
      operation: "TransactWriteItems",
      input: { TransactItems: [{ Delete: { TableName: RECORDS, Key } }] },
    });
    await run(scene, one, (_id, tx) => tx.send(QUEUE, "new"));
    expect(scene.codes()).toEqual(["SEMEL_CONDITION"]);
    expect(itemsIn(scene.memory).flatMap(({ messages }) => messages.map(({ body }) => body))).toEqual(["old"]);
  });
});

describe("what it costs", () => {
  it("one action for all messages of a handler's run, no look at the table; an invoice of 593 lines is one item", async () => {
    const scene = testConsumer(OPTIONS);
    const lines = Array.from({ length: 593 }, (_, line) => ({
      invoice: "536365",
      line,
      stockCode: "85123A",
      quantity: 6,
    }));
    const handle: Handle = (_id, tx) => {
      for (const line of lines) tx.send(QUEUE, line);
    };
    expect(await run(scene, one, handle)).toEqual(none);
    expect(operations(scene)).toEqual(["TransactWriteItems"]);
    expect(sizes(scene)).toEqual([2]);
    expect(itemsIn(scene.memory).map(({ messages }) => messages.length)).toEqual([593]);
  });

  it("messages of a batch that send go in one transaction", async () => {
    const scene = testConsumer(OPTIONS);
    expect(await run(scene, batch(5), (id, tx) => tx.send(QUEUE, id))).toEqual(none);
    expect([operations(scene), sizes(scene)]).toEqual([["TransactWriteItems"], [10]]); // the table's key is known
  });

  it("two actions for all messages of a group: their item and the counter", async () => {
    const scene = testConsumer(OPTIONS);
    const handle: Handle = (_id, tx) => {
      for (const body of ["one", "two", "three"]) tx.send(FIFO, body, { groupId: "g" });
    };
    expect(await run(scene, one, handle)).toEqual(none);
    expect(operations(scene)).toEqual(["GetItem", "TransactWriteItems"]);
    expect(sizes(scene)).toEqual([3]);
    expect(inGroup(scene.memory)).toEqual(["one", "two", "three"]);
  });

  it("more than a transaction holds is rejected as a limit", async () => {
    const scene = testConsumer(OPTIONS);
    await run(scene, one, (_id, tx) => {
      for (let group = 0; group < 50; group++) tx.send(FIFO, "text", { groupId: `g${group}` });
    });
    expect(scene.codes()).toEqual(["SEMEL_LIMIT"]);
    expect(scene.memory.items(OUTBOX)).toEqual([]);
  });
});

describe("the order of a group without an order of the source", () => {
  it("OX3: messages of one batch take their numbers in turn: one read, no try in vain, no handler twice", async () => {
    const scene = testConsumer(OPTIONS);
    const runs: string[] = [];
    const handle: Handle = (id, tx) => {
      runs.push(id);
      toGroup(id, tx);
    };
    expect(await run(scene, batch(8), handle)).toEqual(none);
    expect(runs).toHaveLength(8);
    expect(operations(scene).filter((operation) => operation === "GetItem")).toHaveLength(1);
    expect(sizes(scene)).toEqual(Array.from({ length: 8 }, () => 3));
    expect(inGroup(scene.memory)).toEqual(batch(8).map(({ body }) => (body as Body).id));
  });

  it("OX3: groups side by side; nobody waits in a circle", async () => {
    const scene = testConsumer(OPTIONS);
    const handle: Handle = (id, tx) => {
      const groups = Number(id.slice(1)) % 2 === 0 ? ["a", "b", "c"] : ["c", "b", "a"];
      for (const groupId of groups) tx.send(FIFO, id, { groupId });
    };
    expect(await run(scene, batch(6), handle)).toEqual(none);
    expect(inGroup(scene.memory)).toHaveLength(18);
  });

  it("OX3: in no turn after the gate, and those behind go their way", async () => {
    const scene = testConsumer(
      OPTIONS,
      ({ operation }): Fault => (operation === "TransactWriteItems" ? "hangs" : "none"),
    );
    await run(scene, batch(3), toGroup);
    expect(new Set(scene.codes())).toEqual(new Set(["SEMEL_UNKNOWN_OUTCOME", "SEMEL_DEADLINE"]));
  });

  /** Another worker's message takes a number just before each of `times` commits of this one, from the given one on. */
  function rivals(
    times: number,
    from = 1,
  ): {
    scene: Pick<TestConsumer<unknown>, "memory" | "host">;
    send: Send;
    requests: string[];
  } {
    const { memory } = testConsumer();
    const host = virtualHost();
    const requests: string[] = [];
    const plain = (async (request) => memory.send(request)) as Send;
    const other = createExactlyOnce(
      { ...OPTIONS, consumer: "other", table: RECORDS, retentionDays: 40, committedKeysMax: 0 },
      { host, send: plain, environment: {} },
    );
    let [left, before] = [times, from - 1];
    const send = async <R extends DynamoDbRequest>(request: R): Promise<AnswerOf<R>> => {
      requests.push(request.operation);
      if (request.operation === "TransactWriteItems" && before-- <= 0 && left-- > 0) {
        const handler = other.lambda(({ body }, tx) => toGroup(`rival ${(body as Body).id}`, tx));
        const context = { awsRequestId: "r", getRemainingTimeInMillis: () => 10_000 };
        await handler(sqsEvent({ body: { id: String(times - left) } }), context);
      }
      return plain(request, {});
    };
    return { scene: { memory, host }, send, requests };
  }

  it.each([1, 8])(
    "OX4: %i numbers taken by another worker: the same effects go again, the handler does not",
    async (times) => {
      const { scene, send, requests } = rivals(times);
      const { memory, host } = scene;
      const orders = createExactlyOnce(
        { ...OPTIONS, consumer: "orders", table: RECORDS, retentionDays: 40 },
        { host, send, environment: {} },
      );
      let runs = 0;
      const handler = orders.lambda(({ body }, tx) => {
        runs++;
        tx.increment({ TableName: "Counters", Key: { id: "c" } }, { n: 1 });
        toGroup((body as Body).id, tx);
      });
      const context = { awsRequestId: "r", getRemainingTimeInMillis: () => 60_000 };
      expect(await host.run(handler(sqsEvent(...one), context))).toEqual(none);
      expect(runs).toBe(1);
      expect(inGroup(memory)).toEqual([...Array.from({ length: times }, (_, index) => `rival ${index + 1}`), "k0"]);
      expect(memory.items("Counters")).toEqual([{ id: { S: "c" }, n: { N: "1" } }]);
      expect(requests.filter((operation) => operation === "TransactWriteItems")).toHaveLength(times + 1);
    },
  );

  it("OX4: a number that the message before left in the process, and another worker took, is read anew", async () => {
    const { scene, send, requests } = rivals(4, 2);
    const { memory, host } = scene;
    const options = { ...OPTIONS, consumer: "orders", table: RECORDS, retentionDays: 40, groupCommit: false };
    const orders = createExactlyOnce(options, { host, send, environment: {} });
    const handler = orders.lambda(({ body }, tx) => toGroup((body as Body).id, tx));
    const context = { awsRequestId: "r", getRemainingTimeInMillis: () => 60_000 };
    expect(await host.run(handler(sqsEvent(...batch(2)), context))).toEqual(none);
    expect(inGroup(memory)).toEqual(["k0", "rival 1", "rival 2", "rival 3", "rival 4", "k1"]);
    expect(requests.filter((operation) => operation === "TransactWriteItems")).toHaveLength(6);
  });

  it("OX4: a condition of the handler's own runs it again, whatever became of the counter", async () => {
    const scene = testConsumer(OPTIONS);
    let runs = 0;
    await run(scene, one, (id, tx) => {
      runs++;
      tx.put({ TableName: "Orders", Item: { orderId: id }, ConditionExpression: "attribute_exists(orderId)" });
      toGroup(id, tx);
    });
    expect([runs, scene.codes()]).toEqual([4, ["SEMEL_CONDITION"]]);
    expect(scene.memory.items(OUTBOX)).toEqual([]);
  });

  it("OX5: after a try that was left open, a counter that moved leaves it open", async () => {
    const { scene, send } = rivals(1);
    const { memory, host } = scene;
    const sent: string[] = [];
    const logger = {
      debug() {},
      info() {},
      warn() {},
      error: (_text: string, { code }: { code?: string }) => sent.push(code ?? ""),
    };
    let tries = 0;
    const losing = (async (request, options) => {
      if (request.operation !== "TransactWriteItems") return send(request, options);
      tries++;
      if (tries === 1) throw new Error("reset"); // may be applied, for all that the runtime knows
      if (tries === 2) return send(request, options); // a rival was faster
      throw Object.assign(new Error("no"), { name: "ValidationException" });
    }) as Send;
    const orders = createExactlyOnce(
      { ...OPTIONS, consumer: "orders", table: RECORDS, retentionDays: 40, logger: logger as never },
      { host, send: losing, environment: {} },
    );
    const context = { awsRequestId: "r", getRemainingTimeInMillis: () => 60_000 };
    const handler = orders.lambda(({ body }, tx) => toGroup((body as Body).id, tx));
    await host.run(handler(sqsEvent(...one), context));
    expect([tries, sent, inGroup(memory)]).toEqual([3, ["SEMEL_UNKNOWN_OUTCOME"], ["rival 1"]]);
  });

  it("OC3: a counter of a newer version is left alone, and the message comes again", async () => {
    const scene = testConsumer(OPTIONS);
    await run(scene, one, toGroup);
    const counter = scene.memory.items(OUTBOX).find(({ sk }) => sk?.S === "counter") ?? {};
    put(scene.memory, OUTBOX, { ...counter, formatVersion: { N: "2" } });
    await run(scene, [{ messageId: "m-9", body: { id: "k9" } }], toGroup);
    expect(scene.codes()).toEqual(["SEMEL_RECORD_FORMAT"]);
    expect(inGroup(scene.memory)).toEqual(["k0"]);
  });

  it.each<[Fault, string]>([
    ["throttled", "SEMEL_CONTENTION"],
    ["never-applied", "SEMEL_REFUSED"],
  ])("a counter that cannot be read (%s) fails the message, which is not committed", async (fault, code) => {
    const scene = testConsumer(OPTIONS, ({ operation }) => (operation === "GetItem" ? fault : "none"));
    await run(scene, one, toGroup);
    expect(scene.codes()).toEqual([code]);
    expect(scene.memory.items(RECORDS)).toEqual([]);
  });
});

it("once sends, too: the invocation's key makes the ids", async () => {
  const scene = testConsumer(OPTIONS);
  const handler = scene.orders.once((_message, tx) => toGroup("text", tx));
  const event = { id: "k0" };
  await scene.host.run(Promise.all([1, 2].map(() => handler(event, scene.context()))));
  expect(inGroup(scene.memory)).toEqual(["text"]);
});
