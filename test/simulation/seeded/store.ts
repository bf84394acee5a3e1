// The memory store, watched: every write is judged in the moment in which it takes effect. A read that does not ask for
// consistency gets each item as it was before its last write, and a transaction that was cancelled is remembered by its token,
// which AWS does not rule out.

import type { Item } from "../../../lib/aws/dynamodb.ts";
import { type MemoryDynamoDb, memoryDynamoDb } from "../../../lib/store/memory/memory-dynamodb.ts";
import { parseStatement } from "../../../lib/store/memory/parse-statement.ts";
import type { AnswerOf, DynamoDbRequest } from "../../../lib/store/send.ts";
import type { Habits } from "./habits.ts";
import { EFFECTS, JOURNAL, OUTBOX, RECORDS } from "./messages.ts";

/** An item before and after a write. */
export interface Change {
  readonly table: string;
  readonly id: string;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
}

export interface WatchedStore {
  readonly memory: MemoryDynamoDb;
  /** `writer` is told with every change. */
  apply<R extends DynamoDbRequest>(request: R, writer: number): AnswerOf<R>;
  item(table: string, id: string): Item | undefined;
  /** From now on a request with its token gets this answer. */
  cancel(request: DynamoDbRequest, error: Error): void;
}

const KEY_NAMES: Readonly<Record<string, string>> = { [RECORDS]: "pk", [EFFECTS]: "id", [JOURNAL]: "id" };

export function createStore(
  onWrite: (changes: readonly Change[], writer: number) => void,
  { keepsCancelled }: Pick<Habits, "keepsCancelled">,
): WatchedStore {
  const memory = memoryDynamoDb({
    [RECORDS]: { partitionKey: "pk" },
    [EFFECTS]: { partitionKey: "id" },
    [JOURNAL]: { partitionKey: "id" },
    [OUTBOX]: { partitionKey: "pk", sortKey: "sk" },
  });
  const before = new Map<string, Item | undefined>();
  const cancelled = new Map<string, unknown>();
  const item = (TableName: string, id: string): Item | undefined =>
    memory.send({ operation: "GetItem", input: { TableName, Key: { [KEY_NAMES[TableName] ?? "id"]: { S: id } } } })
      .Item;
  return {
    memory,
    item,
    cancel(request, error) {
      const token = request.operation === "TransactWriteItems" ? request.input.ClientRequestToken : undefined;
      if (token !== undefined && keepsCancelled) cancelled.set(token, error);
    },
    apply(request, writer) {
      const touched = touchedBy(request).map(({ table, id }) => ({ table, id, before: item(table, id) }));
      const token = request.operation === "TransactWriteItems" ? request.input.ClientRequestToken : undefined;
      if (token !== undefined && cancelled.has(token)) throw cancelled.get(token);
      try {
        return stale(request, before) ?? memory.send(request);
      } catch (error) {
        if (token !== undefined && keepsCancelled) cancelled.set(token, error);
        throw error;
      } finally {
        const after = touched.map((one) => ({ ...one, after: item(one.table, one.id) }));
        const changes = after.filter((one) => JSON.stringify(one.before) !== JSON.stringify(one.after));
        for (const change of changes) before.set(nameOf(change.table, change.id), change.before);
        if (changes.length > 0) onWrite(changes, writer);
      }
    },
  };
}

function nameOf(table: string, id: string): string {
  return `${table} ${id}`;
}

/** The answer to a read that is not strong; undefined: it is, or nothing was written since. */
function stale<R extends DynamoDbRequest>(
  request: R,
  before: ReadonlyMap<string, Item | undefined>,
): AnswerOf<R> | undefined {
  if (request.operation === "GetItem" && !request.input.ConsistentRead) {
    const [one] = touched(request.input.TableName, request.input.Key);
    const name = one && nameOf(one.table, one.id);
    return name !== undefined && before.has(name) ? ({ Item: before.get(name) } as AnswerOf<R>) : undefined;
  }
  if (request.operation !== "BatchGetItem") return undefined;
  const [[table, asked] = []] = Object.entries(request.input.RequestItems);
  if (table === undefined || asked === undefined || asked.ConsistentRead) return undefined;
  const items: Item[] = [];
  for (const { id } of asked.Keys.flatMap((key) => touched(table, key))) {
    const one = before.get(nameOf(table, id));
    if (one) items.push(one);
  }
  return { Responses: { [table]: items } } as AnswerOf<R>;
}

interface Touched {
  readonly table: string;
  readonly id: string;
}

function touchedBy(request: DynamoDbRequest): Touched[] {
  switch (request.operation) {
    case "TransactWriteItems":
      return request.input.TransactItems.flatMap(({ Put, Update, Delete }) => {
        if (Put) return touched(Put.TableName, Put.Item);
        const { TableName, Key } = Update ?? Delete ?? {};
        return TableName === undefined || Key === undefined ? [] : touched(TableName, Key);
      });
    case "PutItem":
      return touched(request.input.TableName, request.input.Item);
    case "UpdateItem":
      return touched(request.input.TableName, request.input.Key);
    case "BatchExecuteStatement":
      return request.input.Statements.flatMap((text) => {
        const statement = parseStatement(text);
        if (statement.kind === "INSERT") return touched(statement.tableName, statement.item);
        const { tableName, where } = statement;
        return touched(tableName, Object.fromEntries(where.map(({ path, value }) => [path.join("."), value])));
      });
    default:
      return [];
  }
}

/** What is sent is judged as a whole: see outbox-checks.ts. */
function touched(table: string, item: Item): Touched[] {
  const id = item[KEY_NAMES[table] ?? ""]?.S;
  return id === undefined ? [] : [{ table, id }];
}
