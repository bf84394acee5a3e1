// Messages that handlers send, as items of the outbox table: written in the transaction of the handler's other effects, read by the
// relay. Pure.
//
//   OB1. A message's id is made of what names its commit (the idempotency record's key; of a run, the message's place in its order)
//        and of its place among the messages of its handler: the same in every run, another for every message.
//   OB2. Every message is in exactly one item; an item's messages stand in the order in which they were sent.
//   OB3. Messages of one group of a FIFO target are in one partition, sorted as they were committed, and in items of their own. No
//        two commits share a key.
//   OB4. An item that cannot be read, because a newer version wrote it, is never taken for sent.

import type { AttributeValue, Item } from "../aws/dynamodb.ts";
import { FIFO_QUEUE_SUFFIX } from "../aws/names.ts";
import type { MessageAttributeValue } from "../aws/sqs.ts";
import { OUTBOX_TABLE } from "../contract.ts";
import { attributeValueBytes } from "./item-size.ts";
import { KEY_ATTRIBUTE, type Sha256 } from "./key.ts";

/** Raised when the meaning of an item changes. Readers refuse versions above theirs. */
export const OUTBOX_FORMAT_VERSION = 1;
/** Size of an item, bytes: below DynamoDB's 400 KB, so that there is room for what the relay may add. */
export const OUTBOX_ITEM_BYTES_MAX: number = 300 * 1024;

interface MessageBase {
  /**
   * The idempotency key of whoever receives it, at most 128 letters, digits and hyphens: the relay sends it as the attribute
   * `semel-idempotency-key`, to a FIFO target also as deduplication id.
   */
  readonly id: string;
  /** Queue URL; name or ARN of an event bus; ARN of a topic. */
  readonly target: string;
  /** Text of the message; of an event, the JSON of its detail, an object, without the id (see `eventDetail`). */
  readonly body: string;
}

interface AttributedMessage extends MessageBase {
  /** Of FIFO targets always. Standard ones take it for fairness: no order. */
  readonly groupId?: string;
  /** Never `semel-idempotency-key`. */
  readonly attributes?: Readonly<Record<string, MessageAttributeValue>>;
}

export interface QueueMessage extends AttributedMessage {
  readonly kind: "sqs";
  readonly delaySeconds?: number;
}

export interface TopicMessage extends AttributedMessage {
  readonly kind: "sns";
  readonly subject?: string;
}

export interface BusMessage extends MessageBase {
  readonly kind: "eventbridge";
  readonly source: string;
  readonly detailType: string;
}

export type OutboxMessage = QueueMessage | TopicMessage | BusMessage;

type WithoutId<Message> = Message extends unknown ? Omit<Message, "id"> : never;
/** As it was declared: its place in the list of its handler's messages is half of its id. */
export type DeclaredMessage = WithoutId<OutboxMessage>;

/** Messages that wait for the relay. */
export interface OutboxItem {
  readonly pk: string;
  readonly sk: string;
  readonly createdAtMs: number;
  readonly messages: readonly OutboxMessage[];
}

/** OB1. First half of the ids of a commit's messages. `commit`: what names it, among all commits of all consumers. */
export function idPrefix(commit: readonly string[], sha256: Sha256): string {
  return sha256(JSON.stringify(commit));
}

/** OB1 */
export function messageId(prefix: string, place: number): string {
  return `${prefix}-${place}`;
}

/** What is sent as an event's detail: its first field is the id, so that the path `detail.semel-idempotency-key` is a key. */
export function eventDetail({ id, body }: Pick<BusMessage, "id" | "body">): string {
  const rest = body.slice(1);
  return `{${JSON.stringify(KEY_ATTRIBUTE)}:${JSON.stringify(id)}${rest === "}" ? "" : ","}${rest}`;
}

const GROUPED = "g#";
const UNGROUPED = "m#";

/** Undefined where no order is to be kept. OB3 */
export function groupKey(message: DeclaredMessage, sha256: Sha256): string | undefined {
  if (message.kind === "eventbridge" || message.groupId === undefined) return undefined;
  if (!message.target.endsWith(FIFO_QUEUE_SUFFIX)) return undefined;
  return GROUPED + sha256(JSON.stringify([withoutHost(message.target), message.groupId]));
}

/** Of a queue's URL account and name: one queue has several hosts. An ARN stays as it is. */
function withoutHost(target: string): string {
  return target.replace(/^https?:\/\/[^/]+/, "");
}

/** Is the partition that of a group, which is sent in the order of its sort keys? */
export function isGroup(pk: string): boolean {
  return pk.startsWith(GROUPED);
}

export interface Commit {
  /** See `idPrefix`. */
  readonly prefix: string;
  readonly createdAtMs: number;
  /** Where this commit stands in a group: digits of a fixed width. */
  readonly sequenceOf: (groupPk: string) => string;
  readonly sha256: Sha256;
}

interface Placed {
  readonly place: number;
  readonly message: DeclaredMessage;
}

/** OB2. The items of one commit. A message that is larger than an item may be is alone in one: the caller refuses it before. */
export function outboxItems(messages: readonly DeclaredMessage[], commit: Commit): Item[] {
  const placed = messages.map((message, place): Placed => ({ place, message }));
  const partitions = Map.groupBy(
    placed,
    ({ message }) => groupKey(message, commit.sha256) ?? UNGROUPED + commit.prefix,
  );
  return [...partitions].flatMap(([pk, own]) => {
    const before = isGroup(pk) ? `${commit.sequenceOf(pk)}#${commit.prefix}#` : ""; // OB3
    return packed(own).map((some) =>
      toItem(some, { pk, sk: before + padded(some[0]?.place ?? 0, PLACE_DIGITS) }, commit),
    );
  });
}

/** Digits of a place: a transaction of 4 MB has fewer messages. */
const PLACE_DIGITS = 7;
const CREATED_AT_DIGITS = 15;
const SHARDS = 10;

function padded(value: number, digits: number): string {
  return String(value).padStart(digits, "0");
}

/** Keys, version, time, shard, the prefix of ids, and the lists themselves: never more than this. */
const HEAD_BYTES_MAX = 700;

function packed(placed: readonly Placed[]): Placed[][] {
  const items: Placed[][] = [];
  let bytes = OUTBOX_ITEM_BYTES_MAX;
  let targets = new Set<string>();
  for (const one of placed) {
    const target = JSON.stringify(targetOf(one.message));
    const own = LISTED_BYTES + attributeValueBytes(messageValue(one, TARGET_INDEX_MAX));
    const ofTarget = LISTED_BYTES + attributeValueBytes(targetValue(targetOf(one.message)));
    const added = own + (targets.has(target) ? 0 : ofTarget);
    if (bytes + added <= OUTBOX_ITEM_BYTES_MAX) {
      bytes += added;
    } else {
      items.push([]);
      targets = new Set();
      bytes = HEAD_BYTES_MAX + own + ofTarget;
    }
    targets.add(target);
    items.at(-1)?.push(one);
  }
  return items;
}

const LISTED_BYTES = 1;
/** For sizes: no index is longer. */
const TARGET_INDEX_MAX = 1_234_567;

/** Bytes of the item of a message that is alone. */
export function aloneBytes(message: DeclaredMessage): number {
  const values = [messageValue({ place: TARGET_INDEX_MAX, message }, TARGET_INDEX_MAX), targetValue(targetOf(message))];
  return values.reduce((total, value) => total + LISTED_BYTES + attributeValueBytes(value), HEAD_BYTES_MAX);
}

type Target = Pick<OutboxMessage, "kind" | "target">;

function targetOf({ kind, target }: Target): Target {
  return { kind, target };
}

function toItem(
  placed: readonly Placed[],
  { pk, sk }: Pick<OutboxItem, "pk" | "sk">,
  { prefix, createdAtMs }: Commit,
): Item {
  const targets = new Map(placed.map(({ message }) => [JSON.stringify(targetOf(message)), targetOf(message)]));
  const indexes = new Map([...targets.keys()].map((target, index) => [target, index]));
  const indexOf = (message: DeclaredMessage): number => indexes.get(JSON.stringify(targetOf(message))) ?? 0;
  return {
    [OUTBOX_TABLE.partitionKey]: { S: pk },
    [OUTBOX_TABLE.sortKey]: { S: sk },
    formatVersion: { N: String(OUTBOX_FORMAT_VERSION) },
    [OUTBOX_TABLE.unsentSortKey]: { S: padded(Math.trunc(createdAtMs), CREATED_AT_DIGITS) },
    [OUTBOX_TABLE.unsentPartitionKey]: { S: shardOf(pk) },
    idPrefix: { S: prefix },
    targets: { L: [...targets.values()].map(targetValue) },
    messages: { L: placed.map((one) => messageValue(one, indexOf(one.message))) },
  };
}

/** Partition keys end with a hash. */
function shardOf(pk: string): string {
  return String(Number.parseInt(pk.slice(-8), 16) % SHARDS);
}

function targetValue({ kind, target }: Target): AttributeValue {
  return { M: { kind: { S: kind }, target: { S: target } } };
}

function messageValue({ place, message }: Placed, target: number): AttributeValue {
  const value: Item = { place: { N: String(place) }, target: { N: String(target) }, body: { S: message.body } };
  if (message.kind === "eventbridge") {
    return { M: { ...value, source: { S: message.source }, detailType: { S: message.detailType } } };
  }
  if (message.groupId !== undefined) value["groupId"] = { S: message.groupId };
  if (message.attributes !== undefined) value["attributes"] = attributesValue(message.attributes);
  if (message.kind === "sqs" && message.delaySeconds !== undefined) {
    value["delaySeconds"] = { N: String(message.delaySeconds) };
  }
  if (message.kind === "sns" && message.subject !== undefined) value["subject"] = { S: message.subject };
  return { M: value };
}

function attributesValue(attributes: Readonly<Record<string, MessageAttributeValue>>): AttributeValue {
  const values = Object.entries(attributes).map(([name, { DataType, StringValue, BinaryValue }]) => {
    const value: AttributeValue = BinaryValue === undefined ? { S: StringValue ?? "" } : { B: BinaryValue };
    return [name, { M: { type: { S: DataType }, value } }] as const;
  });
  return { M: Object.fromEntries(values) };
}

/** An item of the outbox table, as it was found. */
export type FoundInOutbox =
  | { readonly kind: "messages"; readonly item: OutboxItem }
  /** Of a group: the relay has nothing to do with it. See outbox-counter.ts. */
  | { readonly kind: "counter" }
  | { readonly kind: "unreadable"; readonly formatVersion: string };

/** Sort key of a group's counter: behind all digits, so behind its messages. */
export const COUNTER_SORT_KEY = "counter";

/** OB4. In DynamoDB's raw values, binary ones as bytes: in a stream's event Lambda gives them in base64. */
export function readOutboxItem(item: Item): FoundInOutbox {
  const [pk, sk] = [item[OUTBOX_TABLE.partitionKey]?.S, item[OUTBOX_TABLE.sortKey]?.S];
  const formatVersion = item["formatVersion"]?.N ?? "none";
  if (sk === COUNTER_SORT_KEY) return { kind: "counter" };
  const unreadable: FoundInOutbox = { kind: "unreadable", formatVersion };
  const createdAtMs = Number(item[OUTBOX_TABLE.unsentSortKey]?.S ?? Number.NaN);
  const prefix = item["idPrefix"]?.S;
  if (formatVersion !== String(OUTBOX_FORMAT_VERSION) || pk === undefined || sk === undefined) return unreadable;
  if (!Number.isFinite(createdAtMs) || prefix === undefined) return unreadable;
  const targets = (item["targets"]?.L ?? []).map(readTarget);
  const messages = (item["messages"]?.L ?? []).map((value) => readMessage(value.M ?? {}, targets, prefix));
  if (messages.length === 0 || !messages.every((message) => message !== undefined)) return unreadable;
  return { kind: "messages", item: { pk, sk, createdAtMs, messages } };
}

function readTarget({ M: value }: AttributeValue): Target | undefined {
  const [kind, target] = [value?.["kind"]?.S, value?.["target"]?.S];
  if (target === undefined || (kind !== "sqs" && kind !== "sns" && kind !== "eventbridge")) return undefined;
  return { kind, target };
}

function readMessage(value: Item, targets: readonly (Target | undefined)[], prefix: string): OutboxMessage | undefined {
  const [place, body] = [value["place"]?.N, value["body"]?.S];
  const to = targets[Number(value["target"]?.N ?? Number.NaN)];
  if (to === undefined || place === undefined || body === undefined) return undefined;
  const base = { id: messageId(prefix, Number(place)), target: to.target, body };
  if (to.kind === "eventbridge") {
    const [source, detailType] = [value["source"]?.S, value["detailType"]?.S];
    return source === undefined || detailType === undefined
      ? undefined
      : { ...base, kind: to.kind, source, detailType };
  }
  const [groupId, attributes] = [value["groupId"]?.S, value["attributes"]?.M];
  const common = {
    ...base,
    ...(groupId === undefined ? {} : { groupId }),
    ...(attributes === undefined ? {} : { attributes: readAttributes(attributes) }),
  };
  if (to.kind === "sqs") {
    const delay = value["delaySeconds"]?.N;
    return { ...common, kind: to.kind, ...(delay === undefined ? {} : { delaySeconds: Number(delay) }) };
  }
  const subject = value["subject"]?.S;
  return { ...common, kind: to.kind, ...(subject === undefined ? {} : { subject }) };
}

function readAttributes(values: Item): Record<string, MessageAttributeValue> {
  const attributes = Object.entries(values).map(([name, { M: attribute = {} }]) => {
    const value = attribute["value"];
    const content = value?.B === undefined ? { StringValue: value?.S ?? "" } : { BinaryValue: value.B };
    return [name, { DataType: attribute["type"]?.S ?? "String", ...content }] as const;
  });
  return Object.fromEntries(attributes);
}
