// Faults between workers and engines, each seen by the function (the real SDK) and in the engine itself.
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { CallRule } from "../../../lib/local/index.ts";
import { until } from "../cloud-fixture.ts";
import { put, putNew, type Scene, startScene, transaction } from "./scene.ts";

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
});
afterAll(() => scene[Symbol.asyncDispose]());
afterEach(() => scene.cloud.faults.clear());

const inject = (rule: Partial<CallRule> & Pick<CallRule, "fault">) =>
  scene.cloud.faults.inject({ service: "dynamodb", ...rule });

describe("a request of a worker", () => {
  test.each<[CallRule["fault"], Partial<CallRule>, object, boolean]>([
    ["reset-before", {}, { code: "ECONNRESET" }, false],
    ["reset-after", {}, { code: "ECONNRESET" }, true],
    ["reset-during", {}, { error: expect.any(String) }, true],
    ["delay", { delayMs: [5, 20] }, { answer: {} }, true],
    ["throttle", { error: "ThrottlingException" }, { error: "ThrottlingException", status: 400 }, false],
    ["throttle", { error: "RequestLimitExceeded" }, { error: "RequestLimitExceeded", status: 400 }, false],
    ["server-error", { status: 500 }, { error: "InternalServerError", status: 500 }, false],
    ["server-error", { status: 503 }, { error: "ServiceUnavailable", status: 503 }, false],
    ["conflict", {}, { error: "TransactionConflictException", status: 400 }, false],
  ])("%s %j", async (fault, more, heard, isApplied) => {
    const pk = `${fault} ${JSON.stringify(more)}`;
    const handle = inject({ fault, operation: "PutItem", ...more });
    const result = await scene.request("PutItem", put(pk, "1"));
    expect(result).toMatchObject(heard);
    expect(await scene.read(pk)).toBe(isApplied ? "1" : undefined); // FC1
    expect(handle.count()).toBe(1);
    expect(scene.faultsOf(fault).at(-1)).toMatchObject({
      functionName: "Scene-Sender",
      service: "dynamodb",
      operation: "PutItem",
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      atMs: expect.any(Number),
    });
    handle.remove();
    expect(await scene.request("PutItem", put(pk, "2"))).toEqual({ answer: {} });
    expect(handle.count()).toBe(1);
  });

  test.each<[Partial<CallRule> & Pick<CallRule, "fault">, object]>([
    [{ fault: "conflict", position: 1 }, { codes: ["None", "TransactionConflict"] }],
    [
      { fault: "throttle", operation: "TransactWriteItems", error: "ThrottlingError" },
      { codes: expect.arrayContaining(["None", "ThrottlingError"]) },
    ],
    [{ fault: "in-progress" }, { error: "TransactionInProgressException" }],
  ])("of a transaction: %j", async (rule, heard) => {
    const pks = ["a", "b"].map((name) => `${rule.fault} ${name}`);
    inject(rule);
    const result = await scene.request("TransactWriteItems", transaction(...pks));
    if (!("error" in heard)) expect(result.error).toBe("TransactionCanceledException");
    expect(result).toMatchObject(heard);
    expect(await Promise.all(pks.map(scene.read))).toEqual([undefined, undefined]);
  });

  test("applied-later: after the client heard of a reset, also when its worker is gone", async () => {
    inject({ fault: "applied-later", delayMs: 300, limit: 1 });
    expect(await scene.request("PutItem", put("later", "1"))).toMatchObject({ code: "ECONNRESET" });
    expect(await scene.read("later")).toBeUndefined();
    await scene.cloud.idle(); // FC3: it is waited for
    expect(await scene.read("later")).toBe("1");
  });

  test("applied-later without an answer, and hang: the function runs into its time limit", async () => {
    inject({ fault: "applied-later", delayMs: 0, answer: "none", limit: 1 });
    await expect(scene.request("PutItem", put("silent", "1"))).rejects.toThrow(/timed out/);
    expect(await scene.read("silent")).toBe("1");
    inject({ fault: "hang" });
    const hanging = scene.request("PutItem", put("hung", "1"));
    await until(async () => (await scene.read("hung")) === "1");
    scene.cloud.faults.clear(); // and nobody has to wait for the limit
    expect(await hanging).toMatchObject({ code: "ECONNRESET" });
  });

  test("race: a second worker with the same message writes first, so the held condition fails", async () => {
    // Two warm workers: the second is to be there before the first one's visibility timeout is over.
    await scene.warm();
    inject({ fault: "race", operation: "PutItem", limit: 1, function: "Function", holdMs: 60_000 });
    await scene.send("Queue", [JSON.stringify({ operation: "PutItem", input: putNew("raced", "1") })]);
    await scene.cloud.idle();
    const results = scene.said().flatMap(({ result }) => (result === undefined ? [] : [result.error ?? "written"]));
    expect(results.sort()).toEqual(["ConditionalCheckFailedException", "written"]); // two processes wrote the lines
    // The same delivery, not one after a visibility timeout.
    expect(scene.said().flatMap(({ count }) => count ?? [])).toEqual([1, 1]);
    const { messageIds, requestId } = scene.faultsOf("race")[0] ?? {};
    const started = scene.events.filter((event) => event.kind === "invocation-started" && event.messages > 0);
    expect(started).toMatchObject([{ messageIds, requestId }, { messageIds }]);
    const deleted = scene.events.flatMap((event) => (event.kind === "invocation-ended" ? [...event.deletedIds] : []));
    expect([...new Set(deleted)]).toEqual(messageIds);
  });

  test("SQS: refused, lost, or limited to one queue", async () => {
    const message = { QueueUrl: scene.queueUrl("Dlq"), MessageBody: "x" };
    const toQueue = inject({ service: "sqs", fault: "reset-before", queue: "Queue" });
    inject({ service: "sqs", fault: "throttle", nth: [1] });
    inject({ service: "sqs", fault: "server-error", status: 503, nth: [1] });
    const heard = [];
    for (let times = 0; times < 3; times += 1)
      heard.push(await scene.request("GetQueueUrl", { QueueName: "Scene-Dlq" }, "sqs"));
    const names = heard.map(({ error = "answered" }) => error);
    expect(names).toEqual(["RequestThrottled", "ServiceUnavailable", "answered"]);
    // The worker is sent to its own door.
    const url = String(heard[2]?.answer?.["QueueUrl"]);
    expect(url).not.toBe(message.QueueUrl);
    expect(new URL(url).pathname).toBe(new URL(message.QueueUrl).pathname);
    expect(toQueue.count()).toBe(0);
  });
});

describe("rules", () => {
  test("nth, limit and function decide what is hit", async () => {
    const nth = inject({ fault: "reset-before", operation: "GetItem", nth: [2, 3], limit: 1 });
    const other = inject({ fault: "reset-before", function: "Function" });
    const heard = [];
    for (let times = 0; times < 4; times += 1) {
      heard.push((await scene.request("GetItem", { TableName: "Scene-Table", Key: { pk: { S: "x" } } })).code);
    }
    expect(heard).toEqual([undefined, "ECONNRESET", undefined, undefined]);
    expect([nth.count(), other.count()]).toEqual([1, 0]);
  });

  test("counts are by kind, and outlive their rules", async () => {
    const before = scene.cloud.faults.counts()["in-progress"] ?? 0;
    inject({ fault: "in-progress", limit: 1 });
    await scene.request("TransactWriteItems", transaction("c"));
    scene.cloud.faults.clear();
    expect(scene.cloud.faults.counts()["in-progress"]).toBe(before + 1); // FD2
    expect(await scene.request("TransactWriteItems", transaction("c"))).toEqual({ answer: {} }); // FD1
  });

  test.each([
    [
      { fault: "hang", service: "dynamodb", function: "Nobody" },
      /function "Nobody" does not run here; running: .*Sender/,
    ],
    [{ fault: "hang", service: "sqs", queue: "None" }, /queue "None" does not run here; running: Queue, Dlq/],
    [{ fault: "hang", service: "dynamodb", everyMs: 3 }, /unknown everyMs; allowed: fault, service/],
  ])("%j is refused", (rule, message) => {
    expect(() => scene.cloud.faults.inject(rule as CallRule)).toThrow(message);
  });
});
