// Where the embedded DynamoDB engine differs from AWS, and what of that the local cloud makes good. For each: the engine alone,
// then the same through the local cloud.
import {
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Call, EngineAnswer } from "../../lib/local/call.ts";
import { createConflicts } from "../../lib/local/differences/conflicts.ts";
import { itemsOf } from "../../lib/local/differences/items.ts";
import type { JsonObject } from "../../lib/local/values.ts";
import { until } from "./cloud-fixture.ts";
import { put, type Scene, startScene, TABLE, transaction } from "./faults/scene.ts";

let scene: Scene;
let second: DynamoDBClient;
beforeAll(async () => {
  scene = await startScene({ timeToLiveSweepMs: 50 });
  second = new DynamoDBClient(scene.cloud.clientConfig.dynamodb);
});
afterAll(async () => {
  second.destroy();
  await scene[Symbol.asyncDispose]();
});
afterEach(() => scene.cloud.faults.clear());

const OK: EngineAnswer = { status: 200, headers: {}, body: Buffer.from("{}") };

/** A proxy's conflicts over an engine that answers when it is told to. */
function conflicting() {
  const underWay: (() => void)[] = [];
  const around = createConflicts((call) => itemsOf(call.operation, call.input(), async () => ["pk"]));
  const send = async (operation: string, input: object) => {
    const call = { operation, input: () => input as JsonObject } as Call;
    const answer = await around(call, () => new Promise((resolve) => underWay.push(() => resolve(OK))));
    const json = JSON.parse(answer.body.toString());
    return {
      type: String(json.__type ?? "ok").replace(/^.*#/, ""),
      codes: json.CancellationReasons?.map((one: { Code: string }) => one.Code),
    };
  };
  const answerAll = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    for (const answer of underWay.splice(0)) answer();
  };
  return { send, answerAll, underWay };
}

describe("TransactionConflict: the engine takes one write after the other", () => {
  test("a transaction that meets one under way is cancelled, by position; the others go on (CF1)", async () => {
    const { send, answerAll, underWay } = conflicting();
    const first = send("TransactWriteItems", transaction("a", "b"));
    await new Promise((resolve) => setImmediate(resolve)); // it is under way
    const others = [
      send("TransactWriteItems", transaction("c", "b", "a")),
      send("TransactGetItems", { TransactItems: [{ Get: { TableName: TABLE, Key: { pk: { S: "b" } } } }] }),
      send("PutItem", put("a", "1")),
      send("UpdateItem", { TableName: TABLE, Key: { pk: { S: "b" } } }),
      send("DeleteItem", { TableName: "Another", Key: { pk: { S: "b" } } }),
      send("TransactWriteItems", transaction("d")),
    ];
    await answerAll();
    expect(await first).toMatchObject({ type: "ok" });
    expect(await Promise.all(others)).toMatchObject([
      { type: "TransactionCanceledException", codes: ["None", "TransactionConflict", "TransactionConflict"] },
      { type: "TransactionCanceledException", codes: ["TransactionConflict"] },
      { type: "TransactionConflictException" },
      { type: "TransactionConflictException" },
      { type: "ok" },
      { type: "ok" },
    ]);
    expect(underWay).toEqual([]); // the refused did not reach the engine
    const again = send("TransactWriteItems", transaction("a")); // CF3
    await answerAll();
    expect(await again).toMatchObject({ type: "ok" });
  });

  test("the same token as one under way is in progress (CF2)", async () => {
    const { send, answerAll } = conflicting();
    const input = { ...transaction("a"), ClientRequestToken: "t" };
    const first = send("TransactWriteItems", input);
    const other = send("TransactWriteItems", { ...transaction("b"), ClientRequestToken: "t" });
    await answerAll();
    expect([(await first).type, (await other).type]).toEqual(["ok", "TransactionInProgressException"]);
  });

  test("a transaction whose engine went is not under way any more (CF3)", async () => {
    const around = createConflicts((call) => itemsOf(call.operation, call.input(), async () => ["pk"]));
    const call = { operation: "TransactWriteItems", input: () => transaction("a") } as unknown as Call;
    await expect(around(call, () => Promise.reject(new Error("gone")))).rejects.toThrow("gone");
    expect(await around(call, () => Promise.resolve(OK))).toBe(OK);
  });

  test("workers meet conflicts in the local cloud, its own clients do not", async () => {
    const many = Array.from({ length: 40 }, (_, index) => transaction("hot", `cold ${index}`));
    const direct = await Promise.all(many.map((input) => scene.dynamodb.send(new TransactWriteItemsCommand(input))));
    expect(direct).toHaveLength(40);
    let codes: string[] = [];
    for (let bursts = 0; codes.length === 0 && bursts < 10; bursts++) {
      // On a busy machine requests may come one after the other, and then none is in another's way.
      const burst = (await scene.fn("Burst").invoke({ inputs: many })) as { codes?: string[] }[];
      codes = burst.flatMap((one) => (one.codes === undefined ? [] : [one.codes.join()]));
    }
    expect(codes.length).toBeGreaterThan(0);
    expect(new Set(codes)).toEqual(new Set(["TransactionConflict,None"]));
    expect(codes.length).toBeLessThan(40); // one at a time gets through
  });
});

test("time to live: the engine keeps expired items, the local cloud deletes them (TL1)", async () => {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const items = {
    expired: { N: String(nowSeconds - 10) },
    later: { N: String(nowSeconds + 3600) },
    ancient: { N: String(nowSeconds - 6 * 365 * 24 * 3600) },
    text: { S: String(nowSeconds - 10) },
  };
  for (const [pk, expiresAt] of Object.entries(items)) {
    await scene.dynamodb.send(new PutItemCommand({ TableName: TABLE, Item: { pk: { S: pk }, expiresAt } }));
  }
  const isThere = async (pk: string) =>
    (await scene.dynamodb.send(new GetItemCommand({ TableName: TABLE, Key: { pk: { S: pk } } }))).Item !== undefined;
  await until(async () => !(await isThere("expired")));
  expect(await Promise.all(["later", "ancient", "text"].map(isThere))).toEqual([true, true, true]);
});

test("streams: the engine has a record for a put that changed nothing, the local cloud gives none", async () => {
  await scene.write("stream", "1");
  await scene.write("stream", "1");
  await scene.write("stream", "2");
  const { Table: table } = await second.send(new DescribeTableCommand({ TableName: TABLE }));
  const read = async (endpoint: string) =>
    ((await scene.fn("Streams").invoke({ streamArn: table?.LatestStreamArn, endpoint })) as string[]).filter((one) =>
      one.startsWith("stream"),
    );
  expect(await read(scene.cloud.endpoints.dynamodb)).toEqual(["stream INSERT", "stream MODIFY", "stream MODIFY"]);
  expect(await read("")).toEqual(["stream INSERT", "stream MODIFY"]);
});
