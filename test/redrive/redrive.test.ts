// A redrive between real queues, on records that a real consumer wrote: the SDK against the local SQS and dynoxide.

import { StartMessageMoveTaskCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PermanentError } from "../../lib/errors.ts";
import { findQueues } from "../../lib/redrive/index.ts";
import type { QueueCalls } from "../../lib/redrive/queue-calls.ts";
import { type Habit, type Pair, type Scene, startScene, summary } from "./scene.ts";

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene[Symbol.asyncDispose]());

const failing: Habit = () => {
  throw new Error("down");
};
const rejecting: Habit = () => {
  throw new PermanentError("no such product");
};

/** Dead letters of every class: one that is done, one that never ran, rejected, mismatching, claimed and unknown ones. */
async function mixture(): Promise<Pair> {
  const pair = await scene.pair();
  await pair.send("done", { n: 1 });
  await pair.consume(undefined, {}, true); // committed, and never acknowledged
  await pair.send("never", { n: 2 });
  await pair.exhaust();
  await pair.send("rejected", { n: 3 });
  await pair.consume(rejecting);
  await pair.send("mismatch", { n: 4 });
  await pair.consume();
  await pair.send("mismatch", { n: 5 });
  await pair.consume();
  await pair.send("claimed", { n: 6 });
  await pair.consume(failing, { strategy: "claim" });
  await pair.exhaust();
  await pair.send(undefined, { n: 7 });
  await pair.exhaust();
  return pair;
}

const MIXED = { "never-run": 1, rejected: 1, claimed: 1, unknown: 1, mismatch: 1, done: 1 };

/** Calls that go wrong: `before` and `after` may throw in place of what SQS says. */
function troubled(calls: QueueCalls, on: Partial<Record<keyof QueueCalls, "before" | "after">>): QueueCalls {
  const broken = Object.assign(new Error("refused"), { $fault: "client" }); // is not tried again
  const wrapped = Object.entries(calls).map(([name, call]) => [
    name,
    async (...given: never[]) => {
      const trouble = on[name as keyof QueueCalls];
      if (trouble === "before") throw broken;
      const answer: unknown = await (call as (...of: never[]) => Promise<unknown>)(...given);
      if (trouble === "after") throw broken;
      return answer;
    },
  ]);
  return Object.fromEntries(wrapped) as unknown as QueueCalls;
}

describe("semel redrive", () => {
  test("tells what became of each letter, and a dry run leaves all as it was", async () => {
    const pair = await mixture();
    expect(pair.counts("dead")).toEqual({ visible: 6, inFlight: 0 });
    const result = await pair.run({ dryRun: true });
    expect(summary(result)).toEqual(MIXED);
    expect(result).toMatchObject({ seen: 6, moved: 0, removed: 0, counted: { visible: 6, hidden: 0 } });
    expect(pair.counts("dead")).toEqual({ visible: 6, inFlight: 0 });
    expect(pair.counts("source")).toEqual({ visible: 0, inFlight: 0 });
    const reasons = result.classes.flatMap(({ letterClass, reasons }) =>
      reasons.map(({ code, exampleReason }) => [letterClass, code, exampleReason]),
    );
    expect(reasons).toEqual([
      ["never-run", "no record", "nothing of it took effect"],
      ["rejected", "SEMEL_PERMANENT", expect.stringContaining("no such product")],
      ["claimed", "RELEASED", expect.stringContaining("begun, and not committed")],
      ["unknown", "SEMEL_KEY", expect.stringMatching(/semel-idempotency-key.*--handler/)],
      ["mismatch", "SEMEL_PAYLOAD_MISMATCH", expect.stringMatching(/with another payload$/)],
      ["done", "COMPLETED", expect.stringContaining("committed at 20")],
    ]);
  });

  test("moves what is not done, as it was but for the reason; then each effect is there once", async () => {
    const pair = await mixture();
    const judged: unknown[] = [];
    const result = await pair.run({
      observer: { onJudged: (counts) => judged.push(pair.counts("source").visible, summary({ classes: counts })) },
    });
    expect(judged).toEqual([0, MIXED]); // told before anything was moved
    expect(result).toMatchObject({ seen: 6, moved: 4, removed: 0, left: 0, refused: [], cameBack: 0 });
    expect(pair.counts("dead")).toEqual({ visible: 2, inFlight: 0 });
    const moved = await pair.peek("source");
    expect(moved.flatMap(({ MessageAttributes = {} }) => Object.keys(MessageAttributes))).not.toContain(
      "semel-failure",
    );
    expect(
      moved.map(({ MessageAttributes }) => MessageAttributes?.["semel-idempotency-key"]?.StringValue).sort(),
    ).toEqual(["claimed", "never", "rejected", undefined]);
    expect(await scene.effects()).toEqual({ done: 1, mismatch: 1 });
    scene.turn(61_000); // the lease of the claim
    // peek counted as a receive: sent anew, they have to be redriven again
    await pair.exhaust();
    expect(await pair.run()).toMatchObject({ moved: 4 });
    await pair.consume();
    expect(await scene.effects()).toEqual({ done: 1, never: 1, rejected: 1, claimed: 1, mismatch: 1 });
    expect(await pair.run({ removesDone: true })).toMatchObject({ removed: 1 });
    expect(summary(await pair.run({ dryRun: true }))).toEqual({ mismatch: 1 });
    expect(pair.counts("source").visible).toBe(1); // the one without a key, which was rejected, and moved once more
  });

  test("only what is asked for is moved", async () => {
    const pair = await mixture();
    expect(await pair.run({ moves: new Set(["rejected"]) })).toMatchObject({ moved: 1 });
    expect(pair.counts("dead").visible).toBe(5);
    expect(await pair.run({ moves: new Set(["mismatch"]) })).toMatchObject({ moved: 1 });
    expect(await pair.run({ moves: new Set(["done"]) })).toMatchObject({ moved: 0 }); // RD1: it is removed, or it stays
    await pair.consume();
    expect(await scene.effects()).toEqual({ done: 1, mismatch: 1, rejected: 1 });
  });

  test("what has no record is unknown where a strategy keeps none", async () => {
    const pair = await scene.pair();
    await pair.send("a", { n: 1 });
    await pair.exhaust();
    expect(summary(await pair.run({ dryRun: true, strategy: "insert" }))).toEqual({ unknown: 1 });
    expect(summary(await pair.run({ dryRun: true, strategy: "watermark" }))).toEqual({ unknown: 1 });
    expect(summary(await pair.run({ dryRun: true, strategy: "claim" }))).toEqual({ "never-run": 1 });
  });

  test("a send whose answer is lost costs a second message, not a second effect, and loses nothing", async () => {
    const pair = await scene.pair();
    for (const key of ["a", "b", "c"]) await pair.send(key, { key });
    await pair.exhaust();
    const first = await pair.run({ calls: troubled(scene.calls, { send: "after" }) });
    expect(first).toMatchObject({ moved: 0, error: expect.anything() });
    expect([pair.counts("source").visible, pair.counts("dead").visible]).toEqual([3, 3]);
    expect(await pair.run()).toMatchObject({ moved: 3, error: undefined });
    expect([pair.counts("source").visible, pair.counts("dead").visible]).toEqual([6, 0]);
    await pair.consume();
    expect(await scene.effects()).toEqual({ a: 1, b: 1, c: 1 });
  });

  test("killed between send and delete, it goes on when called again, and waits for what the dead one hides", async () => {
    const pair = await scene.pair();
    const keys = Array.from({ length: 23 }, (_, index) => `k${index}`);
    for (const key of keys) await pair.send(key, { key });
    await pair.exhaust();
    const dead = troubled(scene.calls, { remove: "before", hide: "before" }); // nothing more of it reaches SQS
    expect(await pair.run({ calls: dead })).toMatchObject({ moved: 10, error: expect.anything() });
    expect(pair.counts("dead")).toEqual({ visible: 0, inFlight: 23 });
    const hidden: number[] = [];
    const observer = {
      onHidden(letters: number) {
        hidden.push(letters);
        scene.turn(120_000);
      },
    };
    expect(await pair.run({ observer })).toMatchObject({ seen: 23, moved: 23, error: undefined });
    expect(hidden).toEqual([23]);
    expect(pair.counts("dead")).toEqual({ visible: 0, inFlight: 0 });
    expect(pair.counts("source").visible).toBe(33);
    await pair.consume();
    expect(await scene.effects()).toEqual(Object.fromEntries(keys.sort().map((key) => [key, 1])));
  });

  test("interrupted, it gives back at once what it holds", async () => {
    const pair = await scene.pair();
    for (let n = 0; n < 25; n++) await pair.send(`k${n}`, { n });
    await pair.exhaust();
    const interruption = new AbortController();
    const observer = { onMoved: () => interruption.abort() };
    const first = await pair.run({ signal: interruption.signal, observer });
    expect(first).toMatchObject({ interrupted: true, moved: 10, left: 0 });
    expect(pair.counts("dead")).toEqual({ visible: 15, inFlight: 0 });
    expect(await pair.run()).toMatchObject({ moved: 15, interrupted: false });
    expect(pair.counts("source").visible).toBe(25);
  });

  test("interrupted while it looks, it neither moves nor removes", async () => {
    const pair = await mixture();
    const interruption = new AbortController();
    const observer = { onSeen: () => interruption.abort() };
    const result = await pair.run({ signal: interruption.signal, observer, removesDone: true });
    expect(result).toMatchObject({ interrupted: true, seen: 6, moved: 0, removed: 0 });
    expect(pair.counts("dead")).toEqual({ visible: 6, inFlight: 0 });
  });

  test("what fails again while it runs is not sent round and round", async () => {
    const pair = await scene.pair();
    await pair.send("a", { n: 1 });
    await pair.send("b", { n: 2 });
    await pair.exhaust();
    const calls: QueueCalls = {
      ...scene.calls,
      async remove(...given) {
        await pair.consume(rejecting); // at once a dead letter again, of a new id
        return scene.calls.remove(...given);
      },
    };
    expect(await pair.run({ calls })).toMatchObject({ seen: 2, moved: 2 });
    expect(summary(await pair.run({ dryRun: true }))).toEqual({ rejected: 2 });
  });

  test("after a redrive by AWS's console, which gives new ids, effects still happen once", async () => {
    const pair = await mixture();
    const { QueueArn: SourceArn } = await scene.calls.attributesOf(pair.deadUrl);
    await scene.sqs.send(
      new StartMessageMoveTaskCommand({
        SourceArn,
        DestinationArn: (await scene.calls.attributesOf(pair.url))["QueueArn"],
      }),
    );
    await expect.poll(() => pair.counts("dead").visible).toBe(0);
    scene.turn(61_000);
    await pair.consume();
    expect(await scene.effects()).toEqual({ done: 1, never: 1, rejected: 1, claimed: 1, mismatch: 1 });
  });

  test("queues are found by name, URL and ARN; what is not there, or not said, is an error", async () => {
    const pair = await scene.pair();
    const [fifo, { QueueArn = "" }] = [await scene.pair(true), await scene.calls.attributesOf(pair.deadUrl)];
    const find = (deadLetters: string, to?: string, dryRun = false) =>
      findQueues(scene.calls, { deadLetters, to, dryRun });
    for (const name of [pair.names.dead, pair.deadUrl, QueueArn]) {
      expect(await find(name)).toMatchObject({ deadLetters: { arn: QueueArn }, target: { url: pair.url } });
    }
    await expect(find("none")).rejects.toThrow(/SQS does not find none \(QueueDoesNotExist/);
    await expect(find(pair.names.source)).rejects.toThrow(/no queue has q\d+ as its dead-letter queue\. .* by --to/);
    expect(await find(pair.names.source, undefined, true)).toMatchObject({ target: undefined });
    await expect(find(pair.names.dead, pair.deadUrl)).rejects.toThrow(/is the dead-letter queue itself/);
    await expect(find(pair.names.dead, fifo.url)).rejects.toThrow(/is a standard queue, and .* a FIFO queue/);
  });

  test("SU1: a receive that looks at a part of the queue only does not end it", async () => {
    const pair = await scene.pair();
    for (let n = 0; n < 40; n++) await pair.send(`k${n}`, { n });
    await pair.exhaust();
    let receives = 0;
    const calls: QueueCalls = {
      ...scene.calls,
      receive: async (...given) => (++receives % 6 === 0 ? scene.calls.receive(...given) : []),
    };
    expect(await pair.run({ calls })).toMatchObject({ seen: 40, moved: 40 });
  });

  test("SU4: what comes again after it was deleted is deleted again, and sent once", async () => {
    const pair = await scene.pair(true);
    const inGroup = (id: string) => ({ MessageGroupId: "g", MessageDeduplicationId: id });
    for (let n = 0; n < 12; n++) await pair.send(`k${n}`, { n }, inGroup(`${n}`));
    await pair.exhaust();
    let removals = 0;
    let sends = 0;
    const calls: QueueCalls = {
      ...scene.calls,
      remove: (url, handles) => (++removals === 1 ? Promise.resolve([undefined]) : scene.calls.remove(url, handles)), // said, and not done
      send(url, messages) {
        sends += messages.length;
        return scene.calls.send(url, messages);
      },
    };
    const observer = { onMoved: (moved: number) => void (moved === 10 && scene.turn(121_000)) };
    expect(await pair.run({ calls, observer })).toMatchObject({ seen: 12, moved: 12 });
    expect(sends).toBe(12);
    expect(pair.counts("dead")).toEqual({ visible: 0, inFlight: 0 });
  });
});
