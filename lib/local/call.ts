// One request of a worker to an engine, read whole: what may be done with it, and with its answer.
import {
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
  request,
  type ServerResponse,
} from "node:http";
import type { Seat } from "./seat.ts";
import type { EngineName } from "./types.ts";
import { isObject, type JsonObject } from "./values.ts";

export interface EngineAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Call {
  readonly service: EngineName;
  /** "PutItem" */
  readonly operation: string;
  readonly seat: Seat;
  /** The how manieth request of its worker it is; the first is 1. */
  readonly ordinal: number;
  /** The request's JSON; empty when it is none. */
  input(): JsonObject;
  /** Sends it to the engine, whatever became of the client; resolves with the whole answer: by then it is applied. */
  send(): Promise<EngineAnswer>;
  /** Sends it as if nobody stood between: a client that goes takes its request along. */
  pass(): Promise<void>;
  reply(answer: EngineAnswer): void;
  /** The head and half of the body, then the connection breaks. */
  replyHalf(answer: EngineAnswer): void;
  /** Breaks the client's connection. */
  reset(): void;
  /** Calls the listener when the client has gone, or has its answer. */
  onEnd(listener: () => void): void;
}

export interface CallParts {
  readonly service: EngineName;
  readonly operation: string;
  readonly seat: Seat;
  readonly ordinal: number;
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly body: Buffer;
  readonly upstream: RequestOptions;
  /** How the client calls us, and what the engine is called. */
  readonly origin: string;
  readonly target: string;
  readonly around: ((call: Call, exchange: () => Promise<EngineAnswer>) => Promise<EngineAnswer>) | undefined;
}

export function createCall(parts: CallParts): Call {
  const { incoming, outgoing, service, operation, seat, ordinal } = parts;
  let input: JsonObject | undefined;
  const exchange = (isTied: boolean): Promise<EngineAnswer> => {
    const direct = () => exchangeWithEngine(parts, isTied);
    return parts.around === undefined ? direct() : parts.around(call, direct);
  };
  const head = (answer: EngineAnswer): void => {
    const { "transfer-encoding": _, ...headers } = answer.headers; // it came whole
    outgoing.writeHead(answer.status, { ...headers, "content-length": answer.body.length });
  };
  const call: Call = {
    service,
    operation,
    seat,
    ordinal,
    input() {
      input ??= parse(parts.body);
      return input;
    },
    send: () => exchange(false),
    async pass() {
      call.reply(await exchange(true));
    },
    reply(given) {
      if (outgoing.destroyed) return;
      const answer = toClient(given, parts);
      head(answer);
      outgoing.end(answer.body);
    },
    replyHalf(answer) {
      if (outgoing.destroyed) return;
      head(answer);
      outgoing.write(answer.body.subarray(0, answer.body.length >> 1), () => incoming.socket.destroy());
    },
    reset: () => void incoming.socket.destroy(),
    onEnd(listener) {
      if (outgoing.closed) listener();
      else outgoing.once("close", listener);
    },
  };
  return call;
}

function exchangeWithEngine(parts: CallParts, isTied: boolean): Promise<EngineAnswer> {
  const { upstream, outgoing } = parts;
  const body = toEngine(parts);
  return new Promise((resolve, reject) => {
    const { "transfer-encoding": _, ...headers } = upstream.headers as IncomingHttpHeaders;
    const outward = request({ ...upstream, headers: { ...headers, "content-length": body.length } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => {
        resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: Buffer.concat(chunks) });
      });
      answer.on("error", reject);
    });
    outward.on("error", reject);
    if (isTied) {
      outgoing.on("close", () => {
        if (!outgoing.writableFinished) outward.destroy();
      });
    }
    outward.end(body);
  });
}

// SDK clients of SQS go where a queue's URL points to, so a worker has to be told URLs with its own door in them.

function toEngine({ service, body, origin, target }: CallParts): Buffer {
  // The field, not the text: a message's body must arrive as it was sent.
  return service === "sqs" ? replaceText(body, `"QueueUrl":"${origin}/`, `"QueueUrl":"${target}/`) : body;
}

/** Operations whose answers name queues. */
const URL_OPERATIONS: ReadonlySet<string> = new Set([
  "CreateQueue",
  "GetQueueUrl",
  "ListQueues",
  "ListDeadLetterSourceQueues",
]);

function toClient(answer: EngineAnswer, { service, operation, origin, target }: CallParts): EngineAnswer {
  if (service !== "sqs" || !URL_OPERATIONS.has(operation)) return answer;
  return { ...answer, body: replaceText(answer.body, target, origin) };
}

function replaceText(body: Buffer, from: string, to: string): Buffer {
  return body.includes(from) ? Buffer.from(body.toString().replaceAll(from, to)) : body;
}

function parse(body: Buffer): JsonObject {
  try {
    const input: unknown = JSON.parse(body.toString());
    if (isObject(input)) return input;
  } catch {
    // The engine says what is wrong with it.
  }
  return {};
}
