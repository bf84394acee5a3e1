// The Lambda Runtime API for one worker: hands it invocations, takes its answers.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { RUNTIME_API_PATH } from "../aws/lambda-runtime.ts";
import { INVOCATION_PAYLOAD_BYTES_MAX } from "../aws/limits.ts";

export interface Invocation {
  readonly requestId: string;
  /** The event, as JSON. */
  readonly payload: string;
  readonly functionArn: string;
  readonly timeoutMs: number;
  /** The worker has it now: its time runs from here. */
  readonly onDelivered: () => void;
}

export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

export type RuntimeAnswer =
  | { kind: "response"; payload: string } // what the handler returned, as JSON
  | { kind: "error"; error: FunctionError };

export interface RuntimeApi {
  /** host:port, the value of AWS_LAMBDA_RUNTIME_API. */
  readonly address: string;
  /**
   * Gives the worker one invocation; one at a time. Resolves when the worker has answered and asks for the next one:
   * before that it may still be dying of an error that it told us about.
   */
  invoke(invocation: Invocation): Promise<RuntimeAnswer>;
  /** The answer of a worker that died before it asked for the next invocation. */
  lastAnswer(): RuntimeAnswer | undefined;
  close(): Promise<void>;
}

export interface RuntimeApiOptions {
  /** The worker asks for its first invocation: it has loaded its handler. */
  readonly onReady: () => void;
  /** The worker could not load its handler. */
  readonly onInitError: (error: FunctionError) => void;
}

interface Running {
  readonly requestId: string;
  readonly settle: (answer: RuntimeAnswer) => void;
  answer?: RuntimeAnswer;
}

export async function startRuntimeApi(options: RuntimeApiOptions): Promise<RuntimeApi> {
  let waiting: ServerResponse | undefined; // a "next" without an invocation
  let offered: (Invocation & Pick<Running, "settle">) | undefined; // an invocation without a "next"
  let running: Running | undefined;

  const match = () => {
    if (waiting === undefined || offered === undefined) return;
    const { requestId, payload, functionArn, timeoutMs, onDelivered, settle } = offered;
    running = { requestId, settle };
    waiting.writeHead(200, {
      "Content-Type": "application/json",
      "Lambda-Runtime-Aws-Request-Id": requestId,
      "Lambda-Runtime-Deadline-Ms": String(Date.now() + timeoutMs),
      "Lambda-Runtime-Invoked-Function-Arn": functionArn,
      "Lambda-Runtime-Trace-Id": traceId(requestId),
    });
    waiting.end(payload);
    waiting = undefined;
    offered = undefined;
    onDelivered();
  };

  const next = (response: ServerResponse) => {
    response.once("close", () => {
      if (waiting === response) waiting = undefined; // the worker died while it waited
    });
    waiting = response;
    options.onReady();
    if (running?.answer !== undefined) {
      const { settle, answer } = running;
      running = undefined;
      settle(answer);
    }
    match();
  };

  const finish = (requestId: string, answer: RuntimeAnswer): boolean => {
    if (running?.requestId !== requestId || running.answer !== undefined) return false;
    running.answer = answer;
    return true;
  };

  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [first, second] = (request.url ?? "")
      .slice(RUNTIME_API_PATH.length + 1)
      .split("/")
      .slice(-2);
    if (!request.url?.startsWith(RUNTIME_API_PATH)) return answer(response, 404, "NotFound");
    if (first === "invocation" && second === "next") return next(response);
    const body = await readBody(request);
    if (first === "init" && second === "error") {
      options.onInitError(parseError(body ?? ""));
      return answer(response, 202);
    }
    if (first === undefined || (second !== "response" && second !== "error")) return answer(response, 404, "NotFound");
    const known = finish(first, answerOf(second, body));
    if (!known) return answer(response, 400, "InvalidRequestID");
    return body === undefined ? answer(response, 413, "RequestEntityTooLarge") : answer(response, 202);
  };

  // A worker may run, or wait, for as long as it likes.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 0 }, (request, response) => {
    route(request, response).catch(() => response.destroy()); // the worker went in the middle of its request
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", () => resolve());
  });
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    invoke: (invocation) =>
      new Promise((resolve) => {
        offered = { ...invocation, settle: resolve };
        match();
      }),
    lastAnswer: () => running?.answer,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

function answerOf(kind: "response" | "error", body: string | undefined): RuntimeAnswer {
  if (body === undefined) {
    const errorMessage = `Response payload size exceeded maximum allowed payload size (${INVOCATION_PAYLOAD_BYTES_MAX} bytes).`;
    return { kind: "error", error: { errorType: "Function.ResponseSizeTooLarge", errorMessage, trace: [] } };
  }
  return kind === "response" ? { kind, payload: body } : { kind, error: parseError(body) };
}

/** Undefined when it is longer than Lambda takes. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= INVOCATION_PAYLOAD_BYTES_MAX) chunks.push(chunk);
  }
  return bytes > INVOCATION_PAYLOAD_BYTES_MAX ? undefined : Buffer.concat(chunks).toString("utf8");
}

function parseError(body: string): FunctionError {
  try {
    const { errorType, errorMessage, trace, stackTrace } = JSON.parse(body);
    const lines = Array.isArray(trace) ? trace : Array.isArray(stackTrace) ? stackTrace : [];
    return { errorType: String(errorType), errorMessage: String(errorMessage), trace: lines.map(String) };
  } catch {
    return { errorType: "Runtime.Unknown", errorMessage: body, trace: [] };
  }
}

function answer(response: ServerResponse, status: number, errorType?: string): void {
  response.writeHead(status, { "Content-Type": "application/json" });
  response.end(errorType === undefined ? '{"status":"OK"}' : JSON.stringify({ errorType, errorMessage: errorType }));
}

/** https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-traceid */
function traceId(requestId: string): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  const random = requestId.replaceAll("-", "").slice(0, 24).padEnd(24, "0");
  return `Root=1-${seconds}-${random};Sampled=0`;
}
