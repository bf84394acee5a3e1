// An event source end to end: queue, poller, workers, dead-letter queue.
import { ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { inlineFunction, queueFor } from "./assembly-fixture.ts";
import { type CloudFixture, childrenOf, isAlive, startFixture, until } from "./cloud-fixture.ts";

// What a message does is its body; every receipt is a line of output: body, receive count, process.
const HANDLER = `
exports.handler = async (event) => {
  const failed = [];
  for (const { body, messageId, attributes } of event.Records) {
    console.log([body, attributes.ApproximateReceiveCount, process.pid].join(" "));
    if (body.startsWith("throw")) throw new Error(body);
    if (body.startsWith("exit")) process.exit(3);
    if (body.startsWith("hang")) await new Promise((resolve) => setTimeout(resolve, 60_000));
    if (body.startsWith("wait") && attributes.ApproximateReceiveCount === "1") await new Promise((resolve) => setTimeout(resolve, 60_000));
    if (body.startsWith("slow")) await new Promise((resolve) => setTimeout(resolve, 300));
    if (body.startsWith("fail")) failed.push({ itemIdentifier: messageId });
    if (body.startsWith("unknown")) failed.push({ itemIdentifier: "unknown" });
  }
  return { batchItemFailures: failed };
};`;

const stack = (name: string, mapping: Record<string, unknown> = {}, queue: Record<string, unknown> = {}) => ({
  name,
  resources: {
    Function: inlineFunction(HANDLER, { Timeout: 1 }),
    ...queueFor({ VisibilityTimeout: 2, ...queue }, mapping, 2),
  },
});

/** Starts so many workers: on a busy machine a start takes longer than what is received stays hidden. */
async function warm(fixture: CloudFixture, workers: number): Promise<void> {
  await Promise.all(Array.from({ length: workers }, () => fixture.fn("Function").invoke({ Records: [] })));
}

/** Receipts so far: [body, receive count, process]. */
function receipts(fixture: CloudFixture): string[][] {
  return fixture.lines.filter((line) => line.level === "info").map((line) => line.text.split(" "));
}

async function deadLetters(fixture: CloudFixture): Promise<string[]> {
  const command = new ReceiveMessageCommand({ QueueUrl: fixture.queueUrl("Dlq"), MaxNumberOfMessages: 10 });
  return ((await fixture.sqs.send(command)).Messages ?? []).map((message) => message.Body ?? "").sort();
}

// Side by side, since they wait for visibility timeouts most of the time.
describe.concurrent("an event source", () => {
  test("deletes what succeeded, brings the rest back, and gives up to the dead-letter queue", async () => {
    await using fixture = await startFixture(stack("Partial"));
    await warm(fixture, 2);
    await fixture.send("Queue", ["ok-1", "fail-1", "ok-2", "fail-2"]);
    await fixture.cloud.idle({ timeoutMs: 15_000 });
    expect(await deadLetters(fixture)).toEqual(["fail-1", "fail-2"]);
    const seen = receipts(fixture).map(([body, count]) => `${body} ${count}`);
    expect(seen.sort()).toEqual(["fail-1 1", "fail-1 2", "fail-2 1", "fail-2 2", "ok-1 1", "ok-2 1"]);
    const deleted = fixture.events.map((event) => (event.kind === "invocation-ended" ? event.deleted : 0));
    expect(deleted.reduce((sum, count) => sum + count, 0)).toBe(2);
  });

  test("brings the whole batch back after a throw, an exit, a time-out or an unknown identifier", async () => {
    await using fixture = await startFixture(
      stack("Whole", { BatchSize: 1, ScalingConfig: { MaximumConcurrency: 4 } }),
    );
    await warm(fixture, 4);
    await fixture.send("Queue", ["throw", "exit", "hang", "unknown", "ok"]);
    await fixture.cloud.idle({ timeoutMs: 20_000 });
    expect(await deadLetters(fixture)).toEqual(["exit", "hang", "throw", "unknown"]);
    const seen = receipts(fixture).map(([body, count]) => `${body} ${count}`);
    expect(seen.sort()).toEqual([
      "exit 1",
      "exit 2",
      "hang 1",
      "hang 2",
      "ok 1",
      "throw 1",
      "throw 2",
      "unknown 1",
      "unknown 2",
    ]);
    const outcomes = fixture.events.flatMap((event) =>
      event.kind === "invocation-ended" && event.messages > 0 ? [`${event.outcome} ${event.deleted}`] : [],
    );
    expect(outcomes.sort()).toEqual([
      "crash 0",
      "crash 0",
      "error 0",
      "error 0",
      "success 0",
      "success 0",
      "success 1",
      "timeout 0",
      "timeout 0",
    ]);
  });

  test("goes on after a busy worker was killed; nothing is deleted by it", async () => {
    await using fixture = await startFixture(stack("Killed"));
    const fn = fixture.fn("Function");
    expect(fn.killBusyWorker()).toBe(false);
    await warm(fixture, 2);
    await fixture.send("Queue", ["wait", "ok-1"]);
    await until(() => receipts(fixture).length > 0);
    expect(fn.busyWorkers()).toBe(1);
    const victim = Number(receipts(fixture)[0]?.[2]);
    expect(fn.killBusyWorker(7)).toBe(true);
    expect(fn.killBusyWorker()).toBe(false); // the same one is not killed twice
    await until(async () => !(await isAlive(victim)));
    await fixture.send("Queue", ["ok-2"]);
    await fixture.cloud.idle({ timeoutMs: 15_000 });
    expect(await deadLetters(fixture)).toEqual([]);
    const last = receipts(fixture).filter(([, , pid]) => pid !== String(victim));
    expect(last.map(([body]) => body).sort()).toEqual(["ok-1", "ok-2", "wait"]);
    const crash = fixture.events.find((event) => event.kind === "invocation-ended" && event.outcome === "crash");
    expect(crash).toMatchObject({ messages: 2, deleted: 0 });
  });

  test("fills batches over several receives while its window is open", async () => {
    const mapping = { BatchSize: 25, MaximumBatchingWindowInSeconds: 2, ScalingConfig: { MaximumConcurrency: 2 } };
    // The window uses up visibility timeout, as on AWS.
    await using fixture = await startFixture(stack("Window", mapping, { VisibilityTimeout: 10 }));
    const bodies = Array.from({ length: 25 }, (_, index) => `ok-${index}`);
    await fixture.send("Queue", bodies);
    await fixture.cloud.idle({ timeoutMs: 15_000 });
    const sizes = fixture.events.flatMap((event) => (event.kind === "invocation-started" ? [event.messages] : []));
    expect(Math.max(...sizes)).toBeGreaterThan(10);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(25);
    expect(
      receipts(fixture)
        .map(([body]) => body)
        .sort(),
    ).toEqual(bodies.sort());
  });

  test("hands over messages in the shape of Lambda's event", async () => {
    const resources = {
      Function: inlineFunction("exports.handler = async (event) => console.log(JSON.stringify(event))"),
      ...queueFor({ VisibilityTimeout: 5 }, { FunctionResponseTypes: undefined }, 2),
    };
    await using fixture = await startFixture({ name: "Shape", resources });
    const attributes = {
      text: { DataType: "String", StringValue: "é" },
      bytes: { DataType: "Binary", BinaryValue: new Uint8Array([1, 2, 255]) },
    };
    await fixture.sqs.send(
      new SendMessageCommand({
        QueueUrl: fixture.queueUrl("Queue"),
        MessageBody: "hello",
        MessageAttributes: attributes,
      }),
    );
    await fixture.cloud.idle();
    const event = JSON.parse(receipts(fixture)[0]?.join(" ") ?? "");
    expect(event).toEqual({
      Records: [
        {
          messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
          receiptHandle: expect.any(String),
          body: "hello",
          attributes: {
            ApproximateReceiveCount: "1",
            SentTimestamp: expect.stringMatching(/^\d{13}$/),
            SenderId: expect.any(String),
            ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
          },
          messageAttributes: {
            text: { stringValue: "é", stringListValues: [], binaryListValues: [], dataType: "String" },
            bytes: { binaryValue: "AQL/", stringListValues: [], binaryListValues: [], dataType: "Binary" },
          },
          md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
          md5OfBody: "5d41402abc4b2a76b9719d911017c592",
          eventSource: "aws:sqs",
          eventSourceARN: "arn:aws:sqs:us-east-1:000000000000:Shape-Queue",
          awsRegion: "us-east-1",
        },
      ],
    });
  });
});

describe("stop", () => {
  test("ends long polls, workers and engines; no process is left; again is fine", async () => {
    await using fixture = await startFixture(stack("Stop", { BatchSize: 1 }));
    await fixture.send("Queue", ["ok", "hang", "slow"]);
    await until(() => receipts(fixture).length === 3);
    const pids = receipts(fixture).map(([, , pid]) => Number(pid));
    const waiting = fixture.cloud.idle();
    const stopped = expect(waiting).rejects.toThrow(/stopped/);
    await Promise.all([fixture.cloud.stop(), fixture.cloud.stop()]);
    await stopped;
    expect(await Promise.all(pids.map(isAlive))).toEqual(pids.map(() => false));
    expect(await childrenOf(process.pid)).toEqual([]);
    for (const endpoint of Object.values(fixture.cloud.endpoints)) await expect(fetch(endpoint)).rejects.toThrow();
    await expect(fixture.fn("Function").invoke({})).rejects.toThrow(/stopping/);
    // "slow" ended within the grace, "hang" did not.
    const outcomes = fixture.events.flatMap((event) =>
      event.kind === "invocation-ended" && event.messages > 0 ? [`${event.outcome} ${event.deleted}`] : [],
    );
    expect(outcomes).toEqual(expect.arrayContaining(["success 1", "success 1"]));
    expect(outcomes.filter((outcome) => outcome.startsWith("success"))).toHaveLength(2);
  });
});
