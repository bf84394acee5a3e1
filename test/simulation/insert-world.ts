// The small world of strategy insert: workers over one memory store, an append-only table, and what must hold at any time.

import type { LambdaContext } from "../../lib/aws/lambda.ts";
import { systemHost } from "../../lib/host.ts";
import { PermanentError } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { recordKey } from "../../lib/protocol/key.ts";
import { type MemoryDynamoDb, memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import { itemText } from "../../lib/store/memory/values.ts";
import type { AnswerOf, DynamoDbRequest } from "../../lib/store/send.ts";
import { named } from "../support/faulty-send.ts";
import { DLQ_URL, memoryQueue } from "../support/memory-queue.ts";
import { virtualHost } from "../support/virtual-host.ts";
import { complaintsOf, rejectedIn } from "./checks.ts";
import { createWorker, eventOf, type Invocation, succeeded, type Trouble, type World } from "./world.ts";

/** What only a batch of statements can come to; other requests know no trouble then. */
export type StatementTrouble = "half-applied" | "one-throttled" | "one-conflicts";
export const STATEMENT_TROUBLES: readonly StatementTrouble[] = ["half-applied", "one-throttled", "one-conflicts"];

const TIMEOUT_MS = 4_000;
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** Troubles meet the requests in order; then there are none. */
export function createInsertWorld(troubles: readonly (Trouble | StatementTrouble)[], random: () => number): World {
  const host = virtualHost(random);
  const left = [...troubles];
  const acknowledged = new Set<string>();
  const keys = new Map<string, string>();
  const received = new Map<string, number>();
  const complaints: string[] = [];
  const pending: StatementTrouble[] = [];
  const memory = watched(complaints, pending);
  const queue = memoryQueue((request) => {
    if (request.operation === "SendMessage") complaints.push(...complaintsOf(memory, request.input.MessageBody));
    return "none";
  });

  function nextTrouble(): Trouble {
    const trouble = left.shift() ?? "none";
    const ofStatements = STATEMENT_TROUBLES.find((one) => one === trouble);
    if (ofStatements === undefined) return trouble as Trouble;
    pending.push(ofStatements);
    return "none";
  }

  async function invoke({ messages, handlerMs, rejects, startMs = 0 }: Invocation): Promise<void> {
    if (startMs > 0) await new Promise<void>((resolve) => host.after(startMs, resolve));
    for (const { messageId, key } of messages) {
      keys.set(messageId, key);
      received.set(messageId, (received.get(messageId) ?? 0) + 1);
    }
    const worker = createWorker({ memory, queue, host, next: nextTrouble });
    const journal = createExactlyOnce(
      {
        consumer: "orders",
        table: "Records",
        retentionDays: 40,
        key: "key",
        strategy: "insert",
        insert: { appendOnlyTable: "Journal", primaryKey: "id" },
        logger: silent,
        deadLetterQueueUrl: DLQ_URL,
      },
      { host, send: worker.send, sqsSend: worker.sqsSend, environment: {} },
    );
    const handler = journal.lambda(async (message, tx) => {
      if (handlerMs > 0) await new Promise<void>((resolve) => host.after(handlerMs, resolve));
      if (rejects?.has(message.messageId)) throw new PermanentError("for good");
      tx.insert({ TableName: "Journal", Item: { by: message.messageId } });
    });
    const endMs = host.nowMs() + TIMEOUT_MS;
    const context: LambdaContext = { awsRequestId: "r", getRemainingTimeInMillis: () => endMs - host.nowMs() };
    const response = await Promise.race([handler(eventOf(messages, received), context), worker.died]);
    if (response === undefined) return; // nothing of the batch is deleted
    for (const messageId of succeeded(messages, response)) acknowledged.add(messageId);
  }

  return {
    memory,
    host,
    acknowledged,
    async elapse(ms) {
      host.after(ms, () => {});
      await host.drain();
    },
    async deliver(invocations) {
      await host.run(Promise.all(invocations.map(invoke)));
    },
    /** I2: acknowledged only if inserted, or rejected and in the dead-letter queue. I1 is watched at every request. */
    check() {
      if (complaints.length > 0) throw new Error(complaints.join("\n"));
      const inserted = new Set(memory.items("Journal").map(({ id }) => id?.S));
      const rejected = rejectedIn(queue);
      for (const messageId of acknowledged) {
        if (inserted.has(keys.get(messageId)) || rejected.has(messageId)) continue;
        throw new Error(`I2: ${messageId} was acknowledged, but neither inserted nor rejected`);
      }
      const unknown = [...inserted].filter((id) => ![...keys.values()].includes(id ?? ""));
      if (unknown.length > 0) throw new Error(`I1: nobody asked for ${unknown.join(", ")}`);
    },
  };
}

/**
 * I1: no request ever changes or removes an item that is there. IC4: when a rejection is committed, its item is not there.
 */
function watched(complaints: string[], pending: StatementTrouble[]): MemoryDynamoDb {
  const memory = memoryDynamoDb({ Records: { partitionKey: "pk" }, Journal: { partitionKey: "id" } });
  const texts = (table: string, key: string): Map<string, string> =>
    new Map(memory.items(table).map((item) => [item[key]?.S ?? "", itemText(item)]));
  return {
    ...memory,
    send<R extends DynamoDbRequest>(request: R): AnswerOf<R> {
      const [before, recorded] = [texts("Journal", "id"), texts("Records", "pk")];
      try {
        return apply(memory, request, pending);
      } finally {
        const [after, records] = [texts("Journal", "id"), texts("Records", "pk")];
        for (const [id, text] of before) if (after.get(id) !== text) complaints.push(`I1: the item ${id} was changed`);
        for (const id of after.keys()) {
          const pk = recordKey("orders", JSON.stringify(id), systemHost.sha256);
          if (records.get(pk) !== recorded.get(pk)) complaints.push(`IC4: ${id} is inserted, and then rejected`);
        }
      }
    },
  };
}

function apply<R extends DynamoDbRequest>(
  memory: MemoryDynamoDb,
  request: R,
  pending: StatementTrouble[],
): AnswerOf<R> {
  const trouble = request.operation === "BatchExecuteStatement" ? pending.shift() : undefined;
  if (trouble === undefined || request.operation !== "BatchExecuteStatement") return memory.send(request);
  const { Statements } = request.input;
  const some = (first: number, last: number) =>
    memory.send({ operation: "BatchExecuteStatement", input: { Statements: Statements.slice(first, last) } });
  if (trouble === "half-applied") {
    some(0, Math.ceil(Statements.length / 2));
    throw named("Error", "read ECONNRESET");
  }
  const Code = trouble === "one-throttled" ? "ThrottlingError" : "TransactionConflict";
  const { Responses = [] } = Statements.length > 1 ? some(1, Statements.length) : {};
  return { Responses: [{ Error: { Code, Message: "" } }, ...Responses] } as AnswerOf<R>;
}
