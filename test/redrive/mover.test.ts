import { expect, test } from "vitest";
import { heldLetters } from "../../lib/redrive/held-letters.ts";
import type { Letter, Outgoing } from "../../lib/redrive/letter.ts";
import { mover } from "../../lib/redrive/mover.ts";
import type { QueueCalls } from "../../lib/redrive/queue-calls.ts";
import { virtualHost } from "../support/virtual-host.ts";

const KIB = 1024;

function scene(perSecond?: number) {
  const host = virtualHost();
  const sends: { atMs: number; bodies: string[] }[] = [];
  const [hides, removed]: [number[], string[]] = [[], []];
  const startMs = host.nowMs();
  const served = (handles: readonly string[]) => handles.map(() => undefined);
  const calls = {
    send: async (_: string, messages: readonly Outgoing[]) => {
      sends.push({ atMs: host.nowMs() - startMs, bodies: messages.map(({ body }) => body) });
      return messages.map((_message, index) => ({ messageId: `new-${sends.length}-${index}` }));
    },
    remove: async (_: string, handles: readonly string[]) => {
      removed.push(...handles);
      return served(handles);
    },
    hide: async (_: string, handles: readonly string[], seconds: number) => {
      hides.push(host.nowMs() - startMs);
      expect(seconds).toBe(120);
      return served(handles);
    },
  } as unknown as QueueCalls;
  const held = heldLetters(calls, "dead", host);
  const target = { url: "q", arn: "arn:q", isFifo: false, attributes: {} };
  const [refused, left]: [string[], string[]] = [[], []];
  const moving = mover({
    ...{ calls, host, held, target, perSecond, signal: new AbortController().signal },
    ...{
      onMoved: () => {},
      onLeft: ({ messageId }) => void left.push(messageId),
      onRefused: ({ messageId }) => void refused.push(messageId),
    },
  });
  return {
    ...{ sends, hides, refused, removed, left, calls },
    move: (letters: readonly Letter[]) => {
      for (const { messageId } of letters) held.hold(messageId, messageId);
      return host.run(moving.move(letters));
    },
  };
}

const letters = (count: number, body = "x"): Letter[] =>
  Array.from({ length: count }, (_, index) => ({
    ...{ messageId: `m-${index}`, receiptHandle: `m-${index}`, body, attributes: {}, system: {} },
  }));

test("MV3: no more in a second than asked for, and hardly less", async () => {
  const { move, sends } = scene(4);
  await move(letters(30));
  const times = sends.flatMap(({ atMs, bodies }) => bodies.map(() => atMs));
  expect(times).toHaveLength(30);
  for (const from of times) expect(times.filter((at) => at >= from && at < from + 1_000).length).toBeLessThanOrEqual(4);
  expect(times.at(-1)).toBeLessThanOrEqual(7_500); // and no slower
});

test("HL1: what waits for its turn stays hidden", async () => {
  const { move, hides } = scene(1);
  await move(letters(150));
  const gaps = hides.map((atMs, index) => atMs - (hides[index - 1] ?? 0));
  expect(hides.length).toBeGreaterThan(3);
  expect(Math.max(...gaps)).toBeLessThan(60_000);
});

test("ten messages a call, and no more than 1 MiB", async () => {
  const small = scene();
  await small.move(letters(25));
  expect(small.sends.map(({ bodies }) => bodies.length)).toEqual([10, 10, 5]);
  const large = scene();
  await large.move(letters(5, "x".repeat(400 * KIB)));
  expect(large.sends.map(({ bodies }) => bodies.length)).toEqual([2, 2, 1]);
});

test("what SQS cannot take now is sent again, what it never takes is told", async () => {
  const { move, calls, refused, sends } = scene();
  const send = calls.send;
  let tries = 0;
  calls.send = async (url, messages) => {
    const answers = await send(url, messages);
    tries += 1;
    const failure = { code: "InternalError", reason: "", isFinal: tries > 2 };
    return answers.map((answer, index) => (index === 0 ? failure : answer));
  };
  await move(letters(3));
  expect(sends.map(({ bodies }) => bodies.length)).toEqual([3, 1, 1]);
  expect(refused).toEqual(["m-0"]);
});

test("MV1: what was sent before a call failed is deleted, and nothing else", async () => {
  const { move, calls, removed } = scene();
  const send = calls.send;
  calls.send = async (url, messages) => {
    if (messages.length === 1) throw new Error("SQS is gone");
    const answers = await send(url, messages);
    return answers.map((answer, index) =>
      index === 1 ? { code: "InternalError", reason: "", isFinal: false } : answer,
    );
  };
  await expect(move(letters(3))).rejects.toThrow("SQS is gone");
  expect(removed).toEqual(["m-0", "m-2"]);
});

test("a deletion that SQS refuses is told; one that it could not do now is asked for again", async () => {
  const { move, calls, left, removed } = scene();
  const remove = calls.remove;
  calls.remove = async (url, handles) => {
    const answers = await remove(url, handles);
    const code = handles.includes("m-1") ? "ReceiptHandleIsInvalid" : "InternalError";
    const failure = { code, reason: "", isFinal: code !== "InternalError" };
    return answers.map((answer, index) => (handles.length - 1 === index && removed.length < 6 ? failure : answer));
  };
  await move(letters(2));
  expect([removed, left]).toEqual([["m-0", "m-1"], ["m-1"]]);
  removed.length = 0;
  await move(letters(1));
  expect(removed).toEqual(["m-0", "m-0", "m-0", "m-0", "m-0"]);
  expect(left).toEqual(["m-1", "m-0"]);
});
