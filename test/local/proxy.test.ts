import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createProxy, type Door, type EngineProxy } from "../../lib/local/proxy.ts";
import type { Seat } from "../../lib/local/seat.ts";

let server: Server | undefined;
let proxy: EngineProxy | undefined;
const seat: Seat = { functionName: "f", logicalId: "F", workerId: 1, calls: 0, invocation: undefined };

afterEach(async () => {
  await proxy?.stop();
  server?.closeAllConnections();
  server?.close();
});

async function start(engine: Server): Promise<Door & Pick<EngineProxy, "counts" | "stop">> {
  server = engine;
  await new Promise<void>((resolve) => engine.listen(0, "127.0.0.1", resolve));
  const target = `http://127.0.0.1:${(engine.address() as AddressInfo).port}`;
  proxy = createProxy({ service: "dynamodb", target });
  const { counts, stop } = proxy;
  return { ...(await proxy.open(seat)), counts, stop };
}

const call = ({ endpoint }: Door, operation: string, body: string) =>
  fetch(endpoint, { method: "POST", headers: { "x-amz-target": `DynamoDB_20120810.${operation}` }, body });

describe("the DynamoDB proxy", () => {
  test("passes requests and answers on as they are, and counts by operation", async () => {
    const engine = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        response.writeHead(400, { "x-amz-crc32": "7", "x-seen": String(request.headers["x-amz-target"]) });
        response.end(Buffer.concat(chunks));
      });
    });
    const counting = await start(engine);
    const body = "é".repeat(1_000_000);
    const answer = await call(counting, "PutItem", body);
    expect([answer.status, answer.headers.get("x-amz-crc32"), answer.headers.get("x-seen")]).toEqual([
      400,
      "7",
      "DynamoDB_20120810.PutItem",
    ]);
    expect(await answer.text()).toBe(body);
    await Promise.all(["GetItem", "GetItem"].map(async (operation) => (await call(counting, operation, "{}")).text()));
    expect(counting.counts()).toEqual({ PutItem: 1, GetItem: 2 });
  });

  test("streams: the first bytes come before the last are sent", async () => {
    let finish = () => {};
    const engine = createServer((_, response) => {
      response.write("first");
      finish = () => response.end(" last");
    });
    const answer = await call(await start(engine), "Scan", "{}");
    const reader = answer.body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("first");
    finish();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe(" last");
  });

  test("a dead engine is a broken connection", async () => {
    const counting = await start(createServer((request) => request.socket.destroy()));
    await expect(call(counting, "PutItem", "{}")).rejects.toThrow();
    server?.close();
    await expect(call(counting, "PutItem", "{}")).rejects.toThrow();
    expect(counting.counts()).toEqual({ PutItem: 2 });
  });

  test("stops while a request is still on its way", async () => {
    const counting = await start(createServer(() => {}));
    const socket = connect(Number(new URL(counting.endpoint).port), "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n");
    const closed = new Promise((resolve) => socket.once("close", resolve).on("error", () => {}));
    await new Promise((resolve) => socket.once("connect", resolve));
    await counting.stop();
    await closed;
  });

  test("stops while a request hangs", async () => {
    const counting = await start(createServer(() => {}));
    const hanging = expect(call(counting, "Scan", "{}")).rejects.toThrow();
    await new Promise((resolve) => server?.once("request", resolve));
    await counting.stop();
    await hanging;
  });
});
