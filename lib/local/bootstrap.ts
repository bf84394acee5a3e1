// Runs in the worker process: loads the handler, then asks the Runtime API for invocations until it is killed.
// Stands alone: it imports nothing of semel, since it runs beside the user's code.
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
import { existsSync } from "node:fs";
import { Agent, type IncomingMessage, request } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

type Handler = (event: unknown, context: object) => unknown;

const environment = process.env;
const skewMs = Number(environment["SEMEL_CLOCK_SKEW_MS"] ?? 0);
const RealDate = Date; // of the machine, whose time the invocation's deadline is in
const [host, port] = (environment["AWS_LAMBDA_RUNTIME_API"] ?? "").split(":");
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

interface Answer {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

function call(method: "GET" | "POST", path: string, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    const options = { host, port, agent, method, headers, path: `/2018-06-01/runtime/${path}` };
    const outgoing = request(options, (incoming) => {
      let text = "";
      incoming.setEncoding("utf8");
      incoming.on("data", (chunk: string) => {
        text += chunk;
      });
      incoming.on("end", () => resolve({ headers: incoming.headers, body: text }));
      incoming.on("error", reject);
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) {
    return JSON.stringify({ errorType: typeof thrown, errorMessage: String(thrown), trace: [] });
  }
  const trace = (thrown.stack ?? "").split("\n");
  return JSON.stringify({ errorType: thrown.name, errorMessage: thrown.message, trace });
}

function initError(errorType: string, message: string): Error {
  const error = new Error(message);
  error.name = errorType;
  return error;
}

/** "src/index.handler": a file without its ending, then the export's path. */
async function loadHandler(): Promise<Handler> {
  const root = environment["LAMBDA_TASK_ROOT"] ?? process.cwd();
  const name = environment["_HANDLER"] ?? "";
  const match = /^(.*\/)?([^./]+)\.(.+)$/.exec(name);
  if (match === null) throw initError("Runtime.MalformedHandlerName", `Bad handler "${name}"`);
  const file = join(root, match[1] ?? "", match[2] ?? "");
  let found: unknown = await loadModule(file);
  for (const key of (match[3] ?? "").split(".")) found = (found as Record<string, unknown> | undefined)?.[key];
  if (typeof found !== "function") {
    throw initError("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
  }
  if (found.length > 2) {
    const message = `${name} declares ${found.length} parameters; Node.js 24 and later have no callback handlers: use async (event, context)`;
    throw initError("Runtime.CallbackHandlerDeprecated", message);
  }
  return found as Handler;
}

async function loadModule(file: string): Promise<unknown> {
  const path = [".js", ".mjs", ".cjs"].map((ending) => file + ending).find((candidate) => existsSync(candidate));
  if (path === undefined) throw initError("Runtime.ImportModuleError", `Cannot find module '${file}'`);
  try {
    // Takes ES modules too, and gives their namespace.
    return createRequire(path)(path);
  } catch (thrown) {
    // An ES module with a top-level await, or a Node without require(esm).
    if (/^ERR_REQUIRE_(ASYNC_MODULE|ESM)$/.test((thrown as { code?: string } | null)?.code ?? "")) {
      return import(pathToFileURL(path).href);
    }
    throw thrown;
  }
}

function contextOf(headers: IncomingMessage["headers"]): object {
  const deadlineMs = Number(headers["lambda-runtime-deadline-ms"]);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: environment["AWS_LAMBDA_FUNCTION_NAME"],
    functionVersion: environment["AWS_LAMBDA_FUNCTION_VERSION"],
    memoryLimitInMB: environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"],
    logGroupName: environment["AWS_LAMBDA_LOG_GROUP_NAME"],
    logStreamName: environment["AWS_LAMBDA_LOG_STREAM_NAME"],
    awsRequestId: headers["lambda-runtime-aws-request-id"],
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    xRayTraceId: headers["lambda-runtime-trace-id"],
    getRemainingTimeInMillis: () => deadlineMs - RealDate.now(),
  };
}

async function runOne(handler: Handler): Promise<void> {
  const { headers, body } = await call("GET", "invocation/next");
  const requestId = String(headers["lambda-runtime-aws-request-id"]);
  environment["_X_AMZN_TRACE_ID"] = String(headers["lambda-runtime-trace-id"]);
  let outcome: "response" | "error" = "response";
  let answer: string;
  try {
    // What JSON cannot hold (undefined) is null, as in AWS's client.
    answer = JSON.stringify((await handler(JSON.parse(body), contextOf(headers))) ?? null) ?? "null";
  } catch (thrown) {
    console.error(thrown);
    outcome = "error";
    answer = describe(thrown);
  }
  await call("POST", `invocation/${requestId}/${outcome}`, answer);
}

/** The function's clock is wrong by this; what it may still run is not. */
function skewClock(ms: number): void {
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, given: [], newTarget) =>
      given.length === 0
        ? Reflect.construct(target, [target.now() + ms], newTarget)
        : Reflect.construct(target, given, newTarget),
    apply: (target) => new target(target.now() + ms).toString(),
    get: (target, name, receiver) => (name === "now" ? () => target.now() + ms : Reflect.get(target, name, receiver)),
  });
}

/** Until the process dies of it. */
function exhaustMemory(): void {
  const kept: unknown[] = [];
  for (;;) kept.push(new Array(100_000).fill(kept));
}

/** As in AWS's own client, nothing catches what the handler leaves uncaught: the process ends, and its invocation. */
async function main(): Promise<void> {
  let handler: Handler;
  try {
    handler = await loadHandler();
  } catch (thrown) {
    console.error(thrown);
    await call("POST", "init/error", describe(thrown));
    process.exit(1);
  }
  // Ends when the Runtime API is gone: then so is the local cloud.
  for (;;) {
    try {
      await runOne(handler);
    } catch {
      process.exit(1);
    }
  }
}

if (skewMs !== 0) skewClock(skewMs);
process.on("SIGUSR2", exhaustMemory);
void main();
