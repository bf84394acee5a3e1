// A FIFO queue as an event source, end to end: groups mixed in a batch, one after the other within each, whatever dies.
import { SendMessageBatchCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import type { SqsRecord } from "../../lib/aws/lambda.ts";
import { keepOrder, withEarlier } from "../../lib/local/fifo-batch.ts";
import { inlineFunction, queueFor } from "./assembly-fixture.ts";
import { type CloudFixture, type CloudOptions, startFixture, until } from "./cloud-fixture.ts";

// Each message taken is a line: body, receive count, group, size of the batch, begin, end. "fail" and "wait" mean the first receive; a failure holds back its group.
const HANDLER = `
exports.handler = async (event) => {
  const failed = [];
  const held = new Set();
  for (const { body, messageId, attributes: { ApproximateReceiveCount: count, MessageGroupId: group } } of event.Records) {
    if (held.has(group)) { failed.push({ itemIdentifier: messageId }); continue; }
    const beginMs = Date.now();
    if (body.startsWith("slow")) await new Promise((resolve) => setTimeout(resolve, 200));
    console.log([body.slice(0, 10), count, group, event.Records.length, beginMs, Date.now()].join(" "));
    if (body.startsWith("wait") && count === "1") await new Promise((resolve) => setTimeout(resolve, 60_000));
    if (body.startsWith("fail") && count === "1") { held.add(group); failed.push({ itemIdentifier: messageId }); }
  }
  return { batchItemFailures: failed };
};`;

async function startFifo(mapping: Record<string, unknown> = {}, options: CloudOptions = {}): Promise<CloudFixture> {
  const resources = {
    Function: inlineFunction(HANDLER, { Timeout: 1 }),
    ...queueFor({ VisibilityTimeout: 2, FifoQueue: true, ContentBasedDeduplication: true }, mapping, 3),
  };
  const Dlq = { Type: "AWS::SQS::Queue", Properties: { FifoQueue: true } };
  const fixture = await startFixture({ name: "Fifo", resources: { ...resources, Dlq } }, options);
  // Workers are there before the first message, whose visibility timeout is short.
  await Promise.all(Array.from({ length: 3 }, () => fixture.fn("Function").invoke({ Records: [] })));
  return fixture;
}

/** "group:body", in this order. */
async function send(fixture: CloudFixture, messages: readonly string[]): Promise<void> {
  const entries = messages.map((one, index) => {
    const [group = "", body = ""] = one.split(":");
    return { Id: String(index), MessageBody: body, MessageGroupId: group };
  });
  await fixture.sqs.send(new SendMessageBatchCommand({ QueueUrl: fixture.queueUrl("Queue"), Entries: entries }));
}

interface Taken {
  readonly body: string;
  readonly count: number;
  readonly group: string;
  readonly batch: number;
  readonly beginMs: number;
  readonly endMs: number;
}

function taken({ lines }: CloudFixture, group?: string): Taken[] {
  const all = lines.filter(({ level }) => level === "info").map(({ text }) => text.split(" "));
  return all
    .map(([body = "", count, of = "", batch, beginMs, endMs]) => {
      const times = { beginMs: Number(beginMs), endMs: Number(endMs) };
      return { body, count: Number(count), group: of, batch: Number(batch), ...times };
    })
    .filter((one) => group === undefined || one.group === group);
}

const bodies = (all: readonly Taken[]): string[] => all.map(({ body }) => body);

describe.concurrent("a FIFO queue as an event source", () => {
  test("mixes groups in one batch, and a failure holds back its own group only", async () => {
    await using fixture = await startFifo({ ScalingConfig: { MaximumConcurrency: 2 } });
    await send(fixture, ["a:a1", "b:b1", "a:fail2", "b:b2", "a:a3"]);
    await fixture.cloud.idle({ timeoutMs: 15_000 });
    expect(taken(fixture).find(({ body }) => body === "a1")?.batch).toBe(5);
    expect(bodies(taken(fixture, "a"))).toEqual(["a1", "fail2", "fail2", "a3"]);
    expect(bodies(taken(fixture, "b"))).toEqual(["b1", "b2"]);
  });

  test("a worker killed in the middle of a batch: order kept, nothing lost", async () => {
    await using fixture = await startFifo();
    await send(fixture, ["a:a1", "a:wait2", "b:b1", "a:a3"]);
    await until(() => bodies(taken(fixture)).includes("wait2"));
    expect(fixture.fn("Function").killBusyWorker()).toBe(true);
    await send(fixture, ["a:a4"]); // its group is locked
    await fixture.cloud.idle({ timeoutMs: 15_000 });
    const again = taken(fixture, "a").filter(({ body, count }) => count > 1 || body === "a4");
    expect(bodies(again)).toEqual(["a1", "wait2", "a3", "a4"]);
    expect(bodies(taken(fixture, "b"))).toEqual(["b1"]);
  });

  test("runs groups side by side, as many as its concurrency, and never one group twice", async () => {
    await using fixture = await startFifo({ BatchSize: 1, ScalingConfig: { MaximumConcurrency: 3 } });
    await send(fixture, ["a:slow1", "a:slow2", "b:slow3", "b:slow4", "c:slow5", "d:slow6"]);
    await fixture.cloud.idle({ timeoutMs: 15_000 });
    const all = taken(fixture);
    const sideBySide = all.map((one) =>
      all.filter((other) => other.beginMs <= one.beginMs && one.beginMs < other.endMs),
    );
    for (const running of sideBySide) {
      expect(new Set(running.map(({ group }) => group)).size).toBe(running.length);
      expect(running.length).toBeLessThanOrEqual(3);
    }
    expect(Math.max(...sideBySide.map(({ length }) => length))).toBeGreaterThan(1);
    expect(bodies(taken(fixture, "a"))).toEqual(["slow1", "slow2"]);
  });

  test("what did not fit into a payload does not overtake a failed message of its group (FB1)", async () => {
    await using fixture = await startFifo();
    // The first one fails alone, and holds the group until all the others are there.
    for (const body of ["fail0", "fail1", "a2", "a3", "a4", "a5", "a6", "a7"]) {
      const padded = body.padEnd(10, "-").padEnd(1_000_000, "x"); // six of them fill a payload
      const message = { QueueUrl: fixture.queueUrl("Queue"), MessageBody: padded, MessageGroupId: "a" };
      await fixture.sqs.send(new SendMessageCommand(message));
    }
    await fixture.cloud.idle({ timeoutMs: 15_000 });
    const sizes = fixture.events.flatMap((event) => (event.kind === "invocation-started" ? [event.messages] : []));
    expect(sizes).toContain(6);
    const order = bodies(taken(fixture)).map((body) => body.replace(/-+$/, ""));
    expect(order.slice(order.lastIndexOf("fail1"))).toEqual(["fail1", "a2", "a3", "a4", "a5", "a6", "a7"]);
    expect(order.filter((body) => body === "a7")).toHaveLength(1);
  });

  test("a message that is delivered twice brings the earlier ones of its group (FB2)", async () => {
    const deliveries = [{ fault: "duplicate" as const, nth: [2] }];
    await using fixture = await startFifo({}, { faults: { seed: 1, deliveries } });
    await send(fixture, ["a:a1", "b:b1", "a:a2", "a:a3"]);
    await fixture.cloud.idle({ timeoutMs: 15_000 });
    const payloads = fixture.events.flatMap((event) =>
      event.kind === "invocation-started" && event.messages > 0 ? [event.payload] : [],
    );
    const sent = payloads.map((one) => JSON.parse(one).Records.map(({ body }: SqsRecord) => body));
    expect(sent).toEqual(expect.arrayContaining([["a1", "a2"]]));
  });
});

describe("order in batches", () => {
  const record = (messageId: string): SqsRecord =>
    ({ messageId, attributes: { MessageGroupId: messageId[0] } }) as unknown as SqsRecord;
  const records = (...ids: string[]) => ids.map(record);
  const ids = (all: readonly SqsRecord[]) => all.map(({ messageId }) => messageId);

  test("what was carried over waits with its group (FB1)", () => {
    const [batch, carried] = [records("a1", "b1", "a2"), records("a3", "b2", "c1")];
    expect(ids(keepOrder(carried, batch, ["a1", "b1"]))).toEqual(["b2", "c1"]);
    expect(ids(keepOrder(carried, batch, ["a1", "b1", "a2"]))).toEqual(["a3", "b2", "c1"]);
    expect(ids(keepOrder(carried, batch, []))).toEqual(["c1"]);
  });

  test("a message comes again with those before it (FB2)", () => {
    const batch = records("a1", "b1", "a2", "b2", "a3");
    expect(ids(withEarlier(batch.slice(2, 3), batch))).toEqual(["a1", "a2"]);
    expect(ids(withEarlier([batch[3], batch[0]] as SqsRecord[], batch))).toEqual(["a1", "b1", "b2"]);
  });
});
