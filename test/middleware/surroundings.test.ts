// Other surroundings are another process: the invocation's own clock, store and queue, and nothing that was learnt elsewhere.

import { describe, expect, it } from "vitest";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { SURROUNDINGS, type Surroundings } from "../../lib/middleware/surroundings.ts";
import { type MemoryDynamoDb, memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import { sqsEvent } from "../support/sqs-event.ts";
import { virtualHost } from "../support/virtual-host.ts";

interface Place extends Surroundings {
  readonly memory: MemoryDynamoDb;
  readonly operations: string[];
  readonly host: ReturnType<typeof virtualHost>;
}

function place(): Place {
  const memory = memoryDynamoDb({ Records: { partitionKey: "pk" }, Orders: { partitionKey: "id" } });
  const operations: string[] = [];
  return {
    memory,
    operations,
    host: virtualHost(),
    async send(request) {
      operations.push(request.operation);
      return memory.send(request);
    },
    async sqsSend() {
      throw new Error("no queue is there");
    },
  };
}

describe("surroundings of an invocation", () => {
  const own = place();
  const orders = createExactlyOnce(
    { consumer: "orders", table: "Records", retentionDays: 30, key: "orderId" },
    { ...own, environment: {} },
  );
  const handler = orders.lambda((_, tx) => tx.increment({ TableName: "Orders", Key: { id: "o" } }, { n: 1 }));
  const invoke = (at: Place, given?: Surroundings) => {
    const context = { awsRequestId: "r", getRemainingTimeInMillis: () => 30_000, [SURROUNDINGS]: given };
    return at.host.run(handler(sqsEvent({ body: { orderId: "o" } }), context));
  };

  it("are those of the process where the context brings none", async () => {
    expect(await invoke(own)).toEqual({ batchItemFailures: [] });
    expect(own.operations).toEqual(["TransactWriteItems"]);
  });

  it("are the context's, with its own memory of committed keys", async () => {
    const [one, other] = [place(), place()];
    for (const at of [one, other, one]) expect(await invoke(at, at)).toEqual({ batchItemFailures: [] });
    expect(own.operations).toHaveLength(1);
    expect(one.operations).toEqual(["TransactWriteItems"]); // the second time its key is known
    expect(other.operations).toEqual(["TransactWriteItems"]);
    expect(other.memory.items("Orders")).toEqual([{ id: { S: "o" }, n: { N: "1" } }]);
  });

  it("are needed as little as before: options that are missing are an error at start", () => {
    expect(() => createExactlyOnce({}, { environment: {} })).toThrow(/no consumer is named/);
  });
});
