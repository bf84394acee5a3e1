// A redrive of FIFO queues: order within a group, deduplication ids, and what ten letters of a group let one see.

import { afterAll, beforeAll, expect, test } from "vitest";
import { PermanentError } from "../../lib/errors.ts";
import type { QueueCalls } from "../../lib/redrive/queue-calls.ts";
import { type Pair, type Scene, startScene } from "./scene.ts";

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene[Symbol.asyncDispose]());

const inGroup = (MessageGroupId: string, id: string) => ({ MessageGroupId, MessageDeduplicationId: id });

/** n messages in turn of two groups, all dead letters; those of `done` are committed. */
async function deadGroups(n: number, done: readonly number[] = []): Promise<Pair> {
  const pair = await scene.pair(true);
  for (let at = 0; at < n; at++) {
    await pair.send(`k${at}`, { at }, inGroup(at % 2 === 0 ? "even" : "odd", `${at}`));
    if (done.includes(at)) await pair.commit(`k${at}`, { at });
  }
  await pair.exhaust();
  expect(pair.counts("dead").visible).toBe(n);
  return pair;
}

async function orderOf(pair: Pair): Promise<Record<string, number[]>> {
  const ran: { group: string; at: number }[] = [];
  await pair.consume(({ body, orderingKey = "" }) => {
    ran.push({ group: orderingKey, at: (body as { at: number }).at });
  });
  const groups = Map.groupBy(ran, ({ group }) => group);
  return Object.fromEntries([...groups].map(([group, some]) => [group, some.map(({ at }) => at)]));
}

const upTo = (n: number, keep: (at: number) => boolean) => Array.from({ length: n }, (_, at) => at).filter(keep);

test("order within a group is kept, in groups of more than ten", async () => {
  const pair = await deadGroups(50);
  expect(await pair.run()).toMatchObject({ seen: 50, moved: 50 });
  expect(await orderOf(pair)).toEqual({ even: upTo(50, (at) => at % 2 === 0), odd: upTo(50, (at) => at % 2 === 1) });
  expect(Object.values(await scene.effects())).toEqual(Array.from({ length: 50 }, () => 1));
});

test("what stays does not keep those behind it, as long as it is fewer than ten of a group", async () => {
  const done = [0, 3, 14];
  const pair = await deadGroups(40, done);
  expect(await pair.run()).toMatchObject({ seen: 40, moved: 37, counted: { visible: 3, hidden: 0 } });
  const left = (rest: number) => upTo(40, (at) => at % 2 === rest && !done.includes(at));
  expect(await orderOf(pair)).toEqual({ even: left(0), odd: left(1) });
  expect(await pair.run({ removesDone: true })).toMatchObject({ seen: 3, removed: 3 });
});

test("a dry run gives all back in order", async () => {
  const pair = await deadGroups(30);
  expect(await pair.run({ dryRun: true })).toMatchObject({ seen: 20, counted: { visible: 30, hidden: 0 } });
  expect(await pair.run()).toMatchObject({ moved: 30 });
  expect(await orderOf(pair)).toEqual({ even: upTo(30, (at) => at % 2 === 0), odd: upTo(30, (at) => at % 2 === 1) });
});

test("a second redrive within five minutes is not swallowed", async () => {
  const pair = await deadGroups(4);
  for (let round = 1; round <= 3; round++) {
    expect(await pair.run()).toMatchObject({ moved: 4 });
    expect(pair.counts("source").visible).toBe(4);
    if (round === 1) {
      await pair.consume(() => {
        throw new PermanentError("no"); // sent to the dead-letter queue by semel
      });
    } else await pair.exhaust(); // by SQS
    expect(pair.counts("dead").visible).toBe(4);
  }
  await pair.run();
  expect(await orderOf(pair)).toEqual({ even: [0, 2], odd: [1, 3] });
});

test("a send whose answer is lost is taken once", async () => {
  const pair = await deadGroups(6);
  let trouble = 3;
  const calls: QueueCalls = {
    ...scene.calls,
    async send(url, messages) {
      const answers = await scene.calls.send(url, messages);
      if (trouble-- > 0) throw new Error("read ECONNRESET"); // tried again
      return answers;
    },
  };
  expect(await pair.run({ calls })).toMatchObject({ moved: 6 });
  expect(pair.counts("source").visible).toBe(6);
  expect(pair.counts("dead")).toEqual({ visible: 0, inFlight: 0 });
});

test("where one cannot be sent, those behind it in its group stay, also those that were not received yet", async () => {
  const pair = await deadGroups(40);
  const calls: QueueCalls = {
    ...scene.calls,
    async send(url, messages) {
      const isBad = messages.map(({ body }) => body === '{"at":6}');
      const good = messages.filter((_, index) => !isBad[index]);
      const answers = good.length === 0 ? [] : [...(await scene.calls.send(url, good))];
      const refused = { code: "InvalidMessageContents", reason: "bad", isFinal: true };
      return isBad.map((bad) => (bad ? refused : (answers.shift() ?? refused)));
    },
  };
  const result = await pair.run({ calls });
  expect(result).toMatchObject({ moved: 23, refused: [{ code: "InvalidMessageContents" }] });
  expect(await orderOf(pair)).toEqual({ even: [0, 2, 4], odd: upTo(40, (at) => at % 2 === 1) });
  expect(await pair.run()).toMatchObject({ moved: 17 });
  expect(await orderOf(pair)).toEqual({ even: upTo(40, (at) => at % 2 === 0 && at > 4) });
});

test("SU3: what is a dead letter again while it runs is left for the next call", async () => {
  const pair = await deadGroups(4);
  let consumed = 0;
  const calls: QueueCalls = {
    ...scene.calls,
    async remove(...given) {
      const answers = await scene.calls.remove(...given);
      if (++consumed > 20) return answers; // or it would go round for ever
      await pair.consume(() => {
        throw new PermanentError("still broken");
      });
      return answers;
    },
  };
  expect(await pair.run({ calls })).toMatchObject({ seen: 4, moved: 4, cameBack: 4 });
  expect(pair.counts("dead")).toEqual({ visible: 4, inFlight: 0 });
  expect(await pair.run()).toMatchObject({ seen: 4, moved: 4, cameBack: 0 });
});
