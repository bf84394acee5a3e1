// The SDK clients of a handler, for the time of an exploration: their own serializers, signatures and retries run, and what
// they would send over the network becomes a request of the sandbox that is at work.
//
//   HC1. A client is given back as it was.
//   HC2. Credentials, region and endpoint are fixed ones, so that nothing is looked up.
//   HC3. What the retries of one sandbox have used up is not missing in another.

import { SemelError } from "../../errors.ts";
import { current } from "./current.ts";
import { unknownToStore } from "./dynamodb.ts";
import type { OtherRequest, Request } from "./requests.ts";
import { replaceProperty } from "./virtual.ts";

/** A client of the AWS SDK v3: `DynamoDBClient`, `DynamoDBDocumentClient` and `SQSClient` fit. */
export interface SdkClient {
  readonly config: object;
  send(command: never, ...rest: never[]): unknown;
}

const ACCESS = { accessKeyId: "explored", secretAccessKey: "explored" };
const REGION = "eu-west-1";

/** Gives what puts the clients back. */
export function takeClients(clients: readonly SdkClient[]): () => void {
  const undo = clients.flatMap(({ config }) => {
    const fixed: Record<string, unknown> = {
      requestHandler,
      credentials: async () => ACCESS, // HC2
      region: async () => REGION,
      endpoint: async () => ({ protocol: "http:", hostname: "localhost", path: "/" }),
      isCustomEndpoint: true,
      useFipsEndpoint: async () => false,
      useDualstackEndpoint: async () => false,
      useQueueUrlAsEndpoint: false,
      retryStrategy: retriesOf((config as { retryStrategy?: () => Promise<object> }).retryStrategy),
    };
    return Object.entries(fixed).map(([name, value]) => replaceProperty(config, name, value));
  });
  return () => {
    for (const one of undo.reverse()) one(); // HC1
  };
}

/** HC3: of each sandbox a copy of the strategy as it was in the beginning. */
function retriesOf(given: (() => Promise<object>) | undefined): () => Promise<object | undefined> {
  let first: Promise<object> | undefined;
  const copies = new WeakMap<object, object>();
  return async () => {
    first ??= given?.().then(copyOf);
    const strategy = await first;
    const process = current.getStore();
    if (!strategy || !process) return strategy;
    const own = copies.get(process) ?? copyOf(strategy);
    copies.set(process, own);
    return own;
  };
}

function copyOf(strategy: object): object {
  const copy = Object.assign(Object.create(Object.getPrototypeOf(strategy)) as object, strategy);
  return "capacity" in copy ? Object.assign(copy, { capacity: RETRY_CAPACITY }) : copy;
}

/** Of the SDK's standard strategy. */
const RETRY_CAPACITY = 500;

interface HttpRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}
interface HttpAnswer {
  readonly response: { statusCode: number; headers: Record<string, string>; body: Uint8Array };
}

const requestHandler = {
  metadata: { handlerProtocol: "http/1.1" },
  async handle(request: HttpRequest, { abortSignal }: { abortSignal?: AbortSignal } = {}): Promise<HttpAnswer> {
    const process = current.getStore();
    if (!process) throw outside();
    const target = request.headers["x-amz-target"] ?? "";
    const [service = "", operation = ""] = target.split(".");
    const body = typeof request.body === "string" ? request.body : Buffer.from(request.body ?? []).toString("utf8");
    const known = KNOWN[service]?.has(operation) ?? false;
    if (!known) {
      const error = unknownToStore(target === "" ? "a service that is neither DynamoDB nor SQS" : target);
      process.stop(error);
      throw error;
    }
    const asked = { operation, input: JSON.parse(body || "{}", bytesOf) } as OtherRequest as Request;
    try {
      return answerOf(200, await process.sandbox.request(asked, abortSignal));
    } catch (error) {
      return errorOf(error);
    }
  },
  destroy() {},
};

const KNOWN: Readonly<Record<string, ReadonlySet<string>>> = {
  DynamoDB_20120810: new Set([
    ..."GetItem BatchGetItem TransactGetItems PutItem UpdateItem DeleteItem BatchWriteItem TransactWriteItems Query Scan".split(
      " ",
    ),
    ..."BatchExecuteStatement DescribeTable".split(" "),
  ]),
  AmazonSQS: new Set(
    "SendMessage SendMessageBatch ChangeMessageVisibility ChangeMessageVisibilityBatch GetQueueUrl".split(" "),
  ),
};

function answerOf(statusCode: number, answer: unknown): HttpAnswer {
  const headers = { "x-amzn-requestid": "explored", "content-type": "application/x-amz-json-1.0" };
  return { response: { statusCode, headers, body: Buffer.from(JSON.stringify(answer, base64)) } };
}

/** An error with AWS's name is its answer; any other, no answer at all. */
function errorOf(error: unknown): HttpAnswer {
  const { name, message, ...rest } = error as Error;
  if (!(error instanceof Error) || name === "Error" || name === "AbortError" || error instanceof SemelError)
    throw error;
  return answerOf(400, { __type: `com.amazonaws#${name}`, message, ...rest });
}

/** Binary members travel as base64. */
function bytesOf(this: Record<string, unknown>, name: string, value: unknown): unknown {
  if (name === "B" && typeof value === "string" && isAttribute(this))
    return new Uint8Array(Buffer.from(value, "base64"));
  if (name !== "BS" || !Array.isArray(value) || !isAttribute(this)) return value;
  return value.map((one) => new Uint8Array(Buffer.from(String(one), "base64")));
}

/** One member; an item with an attribute called B has an attribute value there, not a text. */
function isAttribute(value: object): boolean {
  return Object.keys(value).length === 1;
}

function base64(this: Record<string, unknown>, name: string, value: unknown): unknown {
  const given = this[name];
  return given instanceof Uint8Array ? Buffer.from(given).toString("base64") : value;
}

function outside(): SemelError {
  return new SemelError(
    "Cannot send: the client is being explored, and the request comes from outside of the handler. Read tables in effects, and " +
      "use the client for other things before or after the exploration",
    { code: "SEMEL_FOREIGN_IO", retryable: false },
  );
}
