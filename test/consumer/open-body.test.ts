// Attacks OP4 of lib/consumer/open-body.ts and LN5 of lib/consumer/lane.ts: what a batch unpacks at a time is bounded, and everything
// that waits for room has its turn.

import { describe, expect, it } from "vitest";
import { OPEN_BYTES_MAX } from "../../lib/consumer/open-body.ts";
import { sleep, systemHost } from "../../lib/host.ts";
import type { ExactlyOnceOptions, Tx } from "../../lib/index.ts";
import { type EncodeOptions, encode } from "../../lib/payload/encode.ts";
import { testConsumer } from "../support/consumer.ts";
import { memoryObjects } from "../support/memory-objects.ts";
import { memoryQueue } from "../support/memory-queue.ts";
import { sqsEvent, type TestMessage } from "../support/sqs-event.ts";

const BODY_BYTES = 8 * 1024 * 1024;
/** Payloads that have room. */
const ROOM = OPEN_BYTES_MAX / BODY_BYTES;
const READS_MAX = 10;
const GZIP: EncodeOptions = { compressOverBytes: 0, claimCheck: undefined };
const S3: EncodeOptions = { ...GZIP, claimCheck: { bucket: "large", prefix: "", overBytes: 150 } };

type Kind = "commit" | "claim" | "watermark" | "reduce";
interface Body {
  readonly id: string;
  readonly at: number;
  readonly isSmall?: boolean;
}

/** What the handler does beside its own. */
type Act = (body: Body, tx: Tx) => unknown;

interface Scene {
  readonly consumer: ReturnType<typeof testConsumer<never>>;
  readonly objects: ReturnType<typeof memoryObjects>;
  /** Messages that were unpacked and not at their end, at the most. */
  mostOpen(): number;
  settled(): number;
  deliver(bodies: readonly Body[], encoding: EncodeOptions, acts?: Act): Promise<string[]>;
}

function scene(kind: Kind, groups = 1): Scene {
  const objects = memoryObjects();
  const isOrdered = kind === "watermark" || kind === "reduce";
  const strategy = kind === "reduce" ? "watermark" : kind;
  const groupOf = ({ at }: Body): string => `g-${at % groups}`;
  const settled = (): number => {
    const items = consumer.memory.items("Counters");
    return items.reduce((sum, { n, state }) => sum + Number(n?.N ?? state?.N ?? 0), 0);
  };
  const opened = new Set<string>();
  let mostOpen = 0;
  const validate = (value: unknown) => {
    opened.add((value as Body).id); // a fold reads its messages anew
    mostOpen = Math.max(mostOpen, opened.size - settled());
    return { value };
  };
  const consumer = testConsumer<never>(
    {
      strategy,
      ...(isOrdered ? { redrive: "never" } : { key: "id" }),
      claimCheck: { bucket: "large" },
      backoff: false,
      schema: { "~standard": { version: 1, vendor: "test", validate } },
    } as unknown as ExactlyOnceOptions<never>,
    () => "none",
    { ...memoryQueue(), objects },
  );
  return {
    consumer,
    objects,
    settled,
    mostOpen: () => mostOpen,
    async deliver(bodies, encoding, acts = () => undefined) {
      const handler =
        kind === "reduce"
          ? consumer.orders.reduce<number>({
              ...{ table: "Counters", partitionKey: "id", initial: 0 },
              apply: (state) => state + 1,
            })
          : consumer.orders.lambda(async (message: { body: Body }, tx: Tx) => {
              await acts(message.body, tx);
              tx.increment({ TableName: "Counters", Key: { id: groupOf(message.body) } }, { n: 1 });
            });
      const messages = bodies.map((body) => messageOf(body, encoding, objects.content));
      const event = sqsEvent(...messages);
      for (const [index, record] of isOrdered ? event.Records.entries() : []) {
        record.eventSourceARN += ".fifo";
        Object.assign(record.attributes, {
          MessageGroupId: groupOf(bodies[index] as Body),
          SequenceNumber: String(index + 1),
        });
      }
      const { batchItemFailures } = await consumer.host.run(handler(event as never, consumer.context()));
      return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    },
  };
}

const encoded = new Map<string, ReturnType<typeof encode>>();

/** A few KB for some MiB, of nothing: so that a test of many takes no time. */
function messageOf(body: Body, encoding: EncodeOptions, content: Map<string, Uint8Array>): TestMessage {
  const name = JSON.stringify([body, encoding]);
  const payload = { text: JSON.stringify(body).padEnd(body.isSmall ? 0 : BODY_BYTES), attributes: {}, key: body.id };
  const sent = encoded.get(name) ?? encode(payload, encoding, systemHost.sha256);
  encoded.set(name, sent);
  if (sent.upload) content.set(`${sent.upload.bucket}/${sent.upload.key}`, sent.upload.bytes);
  const attributes = Object.entries(sent.attributes).map(([attribute, { DataType, StringValue = "" }]) => {
    return [attribute, { dataType: DataType, stringValue: StringValue }];
  });
  return { body: sent.body, messageAttributes: Object.fromEntries(attributes) };
}

function bodies(count: number): Body[] {
  return Array.from({ length: count }, (_, at) => ({ id: `A-${at}`, at }));
}

describe("OP4: a batch whose payloads have no room side by side", () => {
  const many = 3 * ROOM;

  it.each<[Kind, number, EncodeOptions, number]>([
    ["commit", 1, GZIP, ROOM],
    ["commit", many, S3, ROOM + READS_MAX],
    ["claim", 1, GZIP, ROOM],
    ["watermark", 1, GZIP, ROOM],
    ["watermark", 12, S3, ROOM + READS_MAX],
    ["reduce", 1, GZIP, ROOM],
    ["reduce", 12, GZIP, ROOM],
  ])("%s, %i groups: holds few at a time, and runs all", async (kind, groups, encoding, most) => {
    const { deliver, mostOpen, settled, consumer } = scene(kind, groups);
    const startMs = consumer.host.nowMs();
    expect(await deliver(bodies(many), encoding)).toEqual([]);
    expect(settled()).toBe(many);
    expect(mostOpen()).toBeLessThanOrEqual(most);
    expect(mostOpen()).toBeGreaterThanOrEqual(ROOM);
    expect(consumer.host.nowMs() - startMs).toBeLessThan(2_000);
  });

  it("what fails lets go of its payload, and so does what is held behind it", async () => {
    const { deliver, settled } = scene("watermark", 4);
    const failed = await deliver(bodies(many), GZIP, ({ at }) => {
      if (at % 4 === 1) throw new Error("not today");
    });
    expect(failed.length).toBe(many / 4);
    expect(settled()).toBe(many - failed.length);
  });

  it("what ran and is given back lets go of it, too", async () => {
    const { deliver, settled, consumer } = scene("watermark", 6);
    const batch = bodies(many).map((body) => ({ ...body, isSmall: body.at < 6 }));
    const failed = await deliver(batch, GZIP, ({ at }, tx) => {
      const [TableName, orderId] = ["Orders", `x-${at % 6}`];
      if (at % 6 >= ROOM) return sleep(consumer.host, 2_000); // the others are over by then
      if (at >= 6) return tx.get({ TableName, Key: { orderId } }); // of the run before it, which has to be committed first
      tx.put({ TableName, Item: { orderId } });
      return tx.check({ TableName, Key: { orderId: "none" }, ConditionExpression: "attribute_exists(orderId)" });
    });
    expect([failed.length, settled()]).toEqual([2 * ROOM, many - 2 * ROOM]);
  });

  // While a body is read, those before it have waited enough, and their commit fails or goes another way than expected.
  it.each([
    ["stops its lane, and holds no room when it is there", "never", 4],
    ["is read once, though its message starts anew", "once", 0],
  ])("what is read meanwhile %s", async (_, failing, failures) => {
    const { consumer, deliver, objects, settled } = scene("watermark", ROOM + 1);
    const read = objects.get.bind(objects);
    Object.assign(objects, {
      async get(...given: Parameters<typeof read>) {
        await sleep(consumer.host, 2_000);
        return read(...given);
      },
    });
    const runs = new Map<string, number>();
    const batch = bodies(2 * (ROOM + 1)).map((body) => ({ ...body, isSmall: body.at <= ROOM }));
    const failed = await deliver(batch, S3, ({ id, at }, tx) => {
      const run = (runs.get(id) ?? 0) + 1;
      runs.set(id, run);
      if (at === ROOM) return sleep(consumer.host, 5_000); // the next one of its lane comes when the others are over
      if (at > ROOM || (failing === "once" && run > 1)) return;
      return tx.check({
        TableName: "Orders",
        Key: { orderId: "none" },
        ConditionExpression: "attribute_exists(orderId)",
      });
    });
    expect([failed.length, settled()]).toEqual([2 * failures, batch.length - 2 * failures]);
    expect(objects.log.length).toBe(ROOM + 1);
  });

  it("LN5: a lane whose messages hold none commits as many together as ever", async () => {
    const { deliver, settled, consumer } = scene("watermark", ROOM + 1);
    const batch = bodies(60).map((body) => ({ ...body, isSmall: body.at % (ROOM + 1) === ROOM || body.at > ROOM }));
    const plain: EncodeOptions = { compressOverBytes: BODY_BYTES - 1, claimCheck: undefined };
    const failed = await deliver(batch, plain, ({ at }) => (at < ROOM ? sleep(consumer.host, 2_000) : undefined));
    expect([failed.length, settled()]).toEqual([0, batch.length]);
    const commits = consumer.requests.filter(({ request }) => request.operation === "TransactWriteItems");
    expect(commits.length).toBeLessThan(2 * (ROOM + 1));
  });

  it("what finds no room in time comes again, and says so", async () => {
    const { deliver, settled, consumer } = scene("commit");
    const failed = await deliver(bodies(many), GZIP, ({ at }) => (at < ROOM ? new Promise(() => {}) : undefined));
    expect([failed.length, settled()]).toEqual([many, 0]);
    expect(new Set(consumer.codes())).toEqual(new Set(["SEMEL_DEADLINE"]));
  });
});
