// Attacks SD1 and SD2 of lib/store/sdk-send.ts: what goes over the wire, against the SDK's own serializer.

import {
  BatchExecuteStatementCommand,
  DynamoDBClient,
  PutItemCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import fc from "fast-check";
import { expect, it } from "vitest";
import type { AttributeValue } from "../../lib/aws/dynamodb.ts";
import { type DynamoDbClient, sdkSend } from "../../lib/store/sdk-send.ts";

interface Sent {
  readonly body: string | Uint8Array;
  readonly headers: Record<string, string>;
}

function recordingClient(): { readonly client: DynamoDBClient; readonly sent: Sent[] } {
  const sent: Sent[] = [];
  const client = new DynamoDBClient({
    region: "eu-west-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    requestHandler: {
      async handle(request: Sent) {
        sent.push(request);
        const headers = { "x-amzn-requestid": "1", "content-type": "application/x-amz-json-1.0" };
        return { response: { statusCode: 200, headers, body: Buffer.from("{}") } };
      },
    },
  });
  return { client, sent };
}

const parsed = ({ body }: Sent): unknown =>
  JSON.parse(typeof body === "string" ? body : new TextDecoder().decode(body));

const text = fc.string({ unit: "grapheme" });
const bytes = fc.oneof(
  fc.uint8Array(),
  fc.uint8Array().map((some) => Buffer.from(some)),
  fc.uint8Array({ minLength: 2 }).map((some) => some.subarray(1)), // not the whole of its buffer
);
const { value } = fc.letrec<{ value: AttributeValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.record({ S: text }),
    fc.record({ N: fc.constantFrom("0", "-1.5", "1e38") }),
    fc.record({ B: bytes }),
    fc.record({ BOOL: fc.boolean() }),
    fc.record({ NULL: fc.constant(true) }),
    fc.record({ SS: fc.array(text) }),
    fc.record({ NS: fc.array(fc.constantFrom("1", "2")) }),
    fc.record({ BS: fc.array(bytes) }),
    fc.record({ L: fc.array(tie("value")) }),
    fc.record({ M: fc.dictionary(text, tie("value")) }),
  ),
}));
const item = fc.dictionary(fc.oneof(text, fc.constantFrom("B", "body", "toJSON")), value);
const names = fc.option(fc.dictionary(text, text), { nil: undefined });
const fields = { TableName: text, ConditionExpression: text, ExpressionAttributeNames: names };
const action = fc.oneof(
  fc.record({ Put: fc.record({ ...fields, Item: item, ExpressionAttributeValues: item }) }),
  fc.record({ Update: fc.record({ ...fields, Key: item, UpdateExpression: text }) }),
  fc.record({ ConditionCheck: fc.record({ ...fields, Key: item }) }),
);

const put = fc.record({ ...fields, Item: item, ExpressionAttributeValues: item });
const statement = fc.record({ Statement: text, Parameters: fc.array(value) });

const requests = fc.oneof(
  fc.array(action, { maxLength: 4 }).map((TransactItems) => {
    const input = { TransactItems, ClientRequestToken: "token" };
    return [new TransactWriteItemsCommand(input), { operation: "TransactWriteItems", input }] as const;
  }),
  put.map((input) => [new PutItemCommand(input), { operation: "PutItem", input }] as const),
  fc.array(statement, { maxLength: 4 }).map((Statements) => {
    const input = { Statements };
    return [new BatchExecuteStatementCommand(input), { operation: "BatchExecuteStatement", input }] as const;
  }),
);

it("SD1: the body is the one of the SDK's own serializer, and signed as such", async () => {
  const { client, sent } = recordingClient();
  const send = sdkSend(client);
  await fc.assert(
    fc.asyncProperty(requests, async ([command, request]) => {
      sent.length = 0;
      await client.send(command as PutItemCommand);
      await send(request, {});
      const [theirs, ours] = sent as [Sent, Sent];
      expect(parsed(ours)).toEqual(parsed(theirs));
      expect(ours.headers["content-length"]).toBe(String(Buffer.byteLength(ours.body)));
      expect(Object.keys(ours.headers).sort()).toEqual(Object.keys(theirs.headers).sort());
    }),
    { numRuns: 500 },
  );
});

it("shows the real input to whoever looks at it on the way", async () => {
  const { client } = recordingClient();
  const seen: unknown[] = [];
  const look = <A extends { input: unknown }, R>(next: (args: A) => R) => {
    return (args: A): R => {
      seen.push(args.input);
      return next(args);
    };
  };
  client.middlewareStack.add(look, { step: "initialize", name: "look-1" });
  client.middlewareStack.add(look, { step: "serialize", name: "look-2" });
  client.middlewareStack.add(look, { step: "build", name: "look-3" });
  client.middlewareStack.add(look, { step: "finalizeRequest", name: "look-4" });
  const input = { TransactItems: [{ Put: { TableName: "T", Item: { id: { S: "a" } } } }] };
  await sdkSend(client)({ operation: "TransactWriteItems", input }, {});
  expect(seen).toHaveLength(4);
  for (const one of seen) expect(one).toMatchObject(input);
});

it("SD2: goes the usual way where the client is not built as it is known here", async () => {
  const { client, sent } = recordingClient();
  let calls = 0;
  const other: DynamoDbClient = {
    send(command) {
      calls++;
      const { middlewareStack } = command as TransactWriteItemsCommand;
      // Without the SDK's middleware, what asks to stand beside it makes the stack throw.
      middlewareStack.resolve(async () => ({ response: {}, output: { $metadata: {} } }), {});
      return client.send(command as TransactWriteItemsCommand);
    },
  };
  const send = sdkSend(other);
  const input = { TransactItems: [{ Put: { TableName: "T", Item: { id: { B: Uint8Array.of(1) } } } }] };
  await send({ operation: "TransactWriteItems", input }, {});
  await send({ operation: "TransactWriteItems", input }, {});
  expect(calls).toBe(3); // the first was tried both ways
  expect(sent).toHaveLength(2);
  for (const one of sent)
    expect(parsed(one)).toMatchObject({ TransactItems: [{ Put: { Item: { id: { B: "AQ==" } } } }] });
});
