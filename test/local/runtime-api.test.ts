// The Runtime API without a worker: what AWS's own client would see.
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type FunctionError, type RuntimeApi, startRuntimeApi } from "../../lib/local/runtime-api.ts";

let api: RuntimeApi;
let ready: number;
let initErrors: FunctionError[];

beforeEach(async () => {
  ready = 0;
  initErrors = [];
  api = await startRuntimeApi({
    onReady: () => {
      ready += 1;
    },
    onInitError: (error) => initErrors.push(error),
  });
});
afterEach(() => api.close());

const url = (path: string) => `http://${api.address}/2018-06-01/runtime/${path}`;
const next = () => fetch(url("invocation/next"));
const post = (path: string, body: string) => fetch(url(path), { method: "POST", body });
const offer = (requestId: string, payload = "{}") =>
  api.invoke({ requestId, payload, functionArn: "arn:f", timeoutMs: 5000, onDelivered: () => {} });

describe("the Runtime API", () => {
  test("hands out an invocation with its headers", async () => {
    void offer("id-1", '{"a":"é"}');
    const before = Date.now();
    const answer = await next();
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ a: "é" });
    expect(answer.headers.get("Lambda-Runtime-Aws-Request-Id")).toBe("id-1");
    expect(answer.headers.get("Lambda-Runtime-Invoked-Function-Arn")).toBe("arn:f");
    expect(answer.headers.get("Lambda-Runtime-Trace-Id")).toMatch(/^Root=1-/);
    const deadlineMs = Number(answer.headers.get("Lambda-Runtime-Deadline-Ms"));
    expect(deadlineMs).toBeGreaterThanOrEqual(before + 5000);
    expect(deadlineMs).toBeLessThanOrEqual(Date.now() + 5000);
  });

  test("an invocation ends when the worker asks for the next one, not before", async () => {
    let ended = false;
    const invocation = offer("id-1").finally(() => {
      ended = true;
    });
    await next();
    expect((await post("invocation/id-1/response", '{"done":1}')).status).toBe(202);
    expect(ended).toBe(false);
    expect(api.lastAnswer()).toEqual({ kind: "response", payload: '{"done":1}' });
    void next().catch(() => {});
    expect(await invocation).toEqual({ kind: "response", payload: '{"done":1}' });
    expect([ready, api.lastAnswer()]).toEqual([2, undefined]);
  });

  test.each(["trace", "stackTrace"])("takes an error with its %s", async (key) => {
    const invocation = offer("id-1");
    await next();
    await post("invocation/id-1/error", JSON.stringify({ errorType: "T", errorMessage: "m", [key]: ["l1", "l2"] }));
    void next().catch(() => {});
    const error = { errorType: "T", errorMessage: "m", trace: ["l1", "l2"] };
    expect(await invocation).toEqual({ kind: "error", error });
  });

  test("takes an error at the start", async () => {
    expect((await post("init/error", '{"errorType":"Runtime.X","errorMessage":"m"}')).status).toBe(202);
    expect((await post("init/error", "no JSON")).status).toBe(202);
    expect(initErrors.map(({ errorType }) => errorType)).toEqual(["Runtime.X", "Runtime.Unknown"]);
  });

  test("refuses the answer to another invocation, a second answer, and other paths", async () => {
    void offer("id-1");
    await next();
    expect((await post("invocation/id-2/response", "1")).status).toBe(400);
    expect((await post("invocation/id-1/response", "1")).status).toBe(202);
    expect((await post("invocation/id-1/response", "2")).status).toBe(400);
    expect((await post("invocation/id-1/answer", "1")).status).toBe(404);
    expect((await fetch(`http://${api.address}/other`)).status).toBe(404);
    expect(api.lastAnswer()).toEqual({ kind: "response", payload: "1" });
  });

  test("an answer that is too long is refused and ends the invocation as an error", async () => {
    const invocation = offer("id-1");
    await next();
    expect((await post("invocation/id-1/response", "x".repeat(6 * 1024 * 1024 + 1))).status).toBe(413);
    void next().catch(() => {});
    expect(await invocation).toMatchObject({ kind: "error", error: { errorType: "Function.ResponseSizeTooLarge" } });
  });
});
