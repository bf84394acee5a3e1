// The connection breaks in the middle of an answer: the real SDK client, the embedded engine, and a proxy between them that
// cuts. The engine has applied the request by then, and its client has half an answer: never a success, never a refusal.
// Attacks A3 of lib/store/answers.ts.

import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { CreateTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Tx } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { sdkSend } from "../../lib/store/sdk-send.ts";
import { type Dynoxide, startDynoxide } from "../support/dynoxide.ts";
import { sqsEvent } from "../support/sqs-event.ts";

/** What the client gets to see of an answer: so many bytes of its head and body, then the end or a reset. */
interface Cut {
  readonly bytes: (headBytes: number, bodyBytes: number) => number;
  readonly reset?: boolean;
}
/** The request is not passed on; this error is the answer. */
interface Refusal {
  readonly error: string;
}
type Trouble = Cut | Refusal;

const CUTS: Record<string, Cut> = {
  "before the first byte": { bytes: () => 0 },
  "in the middle of the headers": { bytes: (head) => Math.floor(head / 2) },
  "between headers and body": { bytes: (head) => head },
  "in the middle of the body": { bytes: (head, body) => head + Math.floor(body / 2) },
  "in the middle of the body, by a reset": { bytes: (head, body) => head + Math.floor(body / 2), reset: true },
};

let engine: Dynoxide;

/** Between clients and engine: has the troubles of one test, and knows what was sent in it. */
interface Proxy extends AsyncDisposable {
  readonly endpoint: string;
  /** Troubles of the next requests, by operation. */
  troubles: Record<string, Trouble[]>;
  readonly sent: readonly string[];
}

async function startProxy(): Promise<Proxy> {
  const sent: string[] = [];
  // Answers are written past the ServerResponse, to the byte.
  const server = createServer((request) => void answer(request).catch(() => request.socket.destroy()));
  await once(server.listen(0, "127.0.0.1"), "listening");
  const proxy: Proxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    troubles: {},
    sent,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
  async function answer(request: IncomingMessage): Promise<void> {
    const { headers, socket } = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const operation = String(headers["x-amz-target"]).replace(/^.*\./, "");
    sent.push(operation);
    const trouble = proxy.troubles[operation]?.shift();
    const { head, body } = trouble && "error" in trouble ? refusal(trouble) : await ofEngine(headers, chunks);
    const whole = Buffer.concat([head, body]);
    if (!trouble || "error" in trouble) return void socket.write(whole);
    const part = whole.subarray(0, trouble.bytes(head.length, body.length));
    socket.write(part, () => (trouble.reset ? socket.resetAndDestroy() : socket.destroy()));
  }
  return proxy;
}

interface Answer {
  readonly head: Buffer;
  readonly body: Buffer;
}

async function ofEngine(given: IncomingHttpHeaders, chunks: readonly Buffer[]): Promise<Answer> {
  const { host: _host, connection: _connection, ...headers } = given as Record<string, string>;
  const got = await fetch(engine.endpoint, { method: "POST", headers, body: Buffer.concat(chunks) });
  return answerOf(got.status, [...got.headers], Buffer.from(await got.arrayBuffer()));
}

function refusal({ error }: Refusal): Answer {
  const text = JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${error}`, message: error });
  const headers = { "content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "r" };
  return answerOf(400, Object.entries({ ...headers, "content-length": String(text.length) }), Buffer.from(text));
}

function answerOf(status: number, headers: readonly (readonly [string, string])[], body: Buffer): Answer {
  const lines = [`HTTP/1.1 ${status} as it is`, ...headers.map(([name, value]) => `${name}: ${value}`), "", ""];
  return { head: Buffer.from(lines.join("\r\n")), body };
}

beforeAll(async () => {
  engine = await startDynoxide();
  for (const [TableName, AttributeName] of Object.entries({ Records: "pk", Counters: "id" })) {
    await engine.client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: [{ AttributeName, AttributeType: "S" }],
        KeySchema: [{ AttributeName, KeyType: "HASH" }],
      }),
    );
  }
});
afterAll(() => engine.stop());

interface Scene extends AsyncDisposable {
  readonly proxy: Proxy;
  readonly codes: string[];
  /** Transactions that were sent. */
  commits(): number;
  /** Resolves with the ids of the messages that failed. */
  deliver(
    ids: readonly string[],
    options?: { timeLeftMs?: number; receiveCount?: number; read?: boolean },
  ): Promise<string[]>;
  /** How often the effects of a message happened. */
  effects(id: string): Promise<number>;
}

/** Through the proxy, with as many attempts of the SDK's own as it is given. */
async function startScene(maxAttempts: number): Promise<Scene> {
  const proxy = await startProxy();
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const client = new DynamoDBClient({ endpoint: proxy.endpoint, region: "eu-west-1", credentials, maxAttempts });
  const codes: string[] = [];
  const silent = (): void => {};
  const error = (_message: string, { code }: Record<string, unknown>): void => void codes.push(String(code));
  const options = { consumer: "orders", table: "Records", retentionDays: 40, key: "id" };
  const logger = { debug: silent, info: silent, warn: silent, error };
  const orders = createExactlyOnce({ ...options, logger, backoff: false }, { send: sdkSend(client), environment: {} });
  const handler = orders.lambda(async ({ body, messageId }, tx: Tx) => {
    const item = { TableName: "Counters", Key: { id: messageId } };
    if ((body as { read: boolean }).read) await tx.get(item);
    tx.increment(item, { n: 1 });
  });
  return {
    proxy,
    codes,
    commits: () => proxy.sent.filter((operation) => operation === "TransactWriteItems").length,
    async deliver(ids, { timeLeftMs = 20_000, receiveCount = 1, read = false } = {}) {
      const event = sqsEvent(...ids.map((id) => ({ messageId: id, body: { id, read }, receiveCount })));
      const endMs = Date.now() + timeLeftMs;
      const context = { awsRequestId: "r", getRemainingTimeInMillis: () => endMs - Date.now() };
      return (await handler(event, context)).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    },
    async effects(id) {
      const table = { TableName: "Counters", Key: { id: { S: id } } };
      const direct = sdkSend(engine.client);
      return Number((await direct({ operation: "GetItem", input: table }, {})).Item?.["n"]?.N ?? 0);
    },
    async [Symbol.asyncDispose]() {
      client.destroy();
      await proxy[Symbol.asyncDispose]();
    },
  };
}

let made = 0;
const fresh = (count: number): string[] => Array.from({ length: count }, () => `m-${++made}`);

describe.concurrent.each([
  ["without retries of the SDK's own, as semel's client", 1],
  ["with retries of the SDK's own, as a user's client may have", 3],
])("%s", (_which, maxAttempts) => {
  describe.each(Object.entries(CUTS))("the connection ends %s", (_where, cut) => {
    it.each([1, 3])("of a commit of %i: committed once, and acknowledged", async (count) => {
      await using scene = await startScene(maxAttempts);
      const { deliver, effects, codes, commits, proxy } = scene;
      const ids = fresh(count);
      proxy.troubles = { TransactWriteItems: [cut, cut] };
      expect([await deliver(ids), codes]).toEqual([[], []]);
      expect(commits()).toBe(3);
      for (const id of ids) expect(await effects(id)).toBe(1);
    });

    it("of every commit: failed, and a duplicate when it comes again", async () => {
      await using scene = await startScene(maxAttempts);
      const { deliver, effects, codes, commits, proxy } = scene;
      const [id = ""] = fresh(1);
      proxy.troubles = { TransactWriteItems: Array(1_000).fill(cut) };
      expect(await deliver([id], { timeLeftMs: 1_000 })).toEqual([id]);
      expect(codes).toEqual(["SEMEL_UNKNOWN_OUTCOME"]);
      proxy.troubles = {};
      const before = commits();
      expect(await deliver([id], { receiveCount: 2 })).toEqual([]);
      expect([await effects(id), commits()]).toEqual([1, before]); // its record is read, and tells
    });

    it("of tx.get: read again", async () => {
      await using scene = await startScene(maxAttempts);
      const { deliver, effects, codes, proxy } = scene;
      const [id = ""] = fresh(1);
      proxy.troubles = { GetItem: [cut, cut] };
      expect([await deliver([id], { read: true }), codes]).toEqual([[], []]);
      expect(proxy.sent.filter((operation) => operation === "GetItem")).toHaveLength(3);
      expect(await effects(id)).toBe(1);
    });
  });

  it("TransactionInProgressException beyond the SDK's patience: semel's own goes on", async () => {
    await using scene = await startScene(maxAttempts);
    const { deliver, effects, codes, commits, proxy } = scene;
    const ids = fresh(2);
    proxy.troubles = { TransactWriteItems: Array(4).fill({ error: "TransactionInProgressException" }) };
    expect([await deliver(ids), codes]).toEqual([[], []]);
    expect(commits()).toBeGreaterThan(4);
    for (const id of ids) expect(await effects(id)).toBe(1);
  });

  it.each([1, 2])("A3, C2: applied, but its answer is cut; then the credentials expire, for %i", async (count) => {
    await using scene = await startScene(maxAttempts);
    const { deliver, effects, codes, proxy } = scene;
    const ids = fresh(count);
    const [, , , cut] = Object.values(CUTS);
    proxy.troubles = {
      TransactWriteItems: [cut ?? { error: "none" }, ...Array(9).fill({ error: "ExpiredTokenException" })],
    };
    expect(await deliver(ids)).toEqual(ids);
    expect(new Set(codes)).toEqual(new Set(["SEMEL_UNKNOWN_OUTCOME"]));
    proxy.troubles = {};
    expect(await deliver(ids, { receiveCount: 2 })).toEqual([]);
    for (const id of ids) expect(await effects(id)).toBe(1);
  });
});
