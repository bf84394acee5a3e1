// SQS's JSON protocol over HTTP, in front of the engine. Nothing is authenticated.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-making-api-requests-json.html
import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { isObject, type JsonObject } from "../values.ts";
import { call } from "./call.ts";
import { createSqsEngine, endEngine, type SqsEngine, type SqsEngineOptions } from "./engine.ts";
import { SqsError } from "./errors.ts";

export interface SqsServer {
  readonly endpoint: string;
  readonly engine: SqsEngine;
  /** Calls the listener once, when the port closes, whoever closed it. */
  onClosed(listener: () => void): void;
  /** Closes the port and all connections, and opens it again when `down` is over. The queues stay as they are. */
  restart(down: Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

const SERVICE = "AmazonSQS";
/** 1 MiB of message is up to 6 MiB of JSON, where each character is escaped. */
const REQUEST_BYTES_MAX = 16 * 1024 * 1024;

export async function startSqsServer(options: SqsEngineOptions): Promise<SqsServer> {
  const engine = createSqsEngine(options);
  const server = createServer((request, response) => void serve(engine, request, response));
  server.keepAliveTimeout = 0; // clients keep connections while they look at what they got
  // Not on all of the machine's addresses.
  await listen(server, 0);
  let isRestarting = false;
  const { port } = server.address() as AddressInfo;
  engine.endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint: engine.endpoint,
    engine,
    onClosed(listener) {
      server.on("close", () => {
        if (!isRestarting) listener();
      });
    },
    async restart(down) {
      isRestarting = true;
      try {
        await shut(server);
        await down;
        await listen(server, port);
      } finally {
        isRestarting = false;
      }
    },
    stop: () => stop(server, engine),
  };
}

function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject).listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve();
    });
  });
}

function stop(server: Server, engine: SqsEngine): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    endEngine(engine);
    // Answers to those who waited are still on their way.
    setImmediate(() => server.closeAllConnections());
  });
}

async function serve(engine: SqsEngine, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    const body = await readBody(request);
    const onGone = (listener: () => void) => {
      if (response.closed) listener();
      else response.once("close", listener);
    };
    const answer = call(engine, { action: actionOf(request), input: parse(body) }, { onGone });
    write(response, 200, answer instanceof Promise ? await answer : answer);
  } catch (thrown) {
    refuse(response, thrown);
  }
}

function readBody(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= REQUEST_BYTES_MAX) chunks.push(chunk);
    });
    request.on("end", () => {
      if (bytes <= REQUEST_BYTES_MAX) resolve(Buffer.concat(chunks).toString());
      else
        reject(new SqsError("MalformedInput", `The request has ${bytes} bytes, the maximum is ${REQUEST_BYTES_MAX}.`));
    });
    request.on("error", reject);
  });
}

function actionOf(request: IncomingMessage): string {
  const target = String(request.headers["x-amz-target"]);
  const [service, action = ""] = target.split(".");
  if (service === SERVICE) return action;
  throw new SqsError(
    "InvalidAction",
    `The x-amz-target is ${target}; it must be ${SERVICE} and an action: JSON protocol only.`,
  );
}

function parse(body: string): JsonObject {
  try {
    const input: unknown = body === "" ? {} : JSON.parse(body);
    if (isObject(input)) return input;
  } catch {
    // Said below.
  }
  throw new SqsError("MalformedInput", "The body of the request is not a JSON object.");
}

function refuse(response: ServerResponse, thrown: unknown): void {
  if (thrown instanceof SqsError) {
    const { type, status, queryCode } = thrown.kind;
    response.setHeader("x-amzn-query-error", `${queryCode};Sender`);
    write(response, status, { __type: type, message: thrown.message });
    return;
  }
  // A mistake of the engine's own, or a request that broke off: not an answer of SQS's.
  const text = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
  write(response, 500, { __type: "com.amazon.coral.service#InternalFailure", message: text });
}

function write(response: ServerResponse, status: number, answer: JsonObject): void {
  const text = JSON.stringify(answer);
  response.writeHead(status, {
    "content-type": "application/x-amz-json-1.0",
    "content-length": Buffer.byteLength(text),
    "x-amzn-requestid": randomUUID(),
  });
  response.end(text);
}
