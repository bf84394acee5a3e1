// The relay over the memory store, with queues, topics and buses that only write down what they took, and all that goes wrong between.

import type { DynamoDbEvent, StreamImage } from "../../lib/aws/lambda.ts";
import { OUTBOX_TABLE } from "../../lib/contract.ts";
import { type DeclaredMessage, isGroup, outboxItems, readOutboxItem } from "../../lib/protocol/outbox.ts";
import { createRelay, type Relay } from "../../lib/relay/relay.ts";
import type { TargetAnswer, TargetRequest } from "../../lib/relay/target-send.ts";
import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type { DynamoDbRequest } from "../../lib/store/send.ts";
import { type VirtualHost, virtualHost } from "../support/virtual-host.ts";

export const QUEUE = "https://sqs.eu-west-1.amazonaws.com/1/plain";
export const FIFO = "https://sqs.eu-west-1.amazonaws.com/1/ordered.fifo";
export const TOPIC = "arn:aws:sns:eu-west-1:1:topic";
export const BUS = "orders-bus";
export const DLQ = "https://sqs.eu-west-1.amazonaws.com/1/dead-letters";

/** What happens to a request. */
export type Fault = "none" | "never-arrives" | "answer-lost" | "hangs" | "partly" | "dies";

/** One message as its target took it. */
export interface Taken {
  readonly target: string;
  readonly id: string;
  readonly body: string;
  readonly groupId: string | undefined;
  readonly dedupId: string | undefined;
  readonly attributes: object;
}

export interface World {
  readonly host: VirtualHost;
  readonly taken: readonly Taken[];
  readonly calls: readonly TargetRequest[];
  readonly lines: readonly string[];
  readonly requests: readonly DynamoDbRequest[];
  /** What was wrong in the moment when it was done. */
  readonly complaints: readonly string[];
  /** Everything that was ever put: id -> group, in the order of the commits. */
  readonly committed: readonly Committed[];
  commit(messages: readonly DeclaredMessage[]): void;
  /** A new process. */
  relay(): Relay;
  /** Records of what was put since the last call. */
  records(): DynamoDbEvent["Records"];
  items(): number;
  /** Faults of the requests from now on, in their order; "none" when they are over. */
  faults: Fault[];
  deny: boolean;
  /** Does this target leave its next call without an answer? */
  silent: (target: string | undefined) => boolean;
  /** Messages with this body fail, so many times. */
  failing: { readonly body: string; times: number } | undefined;
  has(pk: string | undefined, sk: string | undefined): boolean;
}

export interface Committed {
  readonly id: string;
  readonly target: string;
  readonly group: string | undefined;
  readonly body: string;
}

export const POISON = "poison";
const TABLE = "Outbox";

export const context = { awsRequestId: "request", getRemainingTimeInMillis: () => 30_000 };

export function createWorld(random?: () => number): World {
  const host = virtualHost(random);
  const memory = memoryDynamoDb({
    [TABLE]: {
      partitionKey: "pk",
      sortKey: "sk",
      indexes: {
        [OUTBOX_TABLE.unsentIndex]: {
          partitionKey: OUTBOX_TABLE.unsentPartitionKey,
          sortKey: OUTBOX_TABLE.unsentSortKey,
        },
      },
    },
  });
  const [taken, calls, lines, complaints]: [Taken[], TargetRequest[], string[], string[]] = [[], [], [], []];
  const [committed, requests]: [Committed[], DynamoDbRequest[]] = [[], []];
  let pending: DynamoDbEvent["Records"] = [];
  let commits = 0;
  const world: World = {
    host,
    taken,
    calls,
    lines,
    requests,
    complaints,
    committed,
    faults: [],
    deny: false,
    silent: () => false,
    failing: undefined,
    has: (pk = "", sk = "") =>
      memory.send({ operation: "GetItem", input: { TableName: TABLE, Key: { pk: { S: pk }, sk: { S: sk } } } }).Item !==
      undefined,
    commit(messages) {
      commits++;
      const prefix = host.sha256(`commit ${commits}`);
      const sequence = String(commits).padStart(10, "0");
      const given = { prefix, createdAtMs: host.nowMs(), sequenceOf: () => sequence, sha256: host.sha256 };
      for (const Item of outboxItems(messages, given)) {
        memory.send({ operation: "PutItem", input: { TableName: TABLE, Item } });
        const read = readOutboxItem(Item);
        if (read.kind !== "messages") throw new Error("an item of our own is readable");
        const { pk, sk } = read.item;
        for (const { id, target, body } of read.item.messages) {
          committed.push({ id, target, group: isGroup(pk) ? pk : undefined, body });
        }
        pending.push({
          eventName: "INSERT",
          eventSource: "aws:dynamodb",
          eventSourceARN: "arn:aws:dynamodb:eu-west-1:1:table/Outbox/stream/1",
          dynamodb: {
            Keys: { pk: { S: pk }, sk: { S: sk } },
            NewImage: JSON.parse(JSON.stringify(Item)) as StreamImage,
            SequenceNumber: String(1000 + pending.length + commits * 1000),
          },
        });
      }
    },
    relay() {
      const life = { over: false };
      return createRelay({
        table: TABLE,
        deadLetterQueueUrl: DLQ,
        relay: "relay",
        host,
        print: (line) => lines.push(line),
        send: async (request, { signal }) => {
          requests.push(request);
          return exchange(world, life, signal, (fault) => {
            if (request.operation === "BatchWriteItem") {
              return removeSome(request, fault === "partly", (some) => memory.send(some));
            }
            return memory.send(request);
          }) as never;
        },
        targetSend: (request, { signal }) =>
          world.silent(messagesOf(request)[0]?.target)
            ? never(signal)
            : exchange(world, life, signal, (fault) => accept(request, fault === "partly")),
      });
    },
    records() {
      const records = pending;
      pending = [];
      return records;
    },
    items: () => memory.items(TABLE).length,
  };

  function removeSome(
    request: Extract<DynamoDbRequest, { operation: "BatchWriteItem" }>,
    partly: boolean,
    apply: (some: DynamoDbRequest) => unknown,
  ): unknown {
    const entries = request.input.RequestItems[TABLE] ?? [];
    const done = partly ? entries.slice(1) : entries;
    for (const { DeleteRequest } of done) {
      const Item = memory.send({ operation: "GetItem", input: { TableName: TABLE, Key: DeleteRequest.Key } }).Item;
      const read = Item && readOutboxItem(Item);
      if (read?.kind !== "messages") continue;
      for (const { id } of read.item.messages) {
        if (!taken.some((one) => one.id === id)) complaints.push(`removed, but not sent: ${id}`); // RI1
      }
    }
    if (done.length > 0) apply({ operation: "BatchWriteItem", input: { RequestItems: { [TABLE]: done } } });
    return { UnprocessedItems: partly ? { [TABLE]: entries.slice(0, 1) } : {} };
  }

  function failsNow({ body }: Taken): boolean {
    if (world.failing === undefined || world.failing.times <= 0 || !body.includes(world.failing.body)) return false;
    world.failing.times--;
    return true;
  }

  function accept(request: TargetRequest, partly: boolean): TargetAnswer {
    calls.push(request);
    const messages = messagesOf(request);
    complaints.push(...complaintsAbout(messages));
    const Successful: { Id: string; MessageId: string }[] = [];
    const Failed: { Id: string; Code: string; Message: string; SenderFault: boolean }[] = [];
    const Entries: { EventId?: string; ErrorCode?: string; ErrorMessage?: string }[] = [];
    for (const [index, message] of messages.entries()) {
      const Id = String(index);
      const refused = message.body.includes(POISON) && message.target !== DLQ;
      if (refused || world.deny || (partly && index % 2 === 0) || failsNow(message)) {
        const Code = refused ? "InvalidMessageContents" : "InternalFailure";
        Failed.push({ Id, Code, Message: "no", SenderFault: refused });
        Entries.push({ ErrorCode: refused ? "InvalidArgument" : "InternalFailure", ErrorMessage: "no" });
      } else {
        taken.push(message);
        Successful.push({ Id, MessageId: `m${taken.length}` });
        Entries.push({ EventId: `e${taken.length}` });
      }
    }
    return request.operation === "PutEvents" ? { Entries } : { Successful, Failed };
  }
  return world;
}

/** Applies a request, or does to it what happens to requests. */
async function exchange<T>(
  world: World,
  life: { over: boolean },
  signal: AbortSignal | undefined,
  apply: (fault: Fault) => T,
): Promise<T> {
  if (life.over) return never(undefined);
  signal?.throwIfAborted();
  await new Promise<void>((resolve) => world.host.after(3, resolve));
  if (life.over) return never(undefined);
  const fault = world.faults.shift() ?? "none";
  switch (fault) {
    case "never-arrives":
      throw new Error("read ECONNRESET");
    case "answer-lost":
      apply(fault);
      throw new Error("read ECONNRESET");
    case "hangs":
      return never(signal);
    case "dies":
      life.over = true;
      return never(undefined);
    default:
      return apply(fault);
  }
}

function never(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) =>
    signal?.addEventListener("abort", () => reject(new Error("aborted")), { once: true }),
  );
}

export function messagesOf(request: TargetRequest): Taken[] {
  switch (request.operation) {
    case "SendMessageBatch":
      return request.input.Entries.map((entry) => ({
        target: request.input.QueueUrl,
        id: keyOf(entry.MessageAttributes),
        body: entry.MessageBody,
        groupId: entry.MessageGroupId,
        dedupId: entry.MessageDeduplicationId,
        attributes: entry.MessageAttributes ?? {},
      }));
    case "PublishBatch":
      return request.input.PublishBatchRequestEntries.map((entry) => ({
        target: request.input.TopicArn,
        id: keyOf(entry.MessageAttributes),
        body: entry.Message,
        groupId: entry.MessageGroupId,
        dedupId: entry.MessageDeduplicationId,
        attributes: entry.MessageAttributes ?? {},
      }));
    case "PutEvents":
      return request.input.Entries.map((entry) => {
        const { "semel-idempotency-key": id, ...body } = JSON.parse(entry.Detail) as Record<string, string>;
        const base = { groupId: undefined, dedupId: undefined, attributes: {} };
        return { ...base, target: entry.EventBusName, id: id ?? "", body: JSON.stringify(body) };
      });
  }
}

function keyOf(attributes: Record<string, { StringValue?: string }> = {}): string {
  return attributes["semel-idempotency-key"]?.StringValue ?? "";
}

function complaintsAbout(messages: readonly Taken[]): string[] {
  const groups = messages.flatMap(({ target, groupId }) => (target.endsWith(".fifo") ? [groupId] : []));
  return [
    ...(messages.length > 10 || messages.length === 0 ? [`a call of ${messages.length} messages`] : []),
    ...(new Set(groups).size < groups.length ? ["a call with two messages of one group"] : []),
    ...(new Set(messages.map(({ target }) => target)).size > 1 ? ["a call to two targets"] : []),
    ...messages.flatMap(({ id, target, dedupId }) =>
      id === "" || (target.endsWith(".fifo") && dedupId !== id) ? [`a message without its id: ${id}`] : [],
    ),
  ];
}

/** What a world in which everything has ended must not show. */
export function complaintsAtEnd({ committed, taken, complaints, items }: World): string[] {
  const found = [...complaints];
  const at = (id: string, target?: string): number =>
    taken.findIndex((one) => one.id === id && (target === undefined || one.target === target));
  for (const { id, target, body } of committed) {
    const place = body.includes(POISON) ? DLQ : target;
    if (at(id, place) < 0) found.push(`never sent to ${place}: ${id}`);
    const bodies = new Set(taken.filter((one) => one.id === id).map((one) => one.body));
    if (bodies.size > 1) found.push(`sent with ${bodies.size} bodies: ${id}`);
  }
  for (const [group, own] of Map.groupBy(committed, (one) => one.group)) {
    const firsts = own.map(({ id }) => at(id)).filter((place) => place >= 0);
    const inOrder = firsts.every((place, index) => index === 0 || place > (firsts[index - 1] ?? 0));
    if (group !== undefined && !inOrder) found.push(`out of order: ${firsts.join()}`);
  }
  if (items() > 0) found.push(`${items()} items are left`);
  return found;
}
