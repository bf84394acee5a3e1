// What a handler under exploration asks of others: requests to AWS, and calls of stubs.

import type { Item } from "../../aws/dynamodb.ts";
import type { AwsRequest } from "../explorer/sandbox.ts";

/** A call of another system by its stub. */
export interface StubRequest {
  readonly operation: "stub";
  readonly name: string;
  readonly args: readonly unknown[];
  /** Gives what the other system answers; what it throws is a refusal. */
  readonly answer: (...args: never[]) => unknown;
}

/** A request of an SDK client that semel itself does not make. */
export interface OtherRequest {
  readonly operation: OtherOperation;
  readonly input: OtherInput;
}

export type OtherOperation =
  | "DeleteItem"
  | "Query"
  | "Scan"
  | "TransactGetItems"
  | "BatchWriteItem"
  | "ChangeMessageVisibility"
  | "SendMessageBatch";

/** As far as it is looked at. */
export interface OtherInput {
  readonly TableName?: string;
  readonly QueueUrl?: string;
  readonly Key?: Item;
  readonly [name: string]: unknown;
}

export type Request = AwsRequest | StubRequest | OtherRequest;

const READS: ReadonlySet<string> = new Set([
  "GetItem",
  "BatchGetItem",
  "DescribeTable",
  "Query",
  "Scan",
  "TransactGetItems",
]);
const OF_SQS: ReadonlySet<string> = new Set(["SendMessage", "SendMessageBatch"]);

/** It changes nothing, so nothing is on its way when it has no answer. */
export function isRead({ operation }: Request): boolean {
  return READS.has(operation);
}

export function isOfSqs({ operation }: Request): boolean {
  return OF_SQS.has(operation);
}

/** Tells two requests apart. */
export function requestText(request: Request): string {
  if (request.operation === "stub") return `stub ${request.name} ${JSON.stringify(request.args)}`;
  return `${request.operation} ${JSON.stringify(request.input)}`;
}

/** For people: what is asked, and of which item. */
export function describe(request: Request): string {
  if (request.operation === "stub") return `${request.name}(${shorten(request.args.map(textOf).join(", "))})`;
  const input = request.input as OtherInput & { readonly Item?: Item; readonly TransactItems?: readonly object[] };
  if (input.TransactItems) return `${request.operation} (${input.TransactItems.map(describeAction).join("; ")})`;
  const subject = input.Key ?? input.Item;
  const where = input.TableName ?? input.QueueUrl;
  const expression = typeof input["UpdateExpression"] === "string" ? `, ${shorten(input["UpdateExpression"])}` : "";
  if (where === undefined) return request.operation;
  return `${request.operation} on ${where}${subject ? ` ${shorten(itemText(subject))}` : ""}${expression}`;
}

function describeAction(action: object): string {
  const [[kind, body] = []] = Object.entries(action) as [string, { TableName: string; Key?: Item; Item?: Item }][];
  if (kind === undefined || body === undefined) return "nothing";
  return `${kind} on ${body.TableName} ${shorten(itemText(body.Key ?? body.Item ?? {}))}`;
}

function itemText(item: Item): string {
  const attributes = Object.entries(item).map(([name, value]) => `${name}: ${Object.values(value).map(textOf).join()}`);
  return `{ ${attributes.join(", ")} }`;
}

function textOf(value: unknown): string {
  return JSON.stringify(value) ?? String(value);
}

const TEXT_CHARACTERS_MAX = 100;

function shorten(text: string): string {
  return text.length > TEXT_CHARACTERS_MAX ? `${text.slice(0, TEXT_CHARACTERS_MAX)}…` : text;
}
