// Faults of workers, on real processes.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { isAlive, isStopped, until } from "../cloud-fixture.ts";
import { put, type Said, type Scene, startScene } from "./scene.ts";

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene[Symbol.asyncDispose]());
afterEach(() => scene.cloud.faults.clear());

const inject: Scene["cloud"]["faults"]["inject"] = (rule) => scene.cloud.faults.inject(rule);
const receipts = (from: number): Said[] =>
  scene
    .said()
    .slice(from)
    .filter(({ pid }) => pid !== undefined);

describe("kill", () => {
  test.each([
    ["before", undefined],
    ["after", "1"],
  ] as const)("at a request, %s it is applied", async (when, value) => {
    const handle = inject({ fault: "kill", atCall: 2, when, function: "Sender", limit: 1 });
    const fresh = { TableName: "Scene-Table", Key: { pk: { S: "x" } } };
    // A worker that is new: its second request is the one.
    await scene.cloud.functions
      .find(({ logicalId }) => logicalId === "Sender")
      ?.invoke({ exit: true })
      .catch(() => {});
    await scene.request("GetItem", fresh);
    await expect(scene.request("PutItem", put(`kill ${when}`, "1"))).rejects.toThrow(
      /Runtime\.ExitError.*signal: killed/,
    );
    expect(await scene.read(`kill ${when}`)).toBe(value); // FW2
    expect(handle.count()).toBe(1);
    expect(scene.faultsOf("kill").at(-1)).toMatchObject({ functionName: "Scene-Sender", detail: "call 2, PutItem" });
  });

  test("at a time: waits for an invocation to hit; its message comes back", async () => {
    const from = scene.said().length;
    inject({ fault: "kill", atMs: 0, limit: 1 });
    await scene.send("Queue", [JSON.stringify({ waitMs: 300 })]);
    await scene.cloud.idle();
    expect(receipts(from).at(-1)?.count).toBe(2);
    const crash = scene.events.findLast((event) => event.kind === "invocation-ended" && event.outcome === "crash");
    const [kill] = scene.faultsOf("kill").slice(-1);
    expect(crash).toMatchObject({ requestId: kill?.requestId, messageIds: kill?.messageIds, deletedIds: [] });
  });

  test("every so often", async () => {
    const handle = inject({ fault: "kill", everyMs: 50, function: "Sender", limit: 2 });
    const slow = () =>
      scene.fn("Sender").invoke({ Records: [{ body: '{"waitMs":1500}', messageId: "x", attributes: {} }] });
    await expect(slow()).rejects.toThrow(/killed/);
    await expect(slow()).rejects.toThrow(/killed/);
    expect(handle.count()).toBe(2);
  });
});

describe("freeze", () => {
  test("in mid-invocation: visibility runs out, another works, the first wakes and goes on; no time limit ends it", async () => {
    const from = scene.said().length;
    await scene.send("Queue", [JSON.stringify({ operation: "PutItem", input: put("frozen", "1"), waitMs: 200 })]);
    await until(() => receipts(from).length > 0);
    const handle = inject({ fault: "freeze", atMs: 0, forMs: 60_000, function: "Function" });
    await until(() => handle.count() === 1);
    await until(() => receipts(from).length === 2); // the visibility timeout
    expect(receipts(from).map(({ count }) => count)).toEqual([1, 2]);
    const [zombie] = scene.faultsOf("freeze");
    const ended = () =>
      scene.events.find((one) => one.kind === "invocation-ended" && one.requestId === zombie?.requestId);
    expect(ended()).toBeUndefined();
    scene.cloud.faults.clear(); // FW3
    await until(() => ended() !== undefined);
    // It ran 2 s and more, by the clock: its limit stood still.
    expect(ended()).toMatchObject({ outcome: "success", messageIds: zombie?.messageIds });
  });

  test("after its response: what it left undone goes on with its next invocation", async () => {
    await scene.fn("Ticker").invoke({});
    const handle = inject({ fault: "freeze-after-response", function: "Ticker", nth: [1] });
    const before = (await scene.fn("Ticker").invoke({})) as { pid: number; ticks: number };
    await until(() => handle.count() === 1);
    await until(() => isStopped(before.pid));
    const after = (await scene.fn("Ticker").invoke({})) as { pid: number; ticks: number };
    expect(after.pid).toBe(before.pid);
    expect(after.ticks).toBeGreaterThan(before.ticks);
    expect(await isStopped(before.pid)).toBe(false);
  });

  test("after its response, kept out for a while: another worker takes over", async () => {
    const first = (await scene.fn("Ticker").invoke({})) as { pid: number };
    inject({ fault: "freeze-after-response", function: "Ticker", forMs: 60_000, limit: 1 });
    await scene.fn("Ticker").invoke({});
    await new Promise((resolve) => setTimeout(resolve, 50)); // it would be back by now
    const other = (await scene.fn("Ticker").invoke({})) as { pid: number };
    expect(other.pid).not.toBe(first.pid);
    scene.cloud.faults.clear();
    await new Promise((resolve) => setImmediate(resolve));
    const pids = await Promise.all([1, 2].map(() => scene.fn("Ticker").invoke({})));
    expect(pids.map((one) => (one as { pid: number }).pid).sort()).toEqual([first.pid, other.pid].sort());
  });
});

test("out of memory: the heap is exhausted, and it is told as Lambda tells it", async () => {
  const { pid } = (await scene.fn("Ticker").invoke({})) as { pid: number };
  inject({ fault: "out-of-memory", everyMs: 10, function: "Ticker", limit: 1 });
  await expect(scene.fn("Ticker").invoke({ waitMs: 10_000 })).rejects.toThrow(/Runtime\.ExitError.*signal: aborted/);
  expect(await isAlive(pid)).toBe(false);
  expect(scene.lines.some(({ text }) => /heap out of memory/.test(text))).toBe(true);
});

test("skew: a worker's clock is wrong, its remaining time is not", async () => {
  inject({ fault: "skew", skewMs: [-7_200_000, -7_200_000], function: "Clock" });
  const seen = (await scene.fn("Clock").invoke({})) as Record<string, number | boolean | string>;
  const offMs = Number(seen["nowMs"]) - Date.now();
  expect(offMs).toBeLessThan(-7_190_000);
  expect(offMs).toBeGreaterThan(-7_210_000);
  expect(Math.abs(Number(seen["newMs"]) - Number(seen["nowMs"]))).toBeLessThan(1000);
  expect(seen).toMatchObject({ fixed: 5, isDate: true, parsed: 0 });
  expect(Math.abs(Date.parse(String(seen["text"])) - Number(seen["nowMs"]))).toBeLessThan(2000);
  expect(seen["leftMs"]).toBeGreaterThan(0);
  expect(seen["leftMs"]).toBeLessThanOrEqual(3000);
  expect(scene.faultsOf("skew").at(-1)).toMatchObject({ functionName: "Scene-Clock", ms: -7_200_000 });
});
