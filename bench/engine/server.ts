// DynamoDB's HTTP protocol in front of the engine, JSON 1.0. Nothing is authenticated.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { dynamoDbError } from "../../lib/store/memory/errors.ts";
import { DELAY_MODELS, type DelayModel, delays } from "./delays.ts";
import type { FakeDynamoDb } from "./fake-dynamodb.ts";

const SERVICE = "DynamoDB_20120810";
const NAMESPACE = "com.amazonaws.dynamodb.v20120810";

export interface EngineServer {
  readonly server: Server;
  setModel(model: DelayModel): void;
}

export function engineServer(engine: FakeDynamoDb): EngineServer {
  const later = delays();
  let delayMs: (operation: string, actions: number) => number = DELAY_MODELS.U0;
  let requests = 0;

  function handle(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    const [service = "", operation = ""] = String(request.headers["x-amz-target"]).split(".");
    const id = `request-${++requests}`;
    if (service !== SERVICE) {
      answer(response, id, () => refuse(service, operation)); // SQS's, for a failed message: not counted
      return;
    }
    const begun = engine.begin(operation, JSON.parse(body.toString()));
    const wait = delayMs(operation, begun.actions);
    if (wait <= 0) answer(response, id, begun.finish);
    else later(wait, () => answer(response, id, begun.finish));
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => handle(request, response, Buffer.concat(chunks)));
  });
  server.keepAliveTimeout = 0; // a contender's connections outlast the turns of the others
  return {
    server,
    setModel: (model) => {
      delayMs = DELAY_MODELS[model];
    },
  };
}

function refuse(service: string, operation: string): never {
  throw dynamoDbError("UnknownOperationException", `the benchmark's engine has no ${service}.${operation}`);
}

function answer(response: ServerResponse, requestId: string, finish: () => object): void {
  const { status, body } = outcome(finish);
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/x-amz-json-1.0",
    "content-length": Buffer.byteLength(text),
    "x-amzn-requestid": requestId,
  });
  response.end(text);
}

function outcome(finish: () => object): { status: number; body: object } {
  try {
    return { status: 200, body: finish() };
  } catch (thrown) {
    const error = thrown as Error;
    // An error of the engine itself is no answer of DynamoDB's.
    if (error instanceof TypeError || error instanceof RangeError) {
      return { status: 500, body: { __type: `${NAMESPACE}#InternalServerError`, message: error.stack } };
    }
    const { name, message, ...rest } = error;
    return { status: 400, body: { ...rest, __type: `${NAMESPACE}#${name}`, message } };
  }
}
