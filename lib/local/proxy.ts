// A pass-through in front of an engine, with a door (a port) for each worker, so that it knows who sends a request. Counts
// requests per operation. Requests that somebody wants to see are read whole; the others are streamed.
//
//   PX1. A request that was read whole is the client's own: it is sent to the engine as it came, or not at all.
//   PX2. A client hears of a dead engine what it would hear without us: its connection breaks.
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Call, createCall, type EngineAnswer } from "./call.ts";
import type { Seat } from "./seat.ts";
import type { EngineName } from "./types.ts";

/** "DynamoDB_20120810.PutItem". https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html */
const OPERATION_HEADER = "x-amz-target";
/** Longer than a client keeps an idle connection: closing one under a request costs that request. */
const KEEP_ALIVE_MS = 600_000;

export interface ProxyOptions {
  readonly service: EngineName;
  /** The engine's endpoint. */
  readonly target: string;
  /** Whether requests of this operation are to be read whole. @default - none */
  readonly reads?: (operation: string) => boolean;
  /** Takes a request that was read whole: true when it sees to the answer. @default - all are passed on */
  readonly intercept?: (call: Call) => boolean;
  /** Stands around each exchange with the engine of a request that was read whole. @default - nothing */
  readonly around?: (call: Call, exchange: () => Promise<EngineAnswer>) => Promise<EngineAnswer>;
}

/** A worker's way to the engine. */
export interface Door {
  readonly endpoint: string;
  close(): Promise<void>;
}

export interface EngineProxy {
  open(seat: Seat): Promise<Door>;
  /** Requests so far, by operation ("PutItem"). */
  counts(): Record<string, number>;
  stop(): Promise<void>;
}

export function createProxy(options: ProxyOptions): EngineProxy {
  const { hostname, port } = new URL(options.target);
  const agent = new Agent({ keepAlive: true });
  const counts = new Map<string, number>();
  const doors = new Set<Door>();
  const upstreamOf = ({ method, url: path, headers }: IncomingMessage) =>
    ({ hostname, port: port || 80, method, path, headers, agent }) as const;

  const stream = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const upstream = request(upstreamOf(incoming), (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
      answer.on("error", () => outgoing.destroy());
    });
    upstream.on("error", () => incoming.socket.destroy()); // PX2
    // A client that goes (a killed worker) must not hold the upstream connection.
    outgoing.on("close", () => {
      if (!outgoing.writableFinished) upstream.destroy();
    });
    incoming.pipe(upstream);
  };

  const readWhole = async (incoming: IncomingMessage, outgoing: ServerResponse, from: Origin): Promise<void> => {
    const body = await readBody(incoming);
    const call = createCall({
      ...from,
      incoming,
      outgoing,
      body,
      upstream: upstreamOf(incoming),
      around: options.around,
    });
    if (options.intercept?.(call) !== true) await call.pass();
  };

  const serve = (seat: Seat, incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const operation = String(incoming.headers[OPERATION_HEADER] ?? "unknown").replace(/^.*\./, "");
    counts.set(operation, (counts.get(operation) ?? 0) + 1);
    seat.calls += 1;
    // All of SQS: the URLs of its queues are the engine's own.
    if (options.service === "dynamodb" && options.reads?.(operation) !== true) {
      stream(incoming, outgoing);
      return;
    }
    const origin = `http://${incoming.headers.host}`;
    const from = { service: options.service, operation, seat, ordinal: seat.calls, origin, target: options.target };
    readWhole(incoming, outgoing, from).catch(() => incoming.socket.destroy()); // PX2
  };

  return {
    async open(seat) {
      const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, (incoming, outgoing) =>
        serve(seat, incoming, outgoing),
      );
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject).listen(0, "127.0.0.1", () => resolve());
      });
      const door: Door = {
        endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        close() {
          doors.delete(door);
          return close(server);
        },
      };
      doors.add(door);
      return door;
    },
    counts: () => Object.fromEntries(counts),
    async stop() {
      const closed = [...doors].map((door) => door.close());
      agent.destroy();
      await Promise.all(closed);
    },
  };
}

type Origin = Pick<Call, "service" | "operation" | "seat" | "ordinal"> & {
  readonly origin: string;
  readonly target: string;
};

function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  return closed;
}

function readBody(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => resolve(Buffer.concat(chunks)));
    incoming.on("error", reject);
  });
}
