// `send` by the AWS SDK. The only file of the store that knows the SDK's client.
//
//   SD1. The body of a write says what the SDK's own serializer would say of its input.
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
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import type { AttributeValue, Item } from "../aws/dynamodb.ts";
import { Sha256 } from "./sdk-sha256.ts";
import type {
  AnswerOf,
  BatchExecuteStatementInput,
  DynamoDbRequest,
  PutItemInput,
  Send,
  SendOptions,
  TransactWriteItemsInput,
} from "./send.ts";

/** What semel needs of a DynamoDB client: `DynamoDBClient` and `DynamoDBDocumentClient` fit. */
export interface DynamoDbClient {
  send(command: object, options?: { abortSignal?: AbortSignal }): Promise<unknown>;
}

/** The SDK's own retries are off: semel retries by itself, within the time left, and knows what an answer leaves open. */
export function defaultClient(): DynamoDbClient {
  const client = new DynamoDBClient({ maxAttempts: 1, sha256: Sha256 });
  // It copies every input and output even where nothing logs.
  client.middlewareStack.remove("loggerMiddleware");
  return client;
}

export function sdkSend(client: DynamoDbClient): Send {
  let ownBodies = true;

  function sendCommand(request: DynamoDbRequest, { signal }: SendOptions): Promise<unknown> {
    const options = signal ? { abortSignal: signal } : {};
    if (ownBodies && OWN_BODIES.has(request.operation)) {
      try {
        return client.send(withOwnBody(toCommand(request) as WritingCommand), options);
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

/** Operations that write items. */
const OWN_BODIES: ReadonlySet<DynamoDbRequest["operation"]> = new Set([
  "TransactWriteItems",
  "PutItem",
  "BatchExecuteStatement",
]);

/** What they have in common. */
type WritingInput = Partial<TransactWriteItemsInput & PutItemInput & BatchExecuteStatementInput>;
type WritingCommand = Pick<TransactWriteItemsCommand, "middlewareStack">;

/**
 * The SDK's serializer walks a schema for each value, which for a transaction of 100 actions takes longer than the rest of
 * the request. So it gets an empty input, and the body is put in its place. Who looks at the input before or after,
 * a tracer say, sees the real one.
 */
function withOwnBody(command: WritingCommand): WritingCommand {
  const middlewareStack = command.middlewareStack as unknown as Stack;
  const afterEndpoint = { relation: "after", toMiddleware: "endpointV2Middleware" } as const;
  const afterSerializer = { relation: "after", toMiddleware: "serializerMiddleware" } as const;
  middlewareStack.addRelativeTo(hideInput, { ...afterEndpoint, name: "semelHideInput" });
  middlewareStack.addRelativeTo(setBody, { ...afterSerializer, name: "semelSetBody" });
  return command;
}

const HIDDEN = Symbol("semel.input");

interface StepArguments {
  input: WritingInput & { [HIDDEN]?: WritingInput };
  request?: unknown;
}
type Step = <R>(next: (args: StepArguments) => R) => (args: StepArguments) => R;
/** The one of each of them. */
interface Stack {
  addRelativeTo(step: Step, place: { relation: "after"; toMiddleware: string; name: string }): void;
}

const hideInput: Step = (next) => (args) => next({ ...args, input: { [HIDDEN]: args.input } });

const setBody: Step = (next) => (args) => {
  const input = args.input[HIDDEN] ?? args.input;
  Object.assign(args.request ?? {}, { body: bodyOf(input) }); // SD1
  return next({ ...args, input });
};

/** A raw attribute value is JSON already, but for binary; to look for it while the text is made takes longer than all the rest. */
function bodyOf(input: WritingInput): string {
  const { TransactItems = [], Statements = [], Item, ExpressionAttributeValues } = input;
  const plain =
    isPlain(Item) &&
    isPlain(ExpressionAttributeValues) &&
    Statements.every(({ Parameters }) => Parameters.every(isPlainValue)) &&
    TransactItems.every(({ Put, Update, Delete, ConditionCheck }) => {
      const keyed = Update ?? Delete ?? ConditionCheck;
      return isPlain(Put?.Item) && isPlain(keyed?.Key) && isPlain((Put ?? keyed)?.ExpressionAttributeValues);
    });
  return plain ? JSON.stringify(input) : JSON.stringify(input, binaryAsBase64);
}

function isPlain(item: Item = {}): boolean {
  for (const name of Object.keys(item)) if (!isPlainValue(item[name])) return false;
  return true;
}

/** Holds no binary value. */
function isPlainValue(value: AttributeValue | undefined): boolean {
  if (value?.S !== undefined || value?.N !== undefined) return true;
  if (value?.M !== undefined) return isPlain(value.M);
  if (value?.L !== undefined) return value.L.every(isPlainValue);
  return value?.BOOL !== undefined || value?.NULL !== undefined;
}

function binaryAsBase64(this: Record<string, unknown>, name: string, value: unknown): unknown {
  if (typeof value !== "object") return value;
  const given = this[name]; // a Buffer has been made JSON of by now
  if (!(given instanceof Uint8Array)) return value;
  return Buffer.from(given.buffer, given.byteOffset, given.byteLength).toString("base64");
}

function toCommand(request: DynamoDbRequest): object {
  switch (request.operation) {
    case "TransactWriteItems":
      return new TransactWriteItemsCommand({ ...request.input, TransactItems: [...request.input.TransactItems] });
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
