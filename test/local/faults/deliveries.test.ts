// Faults of messages between queue and function, and of the engines, seen by a function that tells each receipt.
import { GetQueueAttributesCommand, ReceiveMessageCommand, SendMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../cloud-fixture.ts";
import { put, type Said, type Scene, startScene } from "./scene.ts";

let scene: Scene;
beforeAll(async () => {
  scene = await startScene({ restartable: true });
});
afterAll(() => scene[Symbol.asyncDispose]());
afterEach(() => scene.cloud.faults.clear());

const inject: Scene["cloud"]["faults"]["inject"] = (rule) => scene.cloud.faults.inject(rule);

/** Sends one message, and gives its receipts when all is quiet. */
async function deliver(body: object = {}): Promise<Said[]> {
  const from = scene.said().length;
  await scene.send("Queue", [JSON.stringify(body)]);
  await scene.cloud.idle();
  return receipts(from);
}
const receipts = (from: number): Said[] =>
  scene
    .said()
    .slice(from)
    .filter(({ pid }) => pid !== undefined);
const counts = (list: readonly Said[]) => list.map(({ count }) => count);
const ids = (list: readonly Said[]) => new Set(list.map(({ messageId }) => messageId));

describe("a delivery", () => {
  test("duplicate: two workers have the message at the same time", async () => {
    const handle = inject({ fault: "duplicate", nth: [1], queue: "Queue" });
    const from = scene.events.length;
    const seen = await deliver({ waitMs: 300 });
    expect(seen).toHaveLength(2);
    expect([counts(seen), ids(seen).size, new Set(seen.map(({ pid }) => pid)).size]).toEqual([[1, 1], 1, 2]);
    const kinds = scene.events.slice(from).flatMap(({ kind }) => (kind.startsWith("invocation") ? [kind] : []));
    expect(kinds.slice(0, 2)).toEqual(["invocation-started", "invocation-started"]); // FM2
    expect(handle.count()).toBe(1);
    expect(scene.faultsOf("duplicate")).toMatchObject([{ queue: "Scene-Queue", messageIds: [...ids(seen)] }]);
  });

  test("duplicate-late: it comes again after it was deleted, once", async () => {
    inject({ fault: "duplicate-late", delayMs: 100 });
    const seen = await deliver();
    expect([counts(seen), ids(seen).size]).toEqual([[1, 2], 1]);
    const ended = scene.events.filter((event) => event.kind === "invocation-ended").slice(-2);
    expect(ended).toMatchObject([{ deletedIds: [...ids(seen)] }, { deletedIds: [...ids(seen)] }]);
  });

  test("duplicate-in-batch", async () => {
    inject({ fault: "duplicate-in-batch", limit: 1 });
    const seen = await deliver();
    expect(seen.map(({ batch, count }) => [batch, count])).toEqual([
      [2, 1],
      [2, 1],
    ]);
    expect(ids(seen).size).toBe(1);
  });

  test("visibility-expiry: another worker gets it under the first one's hands", async () => {
    inject({ fault: "visibility-expiry", limit: 1 });
    const seen = await deliver({ waitMs: 500 });
    // Two processes wrote the lines.
    expect([counts(seen).sort(), ids(seen).size, new Set(seen.map(({ pid }) => pid)).size]).toEqual([[1, 2], 1, 2]);
  });

  test("lost-delete: it comes again after its visibility timeout", async () => {
    inject({ fault: "lost-delete", limit: 1 });
    const seen = await deliver();
    expect([counts(seen), ids(seen).size]).toEqual([[1, 2], 1]); // FM1
    const ended = scene.events.filter((event) => event.kind === "invocation-ended").slice(-2);
    expect(ended.map((event) => event.deletedIds)).toEqual([[], [...ids(seen)]]);
  });

  test("reorder: later messages come first", async () => {
    // Nobody polls this one but we.
    const bodies = Array.from({ length: 10 }, (_, index) => String(index));
    await scene.send("Dlq", bodies);
    inject({ fault: "reorder", queue: "Dlq" });
    const command = new ReceiveMessageCommand({ QueueUrl: scene.queueUrl("Dlq"), MaxNumberOfMessages: 10 });
    const { Messages: messages = [] } = await scene.sqs.send(command);
    const received = messages.map(({ Body }) => Body ?? "");
    expect(received).not.toEqual(bodies);
    expect([...received].sort()).toEqual(bodies);
  });

  test("redrive: what was dead-lettered comes again under another id", async () => {
    const dead = new SendMessageCommand({ QueueUrl: scene.queueUrl("Queue"), MessageBody: '{"fails":true}' });
    const { MessageId: first } = await scene.sqs.send(dead);
    // Receives to the dead-letter queue without their visibility timeouts.
    inject({ fault: "visibility-expiry", delayMs: 100 });
    const inDlq = async (): Promise<number> => {
      const names = ["ApproximateNumberOfMessages"] as const;
      const command = new GetQueueAttributesCommand({ QueueUrl: scene.queueUrl("Dlq"), AttributeNames: [...names] });
      return Number((await scene.sqs.send(command)).Attributes?.ApproximateNumberOfMessages);
    };
    await until(async () => (await inDlq()) > 0);
    const from = scene.said().length;
    inject({ fault: "redrive", everyMs: 20, queue: "Dlq", limit: 1 });
    await until(() => receipts(from).some(({ body, count }) => body === '{"fails":true}' && count === 1));
    const again = receipts(from).find(({ body }) => body === '{"fails":true}');
    expect(again?.messageId).not.toBe(first); // FM2
    expect(scene.faultsOf("redrive")).toMatchObject([{ queue: "Scene-Dlq" }]);
    await until(async () => (await inDlq()) > 0); // and ends there
  });

  test("pause: nothing is received until it is over", async () => {
    await scene.cloud.idle();
    await scene.warm();
    const handle = inject({ fault: "pause", atMs: 0, forMs: 60_000, queue: "Queue" });
    await until(() => handle.count() === 1);
    const from = scene.said().length;
    // A poll that is under way may still get some; of concurrency 2, two batches.
    const waiting = async () => {
      const command = new GetQueueAttributesCommand({
        QueueUrl: scene.queueUrl("Queue"),
        AttributeNames: ["ApproximateNumberOfMessages"],
      });
      return Number((await scene.sqs.send(command)).Attributes?.ApproximateNumberOfMessages);
    };
    let sent = 0;
    await until(async () => {
      await scene.send("Queue", ["{}"]);
      sent += 1;
      return (await waiting()) >= 2;
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await waiting()).toBeGreaterThanOrEqual(2);
    handle.remove();
    scene.cloud.faults.clear();
    await scene.cloud.idle();
    expect(ids(receipts(from)).size).toBe(sent);
  });
});

describe("an engine that restarts", () => {
  test.each(["dynamodb", "sqs"] as const)("%s: same address, same content; the cloud goes on", async (engine) => {
    await scene.write(`kept ${engine}`, "1");
    const endpoint = scene.cloud.endpoints[engine];
    const handle = inject({ fault: "restart", engine, atMs: 0, downMs: 300, limit: 1 });
    await until(async () => handle.count() === 1 && !(await answers(endpoint)));
    await until(() => answers(endpoint));
    expect(await scene.read(`kept ${engine}`)).toBe("1");
    const seen = await deliver({ operation: "PutItem", input: put(`after ${engine}`, "1") });
    expect(seen).toHaveLength(1);
    expect(await scene.read(`after ${engine}`)).toBe("1");
    expect(scene.events.filter(({ kind }) => kind === "engine-failed")).toEqual([]); // FE1
    expect(scene.faultsOf("restart").at(-1)).toMatchObject({ engine, ms: 300 });
  });

  test("messages in flight stay in flight; clear() ends the wait", async () => {
    const from = scene.said().length;
    await scene.send("Queue", ['{"waitMs":600}']);
    await until(() => receipts(from).length === 1);
    const handle = inject({ fault: "restart", engine: "sqs", atMs: 0, downMs: 60_000, limit: 1 });
    await until(async () => handle.count() === 1 && !(await answers(scene.cloud.endpoints.sqs)));
    scene.cloud.faults.clear(); // FE2
    await scene.cloud.idle();
    expect(counts(receipts(from))).toEqual([1]);
  });
});

function answers(endpoint: string): Promise<boolean> {
  return fetch(endpoint).then(
    () => true,
    () => false,
  );
}
