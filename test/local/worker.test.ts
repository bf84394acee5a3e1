// The Runtime API and the bootstrap, through real worker processes.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { assetFunction, inlineFunction } from "./assembly-fixture.ts";
import { type CloudFixture, isAlive, startFixture, until } from "./cloud-fixture.ts";

let fixture: CloudFixture;

const environment = { Environment: { Variables: { NAME: { Ref: "Table" }, STACK: { Ref: "AWS::StackName" } } } };
const keys = {
  AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
};

beforeAll(async () => {
  process.env["SEMEL_LEAK"] = "parent";
  fixture = await startFixture({
    name: "Workers",
    resources: {
      Table: { Type: "AWS::DynamoDB::Table", Properties: keys },
      Common: inlineFunction(
        "exports.handler = async (event, context) => ({ event, context, left: context.getRemainingTimeInMillis() })",
        {
          Timeout: 7,
          MemorySize: 512,
        },
      ),
      Environment: inlineFunction("exports.handler = async () => ({ ...process.env })", environment),
      Module: assetFunction("esm", { Handler: "src/main.handlers.first" }),
      Late: assetFunction("late"),
      PackageModule: assetFunction("module"),
      CommonFile: assetFunction("cjs"),
      Throws: inlineFunction('exports.handler = async () => { throw new TypeError("wrong type"); }'),
      ThrowsNull: inlineFunction("exports.handler = async () => { throw null; }"),
      Undefined: inlineFunction("exports.handler = async () => {}"),
      Circular: inlineFunction("exports.handler = async () => { const a = {}; a.a = a; return a; }"),
      Hangs: inlineFunction(
        "exports.handler = async (e) => e.quick ? process.pid : new Promise((r) => setTimeout(r, 60_000))",
        { Timeout: 1 },
      ),
      Spins: inlineFunction("exports.handler = async () => { for (;;); }", { Timeout: 1 }),
      Exits: inlineFunction("exports.handler = async () => { process.exit(5); }"),
      Rejects: inlineFunction(
        'exports.handler = () => { Promise.reject(new Error("nobody waits")); return new Promise(() => {}); }',
      ),
      Forks: inlineFunction(
        'exports.handler = async () => { console.log(require("node:child_process").spawn("sleep", ["60"], { stdio: "inherit" }).pid); process.exit(1); }',
      ),
      Callback: inlineFunction("exports.handler = async (event, context, callback) => 1"),
      Missing: inlineFunction("exports.other = 1"),
      NoFile: inlineFunction("", { Handler: "nofile.handler" }),
      Broken: inlineFunction('throw new Error("at load")'),
      Count: inlineFunction(
        "let count = 0; exports.handler = async () => { count += 1; return { count, pid: process.pid }; }",
      ),
      Big: inlineFunction('exports.handler = async (e) => "x".repeat(e.length)'),
      Logs: inlineFunction('exports.handler = async () => { console.log("one\\ntwo"); console.error("three"); }'),
    },
    assets: {
      esm: { "src/main.mjs": 'export const handlers = { first: async () => "first" };' },
      late: {
        "index.js":
          'const { readFile } = await import("node:fs/promises"); export const handler = async () => typeof readFile;',
      },
      module: {
        "package.json": '{"type":"module"}',
        "index.js": 'export const handler = async () => import.meta.filename.endsWith("index.js");',
      },
      cjs: { "index.cjs": "exports.handler = async () => typeof require;" },
    },
  });
});
afterAll(async () => {
  delete process.env["SEMEL_LEAK"];
  await fixture[Symbol.asyncDispose]();
});

const invoke = (logicalId: string, event: unknown = {}) => fixture.fn(logicalId).invoke(event);

describe("a worker", () => {
  test("hands event and context to the handler", async () => {
    const result = (await invoke("Common", { a: [1, "é"] })) as { event: unknown; context: object; left: number };
    expect(result.event).toEqual({ a: [1, "é"] });
    expect(result.left).toBeGreaterThan(0);
    expect(result.left).toBeLessThanOrEqual(7000);
    expect(result.context).toEqual({
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      callbackWaitsForEmptyEventLoop: true,
      functionName: "Workers-Common",
      functionVersion: "$LATEST",
      invokedFunctionArn: "arn:aws:lambda:us-east-1:000000000000:function:Workers-Common",
      logGroupName: "/aws/lambda/Workers-Common",
      logStreamName: expect.any(String),
      memoryLimitInMB: "512",
      xRayTraceId: expect.stringMatching(/^Root=1-[0-9a-f]{8}-[0-9a-f]{24};Sampled=0$/),
    });
  });

  test("has an environment of its own", async () => {
    const variables = (await invoke("Environment")) as Record<string, string>;
    expect(variables).toMatchObject({
      NAME: "Workers-Table",
      STACK: "Workers",
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "local",
      _HANDLER: "index.handler",
    });
    // Doors of its own.
    expect(variables["AWS_ENDPOINT_URL_DYNAMODB"]).not.toBe(fixture.cloud.endpoints.dynamodb);
    expect(variables["AWS_ENDPOINT_URL_SQS"]).not.toBe(fixture.cloud.endpoints.sqs);
    const leaked = ["SEMEL_LEAK", "NODE_OPTIONS", "VITEST", "HOME"].filter((name) => name in variables);
    expect(leaked).toEqual([]);
  });

  test("loads ES modules and CommonJS", async () => {
    expect(await invoke("Module")).toBe("first");
    expect(await invoke("Late")).toBe("function");
    expect(await invoke("PackageModule")).toBe(true);
    expect(await invoke("CommonFile")).toBe("function");
  });

  test("gives null for undefined", async () => {
    expect(await invoke("Undefined")).toBeNull();
  });

  test.each([
    ["Throws", /TypeError: wrong type/],
    ["ThrowsNull", /null/],
    ["Circular", /circular/i],
    ["Callback", /Runtime\.CallbackHandlerDeprecated/],
    ["Missing", /Runtime\.HandlerNotFound/],
    ["NoFile", /Runtime\.ImportModuleError/],
    ["Broken", /at load/],
    ["Rejects", /Runtime\.ExitError.*exit status 1/],
    ["Exits", /Runtime\.ExitError.*exit status 5/],
  ])("%s: the invocation fails and says why", async (logicalId, message) => {
    await expect(invoke(logicalId)).rejects.toThrow(message);
    // And again: the next invocation gets a worker that can run it.
    await expect(invoke(logicalId)).rejects.toThrow(message);
  });

  test("is killed at its time limit, also out of an endless loop; another takes its place", async () => {
    const first = (await invoke("Hangs", { quick: true })) as number;
    const [hung, spun] = await Promise.allSettled([invoke("Hangs"), invoke("Spins")]);
    expect(hung).toMatchObject({ reason: { message: expect.stringMatching(/timed out after 1\.00 seconds/) } });
    expect(spun).toMatchObject({ reason: { message: expect.stringMatching(/timed out after 1\.00 seconds/) } });
    expect(await isAlive(first)).toBe(false);
    expect(await invoke("Hangs", { quick: true })).not.toBe(first);
    const outcomes = fixture.events.flatMap((e) =>
      e.kind === "invocation-ended" ? [`${e.functionName} ${e.outcome}`] : [],
    );
    expect(outcomes).toContain("Workers-Hangs timeout");
  });

  test("takes along what its function has started", async () => {
    await expect(invoke("Forks")).rejects.toThrow(/exit status 1/);
    const line = fixture.lines.find(({ source }) => source === "Workers-Forks");
    expect(Number(line?.text)).toBeGreaterThan(0);
    await until(async () => !(await isAlive(Number(line?.text))));
  });

  test("stays warm after success and after an error", async () => {
    const first = (await invoke("Count")) as { count: number; pid: number };
    expect(await invoke("Count")).toEqual({ count: first.count + 1, pid: first.pid });
    const started = () =>
      fixture.events.filter((e) => e.kind === "worker-started" && e.functionName === "Workers-Throws").length;
    await invoke("Throws").catch(() => {});
    const before = started();
    await invoke("Throws").catch(() => {});
    expect(started()).toBe(before);
  });

  test("has company when invocations come side by side", async () => {
    const results = (await Promise.all([1, 2, 3].map(() => invoke("Count")))) as { pid: number }[];
    expect(new Set(results.map(({ pid }) => pid)).size).toBe(3);
  });

  test("may answer 6 MB, not more", async () => {
    const most = 6 * 1024 * 1024 - 2; // and two quotes
    expect(await invoke("Big", { length: most })).toHaveLength(most);
    await expect(invoke("Big", { length: most + 1 })).rejects.toThrow(/Function\.ResponseSizeTooLarge/);
  });

  test("writes lines with its function's name", async () => {
    await invoke("Logs");
    const source = "Workers-Logs";
    await until(() => fixture.lines.filter((line) => line.source === source).length >= 3);
    const lines = fixture.lines.filter((line) => line.source === source);
    expect(lines).toEqual(
      expect.arrayContaining([
        { source, text: "one", level: "info" },
        { source, text: "two", level: "info" },
        { source, text: "three", level: "error" },
      ]),
    );
  });
});
