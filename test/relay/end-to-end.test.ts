// From tx.send through the relay into the next consumer, each the real one: what is committed takes effect once there, though every
// delivery is doubled and the relay's answers are lost.

import { expect, it } from "vitest";
import type { DynamoDbEvent, StreamImage } from "../../lib/aws/lambda.ts";
import type { SendMessageBatchEntry } from "../../lib/aws/sqs.ts";
import { OUTBOX_TABLE } from "../../lib/contract.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { createRelay } from "../../lib/relay/relay.ts";
import type { TargetSend } from "../../lib/relay/target-send.ts";
import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type { Send } from "../../lib/store/send.ts";
import { sqsEvent } from "../support/sqs-event.ts";
import { virtualHost } from "../support/virtual-host.ts";

const QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/shipments";
const context = { awsRequestId: "r", getRemainingTimeInMillis: () => 30_000 };
const ORDERS = 12;
const LOST_ANSWERS = 5;

it("takes effect once in the next consumer, in order within a group", async () => {
  const host = virtualHost();
  const { unsentIndex, unsentPartitionKey, unsentSortKey } = OUTBOX_TABLE;
  const memory = memoryDynamoDb({
    Records: { partitionKey: "pk" },
    Shipments: { partitionKey: "id" },
    Outbox: {
      partitionKey: "pk",
      sortKey: "sk",
      indexes: { [unsentIndex]: { partitionKey: unsentPartitionKey, sortKey: unsentSortKey } },
    },
  });
  const send = (async (request) => memory.send(request)) as Send;
  const names = { table: "Records", retentionDays: 40 };
  const around = { host, send, environment: {} };

  const key = ({ body }: { readonly body: unknown }): string => `order ${(body as { id: number }).id}`;
  const orders = createExactlyOnce({ ...names, consumer: "orders", key, outbox: { table: "Outbox" } }, around);
  const order = orders.lambda(({ body }, tx) => {
    const { id } = body as { id: number };
    tx.send(QUEUE, { id, kind: "plain" });
    tx.send(`${QUEUE}.fifo`, { id, kind: "ordered" }, { groupId: String(id % 2) });
  });
  const all = Array.from({ length: ORDERS }, (_, id) => ({ messageId: `m-${id}`, body: { id } }));
  for (const batch of [all.slice(0, 8), all, all]) {
    expect(await host.run(order(sqsEvent(...batch), context))).toEqual({ batchItemFailures: [] });
  }

  const taken: { readonly url: string; readonly entry: SendMessageBatchEntry }[] = [];
  let calls = 0;
  const targetSend = (async (request) => {
    if (request.operation !== "SendMessageBatch") throw new Error(request.operation);
    const { QueueUrl: url, Entries } = request.input;
    taken.push(...Entries.map((entry) => ({ url, entry })));
    if (calls++ < LOST_ANSWERS) throw new Error("read ECONNRESET"); // it has them, and the relay does not know
    return { Successful: Entries.map(({ Id }) => ({ Id, MessageId: `sent ${Id}` })) };
  }) as TargetSend;
  const relay = createRelay({
    table: "Outbox",
    deadLetterQueueUrl: `${QUEUE}-dead`,
    relay: "relay",
    host,
    print: () => {},
    send,
    targetSend,
  });
  const Records = memory
    .items("Outbox")
    .filter((item) => item[unsentPartitionKey] !== undefined)
    .map((item, index) => ({
      eventName: "INSERT" as const,
      eventSource: "aws:dynamodb" as const,
      eventSourceARN: "arn:aws:dynamodb:eu-west-1:123456789012:table/Outbox/stream/1",
      dynamodb: {
        Keys: { pk: item["pk"], sk: item["sk"] } as StreamImage,
        NewImage: JSON.parse(JSON.stringify(item)) as StreamImage,
        SequenceNumber: String(1_000 + index),
      },
    }));
  const unsent = (): unknown[] => memory.items("Outbox").filter((item) => item[unsentPartitionKey] !== undefined);
  for (let deliveries = 0; unsent().length > 0; deliveries++) {
    expect(deliveries).toBeLessThan(LOST_ANSWERS + 1);
    await host.run(relay.stream({ Records } as unknown as DynamoDbEvent, context)); // all of it again
  }
  expect(taken.length).toBeGreaterThan(2 * ORDERS); // some were sent again

  const shipments = createExactlyOnce({ ...names, consumer: "shipments" }, around); // its key is what the relay stamped
  const ship = shipments.lambda(({ body }, tx) => {
    const { id, kind } = body as { id: number; kind: string };
    tx.increment({ TableName: "Shipments", Key: { id: `${kind} ${id}` } }, { times: 1 });
  });
  const event = sqsEvent(
    ...taken.map(({ entry: { MessageBody, MessageAttributes = {} } }, index) => ({
      messageId: `s-${index}`,
      body: JSON.parse(MessageBody) as object,
      messageAttributes: Object.fromEntries(
        Object.entries(MessageAttributes).map(([name, { DataType, StringValue }]) => [
          name,
          { dataType: DataType, stringValue: StringValue ?? "" },
        ]),
      ),
    })),
  );
  expect(await host.run(ship(event, context))).toEqual({ batchItemFailures: [] });
  const shipped = memory.items("Shipments").map(({ id, times }) => `${id?.S}: ${times?.N}`);
  const expected = ["plain", "ordered"].flatMap((kind) => all.map(({ body }) => `${kind} ${body.id}: 1`));
  expect(shipped.toSorted()).toEqual(expected.toSorted());
  for (const group of ["0", "1"]) {
    const own = taken.filter(({ url, entry }) => url.endsWith(".fifo") && entry.MessageGroupId === group);
    const first = [...new Map(own.map(({ entry }) => [entry.MessageDeduplicationId, entry.MessageBody])).values()];
    const ids = first.map((text) => (JSON.parse(text) as { id: number }).id);
    expect(ids).toEqual(all.map(({ body }) => body.id).filter((id) => String(id % 2) === group));
  }
});
