// A pass-through in front of the DynamoDB engine that counts requests per operation. Bodies are streamed.
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** "DynamoDB_20120810.PutItem". https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html */
const OPERATION_HEADER = "x-amz-target";
/** Longer than a client keeps an idle connection: closing one under a request costs that request. */
const KEEP_ALIVE_MS = 600_000;

export interface CountingProxy {
  readonly endpoint: string;
  /** Requests so far, by operation ("PutItem"). */
  counts(): Record<string, number>;
  stop(): Promise<void>;
}

export async function startProxy(target: string): Promise<CountingProxy> {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true });
  const counts = new Map<string, number>();

  const forward = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const operation = String(incoming.headers[OPERATION_HEADER] ?? "unknown").replace(/^.*\./, "");
    counts.set(operation, (counts.get(operation) ?? 0) + 1);
    const { method, url: path, headers } = incoming;
    const upstream = request({ hostname, port: port || 80, method, path, headers, agent }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
      answer.on("error", () => outgoing.destroy());
    });
    // A dead engine looks to the client as it would without us: as a broken connection.
    upstream.on("error", () => incoming.socket.destroy());
    // A client that goes (a killed worker) must not hold the upstream connection.
    outgoing.on("close", () => {
      if (!outgoing.writableFinished) upstream.destroy();
    });
    incoming.pipe(upstream);
  };

  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: 0 }, forward);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", () => resolve());
  });
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts: () => Object.fromEntries(counts),
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      agent.destroy();
      await closed;
    },
  };
}
