// The relay over the memory store: what the stream brings, what fails, what is swept.

import { describe, expect, it } from "vitest";
import { RELAY_ACTIONS, RELAY_INDEX_ACTIONS } from "../../lib/constructs/grants.ts";
import { FAILURE_ATTRIBUTE } from "../../lib/protocol/rejection.ts";
import { usesOf } from "../support/every-command.ts";
import {
  BUS,
  complaintsAtEnd,
  context,
  createWorld,
  DLQ,
  FIFO,
  messagesOf,
  POISON,
  QUEUE,
  TOPIC,
  type World,
} from "./world.ts";

const queued = (body: string) => ({ kind: "sqs" as const, target: QUEUE, body });
const ordered = (groupId: string, body: string) => ({ kind: "sqs" as const, target: FIFO, body, groupId });
const NONE = { batchItemFailures: [] };

async function deliver(world: World, relay = world.relay(), records = world.records()): Promise<unknown> {
  return world.host.run(relay.stream({ Records: records }, context));
}

const bodies = ({ taken }: World) => taken.map(({ body }) => body);
const metrics = ({ lines }: World) =>
  Object.assign({}, ...lines.map((line) => JSON.parse(line)).filter((line) => "_aws" in line)) as Record<
    string,
    unknown
  >;

describe("a batch of the stream", () => {
  it("goes to its targets, each in its form, with the id as idempotency key; then its items are gone", async () => {
    const world = createWorld();
    world.commit([
      { ...queued("a"), delaySeconds: 5, attributes: { kind: { DataType: "String", StringValue: "x" } } },
      { ...ordered("g", "b") },
      { kind: "sns", target: TOPIC, body: "c", subject: "s" },
      { kind: "eventbridge", target: BUS, body: '{"d":1}', source: "shop", detailType: "Ordered" },
    ]);
    const ids = world.committed.map(({ id, target }) => [target, id]);
    const idAt = (target: string) => ids.find(([one]) => one === target)?.[1];
    expect(await deliver(world)).toEqual(NONE);
    expect(world.items()).toBe(0);
    const key = (StringValue: string | undefined) => ({ DataType: "String", StringValue });
    const request = (operation: string, target: string) =>
      world.calls.find((one) => one.operation === operation && messagesOf(one)[0]?.target === target)?.input;
    expect(request("SendMessageBatch", QUEUE)).toEqual({
      QueueUrl: QUEUE,
      Entries: [
        {
          Id: "0",
          MessageBody: "a",
          DelaySeconds: 5,
          MessageAttributes: {
            kind: { DataType: "String", StringValue: "x" },
            "semel-idempotency-key": key(idAt(QUEUE)),
          },
        },
      ],
    });
    expect(request("SendMessageBatch", FIFO)).toEqual({
      QueueUrl: FIFO,
      Entries: [
        {
          Id: "0",
          MessageBody: "b",
          MessageGroupId: "g",
          MessageDeduplicationId: idAt(FIFO),
          MessageAttributes: { "semel-idempotency-key": key(idAt(FIFO)) },
        },
      ],
    });
    expect(request("PublishBatch", TOPIC)).toEqual({
      TopicArn: TOPIC,
      PublishBatchRequestEntries: [
        { Id: "0", Message: "c", Subject: "s", MessageAttributes: { "semel-idempotency-key": key(idAt(TOPIC)) } },
      ],
    });
    expect(request("PutEvents", BUS)).toEqual({
      Entries: [
        {
          EventBusName: BUS,
          Source: "shop",
          DetailType: "Ordered",
          Detail: `{"semel-idempotency-key":"${idAt(BUS)}","d":1}`,
        },
      ],
    });
  });

  it("packs calls by 10 and by bytes", async () => {
    const world = createWorld();
    world.commit(Array.from({ length: 25 }, (_, index) => queued(`${index}`)));
    await deliver(world);
    expect(world.calls.map((call) => messagesOf(call).length)).toEqual([10, 10, 5]);
    const large = createWorld();
    for (let count = 0; count < 5; count++) large.commit([queued("x".repeat(280_000))]);
    await deliver(large);
    expect(large.calls.map((call) => messagesOf(call).length)).toEqual([3, 2]); // of 1 MiB
    expect([...complaintsAtEnd(world), ...complaintsAtEnd(large)]).toEqual([]);
  });

  it("sends a group in the order of its commits, whatever order the stream has, and no two of it in a call (RI2, RL2)", async () => {
    const world = createWorld();
    for (let count = 1; count <= 4; count++) world.commit([ordered("g", `g${count}`), ordered("h", `h${count}`)]);
    const records = world.records().reverse();
    expect(await deliver(world, world.relay(), records)).toEqual(NONE);
    expect(bodies(world).filter((body) => body.startsWith("g"))).toEqual(["g1", "g2", "g3", "g4"]);
    expect(world.calls.length).toBe(4); // both groups together
    expect(complaintsAtEnd(world)).toEqual([]);
  });

  it("of a group sends only what was committed when it was woken (RI3)", async () => {
    const world = createWorld();
    for (let count = 1; count <= 3; count++) world.commit([ordered("g", `${count}`)]);
    const records = world.records();
    expect(await deliver(world, world.relay(), records.slice(0, 2))).toEqual(NONE);
    expect(bodies(world)).toEqual(["1", "2"]);
    expect(world.items()).toBe(1);
  });

  it("sends an answer that was lost again, under the same id (OG1)", async () => {
    const world = createWorld();
    world.commit([queued("a")]);
    world.faults = ["answer-lost"];
    expect(await deliver(world)).toEqual(NONE);
    expect(bodies(world)).toEqual(["a", "a"]);
    expect(new Set(world.taken.map(({ id }) => id)).size).toBe(1);
  });

  it("sends only what failed again", async () => {
    const world = createWorld();
    world.commit(["a", "b", "c", "d"].map(queued));
    world.faults = ["partly"];
    expect(await deliver(world)).toEqual(NONE);
    expect(bodies(world)).toEqual(["b", "d", "a", "c"]);
  });
});

describe("what cannot be sent", () => {
  it("is reported by its sequence number, the lowest, and stays in the table (RL1)", async () => {
    const world = createWorld();
    world.commit([queued("a")]);
    world.commit([queued("b")]);
    const records = world.records();
    world.deny = true;
    const lowest = records[0]?.dynamodb?.SequenceNumber;
    expect(await deliver(world, world.relay(), records)).toEqual({ batchItemFailures: [{ itemIdentifier: lowest }] });
    expect(world.items()).toBe(2);
    expect(world.lines.filter((line) => line.includes("An outbox item was left"))).toHaveLength(2);
  });

  it("when it comes again, what was sent is not sent again by this process (OG4)", async () => {
    const world = createWorld();
    world.commit([queued("a")]);
    const [records, relay] = [world.records(), world.relay()];
    // The send works, all four tries of the removal fail.
    world.faults = ["none", "never-arrives", "never-arrives", "never-arrives", "never-arrives"];
    expect(await deliver(world, relay, records)).toMatchObject({ batchItemFailures: [{}] });
    expect(await deliver(world, relay, records)).toEqual(NONE);
    expect(bodies(world)).toEqual(["a"]);
    expect(world.items()).toBe(0);
  });

  it("a removal that was left undone is done again", async () => {
    const world = createWorld();
    world.commit([queued("a")]);
    world.commit([queued("b")]);
    world.faults = ["none", "partly"];
    expect(await deliver(world)).toEqual(NONE);
    expect(world.items()).toBe(0);
  });

  it("of a group stops it, and nothing behind it is sent (RI2)", async () => {
    const world = createWorld();
    for (let count = 1; count <= 3; count++) world.commit([ordered("g", `${count}`)]);
    const records = world.records();
    world.failing = { body: "2", times: 4 };
    const relay = world.relay();
    const second = records[1]?.dynamodb?.SequenceNumber;
    expect(await deliver(world, relay, records)).toEqual({ batchItemFailures: [{ itemIdentifier: second }] });
    expect(bodies(world)).toEqual(["1"]);
    expect(world.items()).toBe(2);
    expect(await deliver(world, relay, records)).toEqual(NONE);
    expect(bodies(world)).toEqual(["1", "2", "3"]);
  });

  it("a target that leaves many calls without an answer, but not all, does not rest (OG5)", async () => {
    const world = createWorld();
    for (let count = 1; count <= 6; count++) world.commit([ordered("g", `${count}`)]);
    let calls = 0;
    world.silent = () => calls++ % 2 === 0;
    const long = { awsRequestId: "request", getRemainingTimeInMillis: () => 60_000 };
    expect(await world.host.run(world.relay().stream({ Records: world.records() }, long))).toEqual(NONE);
    expect(complaintsAtEnd(world)).toEqual([]);
  });

  it("no try begins when the time is up (OG3)", async () => {
    const world = createWorld();
    world.commit([queued("a")]);
    const relay = world.relay();
    const late = { awsRequestId: "request", getRemainingTimeInMillis: () => 2_500 };
    world.faults = ["hangs"];
    const records = world.records();
    expect(await world.host.run(relay.stream({ Records: records }, late))).toMatchObject({ batchItemFailures: [{}] });
    expect(world.taken).toEqual([]);
    expect(world.faults).toEqual([]);
  });
});

describe("what is refused for good", () => {
  it("goes to the dead-letter queue with its place and reason, and the group goes on behind it (OG2, RI2)", async () => {
    const world = createWorld();
    for (const body of ["1", POISON, "3"]) world.commit([ordered("g", body)]);
    expect(await deliver(world)).toEqual(NONE);
    expect(world.taken.map(({ target, body }) => [target, body])).toEqual([
      [FIFO, "1"],
      [DLQ, POISON],
      [FIFO, "3"],
    ]);
    const [, letter] = world.taken;
    const failure = JSON.parse(
      (letter?.attributes as Record<string, { StringValue: string }> | undefined)?.[FAILURE_ATTRIBUTE]?.StringValue ??
        "",
    );
    expect(failure).toEqual({
      code: "InvalidMessageContents",
      reason: "no",
      consumer: "relay",
      messageId: letter?.id,
      to: { kind: "sqs", target: FIFO, groupId: "g" },
    });
    expect(letter?.id).toBe(world.committed[1]?.id);
    expect(complaintsAtEnd(world)).toEqual([]);
  });

  it("stays while the dead-letter queue cannot be reached (OG2)", async () => {
    const world = createWorld();
    world.commit([queued(POISON)]);
    world.faults = ["none", ...Array.from({ length: 4 }, () => "never-arrives" as const)];
    expect(await deliver(world)).toMatchObject({ batchItemFailures: [{}] });
    expect(world.items()).toBe(1);
  });

  it("does not take others with it", async () => {
    const world = createWorld();
    world.commit([queued("a"), queued(POISON), queued("b")]);
    world.commit([
      { kind: "eventbridge", target: BUS, body: `{"a":"${POISON}"}`, source: "shop", detailType: "Ordered" },
    ]);
    expect(await deliver(world)).toEqual(NONE);
    expect(complaintsAtEnd(world)).toEqual([]);
    expect(metrics(world)).toMatchObject({ RelayDeadLetters: [2] });
  });
});

describe("a sweep", () => {
  const sweep = (world: World, relay = world.relay()) => world.host.run(relay.sweep(context));
  const pass = (world: World, ms: number) =>
    world.host.run(new Promise<void>((resolve) => world.host.after(ms, resolve)));

  it("sends what the stream lost, groups in order, and tells how old the oldest was", async () => {
    const world = createWorld();
    for (let count = 1; count <= 30; count++) world.commit([ordered(`g${count % 3}`, `${count}`), queued(`q${count}`)]);
    world.records();
    await pass(world, 3_600_000);
    await sweep(world);
    expect(complaintsAtEnd(world)).toEqual([]);
    expect(metrics(world)["RelayItemsSwept"]).toEqual([60]);
    const [oldest] = metrics(world)["RelayOldestUnsent"] as number[];
    expect(oldest).toBeGreaterThanOrEqual(3_600_000);
  });

  it("leaves alone what is fresh (RL4)", async () => {
    const world = createWorld();
    world.commit([queued("a"), ordered("g", "b")]);
    await pass(world, 59_000);
    await sweep(world);
    expect(world.taken).toEqual([]);
    expect(metrics(world)["RelayOldestUnsent"]).toEqual([59_003]);
    await pass(world, 2_000);
    await sweep(world);
    expect(bodies(world).sort()).toEqual(["a", "b"]);
  });

  it("what it has sent is not sent again when the stream brings it late (RL3)", async () => {
    const world = createWorld();
    world.commit([queued("a"), ordered("g", "b")]);
    const records = world.records();
    await pass(world, 61_000);
    await sweep(world);
    expect(await deliver(world, world.relay(), records)).toEqual(NONE);
    expect(bodies(world).sort()).toEqual(["a", "b"]);
  });

  it("tells that nothing waits", async () => {
    const world = createWorld();
    await sweep(world);
    expect(metrics(world)["RelayOldestUnsent"]).toEqual([0]);
  });

  it("a target that answers nothing keeps no other one's messages from theirs, however many it has (OG5, RL5)", async () => {
    const world = createWorld();
    for (let count = 1; count <= 1_500; count++) world.commit([queued(`${count}`)]);
    world.commit([ordered("g", "in a group")]);
    world.commit([{ kind: "sns", target: TOPIC, body: "alone" }]);
    world.records();
    await pass(world, 61_000);
    world.silent = (target) => target === QUEUE;
    const short = { awsRequestId: "request", getRemainingTimeInMillis: () => 6_000 };
    await world.host.run(world.relay().sweep(short));
    expect(bodies(world)).toEqual(["in a group"]);
    await sweep(world);
    expect(bodies(world).sort()).toEqual(["alone", "in a group"]);
    expect(metrics(world)).toMatchObject({ RelayItemsSwept: [1_501], RelayItemsLeft: [1_500] });
    world.silent = () => false;
    await sweep(world);
    expect(complaintsAtEnd(world)).toEqual([]);
  });

  it("that cannot read the index fails, when nothing is under way any more", async () => {
    const world = createWorld();
    world.commit([queued("a")]);
    await pass(world, 61_000);
    world.faults = Array.from({ length: 40 }, () => "never-arrives" as const);
    await expect(sweep(world)).rejects.toThrow("ECONNRESET");
    world.faults = [];
    await sweep(world);
    expect(complaintsAtEnd(world)).toEqual([]);
  });
});

it("measures the time from the commit to the acknowledgement, and the messages", async () => {
  const world = createWorld();
  world.commit([queued("a"), queued("b")]);
  await world.host.run(new Promise<void>((resolve) => world.host.after(40, resolve)));
  await deliver(world);
  expect(metrics(world)).toMatchObject({
    _aws: { CloudWatchMetrics: [{ Namespace: "semel", Dimensions: [["FunctionName"]] }] },
    FunctionName: "relay",
    RelayLatency: [43],
    RelayedMessages: [2],
  });
});

it("sends the requests that the construct grants, and no others", async () => {
  const world = createWorld();
  world.commit([queued("a"), ordered("g", "b")]);
  const pass = (ms: number) => world.host.run(new Promise<void>((resolve) => world.host.after(ms, resolve)));
  await pass(61_000);
  await deliver(world);
  world.commit([queued("c"), ordered("g", "d")]);
  await pass(61_000);
  await world.host.run(world.relay().sweep(context));
  const ofIndex = (request: object): boolean => "IndexName" in (request as { input: object }).input;
  const actions = (some: World["requests"]) => [...new Set(some.flatMap(usesOf).map(({ action }) => action))].sort();
  expect(actions(world.requests.filter(ofIndex))).toEqual([...RELAY_INDEX_ACTIONS]);
  expect(actions(world.requests.filter((request) => !ofIndex(request)))).toEqual([...RELAY_ACTIONS].sort());
  expect(complaintsAtEnd(world)).toEqual([]);
});
