// One local cloud for tests of faults: a table, a queue with its dead-letter queue, and functions that use the real SDK.
import { join } from "node:path";
import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  type TransactWriteItemsCommandInput,
} from "@aws-sdk/client-dynamodb";
import type { FaultEvent, FaultName } from "../../../lib/local/index.ts";
import { inlineFunction, queueFor } from "../assembly-fixture.ts";
import { type CloudFixture, type CloudOptions, startFixture } from "../cloud-fixture.ts";

/** Away from the project's node_modules, the SDK has to be found first. One attempt: each fault is seen as it is. */
const SDK = `
const load = require("node:module").createRequire(process.env.PROJECT);
const sdk = { dynamodb: load("@aws-sdk/client-dynamodb"), sqs: load("@aws-sdk/client-sqs") };
const clients = { dynamodb: new sdk.dynamodb.DynamoDBClient({ maxAttempts: 1 }), sqs: new sdk.sqs.SQSClient({ maxAttempts: 1 }) };
const send = async ({ service = "dynamodb", operation, input }) => {
  try {
    const { $metadata, ...answer } = await clients[service].send(new sdk[service][operation + "Command"](input));
    return { answer };
  } catch (error) {
    const { name, code, CancellationReasons, $metadata } = error;
    return { error: name, code, codes: CancellationReasons?.map(({ Code }) => Code), status: $metadata?.httpStatusCode };
  }
};`;

/** Invoked directly it sends what the event says; from a queue what the body of each message says. */
const SENDER = `${SDK}
exports.handler = async (event) => {
  if (event.exit) process.exit(0);
  if (event.Records === undefined) return send(event);
  const batchItemFailures = [];
  for (const { body, messageId, attributes } of event.Records) {
    const { waitMs = 0, fails = false, ...request } = JSON.parse(body);
    console.log(JSON.stringify({ pid: process.pid, messageId, body, count: Number(attributes.ApproximateReceiveCount), batch: event.Records.length }));
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    const result = request.operation === undefined ? {} : await send(request);
    console.log(JSON.stringify({ messageId, result }));
    if (fails) batchItemFailures.push({ itemIdentifier: messageId });
  }
  return { batchItemFailures };
};`;

/** Counts on in the background: 1000 ticks a second at most. */
const TICKER = `
let ticks = 0;
setInterval(() => { ticks += 1; }, 1);
exports.handler = async ({ waitMs = 0 }) => {
  await new Promise((resolve) => setTimeout(resolve, waitMs));
  return { pid: process.pid, ticks };
};`;

const CLOCK = `
exports.handler = async (event, context) => ({
  nowMs: Date.now(), newMs: new Date().getTime(), text: Date(), fixed: new Date(5).getTime(), isDate: new Date() instanceof Date,
  parsed: Date.parse("1970-01-01T00:00:00Z"), leftMs: context.getRemainingTimeInMillis(),
});`;

/** Many transactions at once. */
const BURST = `${SDK}
exports.handler = async ({ inputs }) => Promise.all(inputs.map((input) => send({ operation: "TransactWriteItems", input })));`;

/** All of a stream's first shard, without an SDK: there is none for streams here. */
const STREAMS = `
exports.handler = async ({ streamArn, endpoint }) => {
  const call = async (operation, input) => {
    const headers = { "x-amz-target": "DynamoDBStreams_20120810." + operation, "content-type": "application/x-amz-json-1.0" };
    headers.authorization = "AWS4-HMAC-SHA256 Credential=a/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=x";
    headers["x-amz-date"] = "20260101T000000Z";
    const url = endpoint || process.env.AWS_ENDPOINT_URL_DYNAMODB_STREAMS;
    return (await fetch(url, { method: "POST", headers, body: JSON.stringify(input) })).json();
  };
  const { StreamDescription: { Shards: [shard] } } = await call("DescribeStream", { StreamArn: streamArn });
  const at = { StreamArn: streamArn, ShardId: shard.ShardId, ShardIteratorType: "TRIM_HORIZON" };
  const { ShardIterator } = await call("GetShardIterator", at);
  const { Records } = await call("GetRecords", { ShardIterator });
  return Records.map(({ eventName, dynamodb }) => dynamodb.Keys.pk.S + " " + eventName);
};`;

export interface Scene extends CloudFixture {
  readonly dynamodb: DynamoDBClient;
  /** Two workers of the queue's function are there, so that no message waits for a start. */
  warm(): Promise<void>;
  /** What the function heard of a request. */
  request(operation: string, input: unknown, service?: "dynamodb" | "sqs"): Promise<Heard>;
  /** Asks the engine itself. */
  read(pk: string): Promise<string | undefined>;
  write(pk: string, value: string): Promise<void>;
  faultsOf(fault: FaultName): FaultEvent[];
  /** Lines of JSON that the function wrote. */
  said(): Said[];
}

export interface Heard {
  readonly answer?: Record<string, unknown>;
  readonly error?: string;
  readonly code?: string;
  readonly codes?: readonly string[];
  readonly status?: number;
}

export interface Said {
  readonly messageId: string;
  readonly pid?: number;
  readonly body?: string;
  readonly count?: number;
  readonly batch?: number;
  readonly result?: Heard;
}

export const TABLE = "Scene-Table";

export async function startScene(options: CloudOptions = {}): Promise<Scene> {
  const environment = { Variables: { PROJECT: join(process.cwd(), "package.json"), QUEUE_URL: { Ref: "Queue" } } };
  const fixture = await startFixture(
    {
      name: "Scene",
      resources: {
        Table: {
          Type: "AWS::DynamoDB::Table",
          Properties: {
            AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
            KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
            StreamSpecification: { StreamViewType: "NEW_AND_OLD_IMAGES" },
            TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
          },
        },
        Function: inlineFunction(SENDER, { Timeout: 2, Environment: environment }),
        Sender: inlineFunction(SENDER, { Timeout: 2, Environment: environment }),
        Ticker: inlineFunction(TICKER, { Timeout: 20 }),
        Clock: inlineFunction(CLOCK),
        Burst: inlineFunction(BURST, { Timeout: 20, MemorySize: 512, Environment: environment }),
        Streams: inlineFunction(STREAMS),
        ...queueFor({ VisibilityTimeout: 2 }, { ScalingConfig: { MaximumConcurrency: 2 } }, 5),
      },
    },
    options,
  );
  const dynamodb = new DynamoDBClient(fixture.cloud.clientConfig.dynamodb);
  return {
    ...fixture,
    dynamodb,
    async warm() {
      const event = { operation: "GetItem", input: { TableName: TABLE, Key: { pk: { S: "x" } } } };
      await Promise.all([event, event].map((one) => fixture.fn("Function").invoke(one)));
    },
    request: (operation, input, service = "dynamodb") =>
      fixture.fn("Sender").invoke({ service, operation, input }) as Promise<Heard>,
    async read(pk) {
      const key = { TableName: TABLE, Key: { pk: { S: pk } }, ConsistentRead: true };
      return (await dynamodb.send(new GetItemCommand(key))).Item?.["value"]?.S;
    },
    async write(pk, value) {
      await dynamodb.send(new PutItemCommand(put(pk, value)));
    },
    faultsOf: (fault) =>
      fixture.events.filter((event) => event.kind === "fault" && event.fault === fault) as FaultEvent[],
    said: () => fixture.lines.flatMap(({ text }) => (text.startsWith("{") ? [JSON.parse(text) as Said] : [])),
    async [Symbol.asyncDispose]() {
      dynamodb.destroy();
      await fixture[Symbol.asyncDispose]();
    },
  };
}

export function put(pk: string, value: string) {
  return { TableName: TABLE, Item: { pk: { S: pk }, value: { S: value } } };
}

export function putNew(pk: string, value: string) {
  return { ...put(pk, value), ConditionExpression: "attribute_not_exists(pk)" };
}

/** One Put for each key, with the key as its value. */
export function transaction(...pks: string[]): TransactWriteItemsCommandInput {
  return { TransactItems: pks.map((pk) => ({ Put: put(pk, pk) })) };
}
