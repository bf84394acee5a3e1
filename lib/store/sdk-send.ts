// `send` by the AWS SDK. The only file of the store that knows the SDK's client.
//
//   SD1. A transaction's body says what the SDK's own serializer would say of its input.
//   SD2. Where the SDK's client is not built as it is known here, its own serializer makes the body.

import {
  BatchExecuteStatementCommand,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
  type TransactWriteItemsCommandInput,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { AnswerOf, DynamoDbRequest, Send, SendOptions, TransactWriteItemsInput } from "./send.ts";

/** What semel needs of a DynamoDB client: `DynamoDBClient` and `DynamoDBDocumentClient` fit. */
export interface DynamoDbClient {
  send(command: object, options?: { abortSignal?: AbortSignal }): Promise<unknown>;
}

/** The SDK's own retries are off: semel retries by itself, within the time left, and knows what an answer leaves open. */
export function defaultClient(): DynamoDbClient {
  const client = new DynamoDBClient({ maxAttempts: 1 });
  // It copies every input and output even where nothing logs.
  client.middlewareStack.remove("loggerMiddleware");
  return client;
}

export function sdkSend(client: DynamoDbClient): Send {
  let ownBodies = true;

  function sendCommand(request: DynamoDbRequest, { signal }: SendOptions): Promise<unknown> {
    const options = signal ? { abortSignal: signal } : {};
    if (ownBodies && request.operation === "TransactWriteItems") {
      try {
        return client.send(withOwnBody(transactCommand(request.input)), options);
      } catch {
        ownBodies = false; // SD2: thrown before anything is sent, since there is no promise
      }
    }
    return client.send(toCommand(request), options);
  }

  return async <R extends DynamoDbRequest>(request: R, options: SendOptions): Promise<AnswerOf<R>> => {
    const answer = await sendCommand(request, options);
    // A success is DynamoDB's own, with its request id: not an empty 200 of something in between.
    const { requestId } = (answer as { $metadata?: { requestId?: string } }).$metadata ?? {};
    if (requestId === undefined)
      throw new Error(`the answer to ${request.operation} has no request id: it is not DynamoDB's`);
    return answer as AnswerOf<R>;
  };
}

/**
 * The SDK's serializer walks a schema for each value, which for a transaction of 100 actions takes longer than the rest of
 * the request. So it gets an empty input, and the body is put in its place. Who looks at the input before or after,
 * a tracer say, sees the real one.
 */
function withOwnBody(command: TransactWriteItemsCommand): TransactWriteItemsCommand {
  const { middlewareStack } = command;
  const afterEndpoint = { relation: "after", toMiddleware: "endpointV2Middleware" } as const;
  const afterSerializer = { relation: "after", toMiddleware: "serializerMiddleware" } as const;
  middlewareStack.addRelativeTo(hideInput, { ...afterEndpoint, name: "semelHideInput" });
  middlewareStack.addRelativeTo(setBody, { ...afterSerializer, name: "semelSetBody" });
  return command;
}

const HIDDEN = Symbol("semel.input");

interface StepArguments {
  input: TransactWriteItemsCommandInput & { [HIDDEN]?: TransactWriteItemsCommandInput };
  request?: unknown;
}
type Step = <R>(next: (args: StepArguments) => R) => (args: StepArguments) => R;

const hideInput: Step = (next) => (args) => next({ ...args, input: { TransactItems: [], [HIDDEN]: args.input } });

const setBody: Step = (next) => (args) => {
  const input = args.input[HIDDEN] ?? args.input;
  Object.assign(args.request ?? {}, { body: bodyOf(input) }); // SD1
  return next({ ...args, input });
};

/** A raw attribute value is JSON already, but for binary; to look for it takes longer than all the rest. */
function bodyOf(input: TransactWriteItemsCommandInput): string {
  const plain = input.TransactItems?.every(({ Put, Update, Delete, ConditionCheck }) => {
    const keyed = Update ?? Delete ?? ConditionCheck;
    const values = (Put ?? keyed)?.ExpressionAttributeValues;
    return isPlain(Put?.Item) && isPlain(keyed?.Key) && isPlain(values);
  });
  return plain ? JSON.stringify(input) : JSON.stringify(input, binaryAsBase64);
}

/** Nothing but strings and numbers. */
function isPlain(item: Readonly<Record<string, { S?: string | undefined; N?: string | undefined }>> = {}): boolean {
  for (const name of Object.keys(item)) if (item[name]?.S === undefined && item[name]?.N === undefined) return false;
  return true;
}

function binaryAsBase64(this: Record<string, unknown>, name: string, value: unknown): unknown {
  if (typeof value !== "object") return value;
  const given = this[name]; // a Buffer has been made JSON of by now
  if (!(given instanceof Uint8Array)) return value;
  return Buffer.from(given.buffer, given.byteOffset, given.byteLength).toString("base64");
}

function transactCommand(input: TransactWriteItemsInput): TransactWriteItemsCommand {
  return new TransactWriteItemsCommand({ ...input, TransactItems: [...input.TransactItems] });
}

function toCommand(request: DynamoDbRequest): object {
  switch (request.operation) {
    case "TransactWriteItems":
      return transactCommand(request.input);
    case "PutItem":
      return new PutItemCommand(request.input);
    case "UpdateItem":
      return new UpdateItemCommand(request.input);
    case "BatchGetItem":
      return new BatchGetItemCommand(request.input);
    case "Query":
      return new QueryCommand(request.input);
    case "BatchWriteItem":
      return new BatchWriteItemCommand(request.input);
    case "BatchExecuteStatement":
      return new BatchExecuteStatementCommand(request.input);
    case "GetItem":
      return new GetItemCommand(request.input);
    case "DescribeTable":
      return new DescribeTableCommand(request.input);
  }
}
