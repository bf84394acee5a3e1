// An in-memory DynamoDB behind the one `send` seam, and the oracle that the real engine is compared with. Synchronous,
// atomic, deterministic; no SDK, no clock, no randomness. Where the documentation is silent it follows what others measured
// against AWS (named at the line); what it leaves out: streams, capacity, throttling, conflicts.
//
//   M4. A request token that succeeded is answered again with success and no effect; with other parameters it is an error.
//       A cancelled attempt is not remembered. https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
//   M5. Nothing that came in or goes out shares memory with the store.

import { CLIENT_REQUEST_TOKEN_CHARACTERS_MAX, type Item } from "../../aws/dynamodb.ts";
import { BATCH_GET_ITEMS_MAX, BATCH_WRITE_ITEMS_MAX } from "../../aws/limits.ts";
import type {
  AnswerOf,
  BatchGetItemInput,
  BatchGetItemOutput,
  BatchWriteItemInput,
  BatchWriteItemOutput,
  DescribeTableOutput,
  DynamoDbAnswer,
  DynamoDbRequest,
  GetItemInput,
  GetItemOutput,
  TransactWriteItemsInput,
} from "../send.ts";
import { batchExecute } from "./batch-statements.ts";
import { dynamoDbError, tableNotFoundError, validationError } from "./errors.ts";
import { project } from "./evaluate.ts";
import { keyFault, refuseEmptyKeys } from "./keys.ts";
import { parseProjection } from "./parse-update.ts";
import { placeholders } from "./placeholders.ts";
import { query } from "./query.ts";
import { requestText } from "./request-text.ts";
import { updateOne, writeOne } from "./single-write.ts";
import { emptyTable, indexKeys, keyAttributes, keyTextOf, type MemoryTable, type Table } from "./table.ts";
import { transactWrite } from "./transact.ts";
import { canonicalItem, copyItem } from "./values.ts";

export type { MemoryTable } from "./table.ts";

export interface MemoryDynamoDb {
  /** Answers one request: one call is one step. Throws what the SDK would throw. */
  send<R extends DynamoDbRequest>(request: R): AnswerOf<R>;
  /** Copies of a table's items, by partition key, then sort key. */
  items(tableName: string): Item[];
  /** An independent store with the same state; cheap, items are shared and never changed. */
  clone(): MemoryDynamoDb;
  /** Canonical text of the whole state, remembered tokens included: equal exactly if the states are. */
  fingerprint(): string;
  /** The 10 minutes of every remembered request token are over. */
  forgetTokens(): void;
}

export function memoryDynamoDb(tables: Record<string, MemoryTable>): MemoryDynamoDb {
  const empty = Object.entries(tables).map(
    ([name, schema]) => [name, emptyTable(keyAttributes(schema), indexKeys(schema))] as const,
  );
  return storeOf(new Map(empty), new Map());
}

function storeOf(tables: Map<string, Table>, tokens: Map<string, string>): MemoryDynamoDb {
  const answer = (request: DynamoDbRequest): DynamoDbAnswer => {
    switch (request.operation) {
      case "TransactWriteItems":
        return transactOnce(tables, tokens, request.input);
      case "PutItem":
        return written(() => writeOne(tables, { Put: request.input }));
      case "UpdateItem":
        return updateOne(tables, request.input);
      case "GetItem":
        return getItem(findTable(tables, request.input.TableName), request.input);
      case "BatchGetItem":
        return batchGetItem(tables, request.input);
      case "Query":
        return query(findTable(tables, request.input.TableName), request.input);
      case "BatchWriteItem":
        return batchDelete(tables, request.input);
      case "BatchExecuteStatement":
        return batchExecute(tables, request.input);
      case "DescribeTable":
        return describe(findTable(tables, request.input.TableName));
    }
  };
  return {
    send: <R extends DynamoDbRequest>(request: R): AnswerOf<R> => answer(request) as AnswerOf<R>,
    items: (tableName) => findTable(tables, tableName).sorted().map(copyItem),
    clone() {
      const copies = [...tables].map(([name, table]) => [name, table.clone()] as const);
      return storeOf(new Map(copies), new Map(tokens));
    },
    fingerprint() {
      const tableTexts = [...tables].map(([name, table]) => `table ${name}\n${table.fingerprint()}`);
      const tokenTexts = [...tokens].map(([token, parameters]) => `token ${JSON.stringify(token)} ${parameters}`);
      return [...tableTexts.sort(), ...tokenTexts.sort()].join("\n");
    },
    forgetTokens: () => tokens.clear(),
  };
}

/** M4 */
function transactOnce(
  tables: ReadonlyMap<string, Table>,
  tokens: Map<string, string>,
  input: TransactWriteItemsInput,
): Record<never, never> {
  const token = input.ClientRequestToken;
  if (token === undefined) {
    transactWrite(tables, input.TransactItems);
    return {};
  }
  checkToken(token);
  const parameters = requestText(input.TransactItems);
  const remembered = tokens.get(token);
  if (remembered === parameters) return {};
  if (remembered !== undefined) {
    throw dynamoDbError(
      "IdempotentParameterMismatchException",
      "Client token used with different parameters than in the original request",
    );
  }
  transactWrite(tables, input.TransactItems);
  tokens.set(token, parameters);
  return {};
}

function checkToken(token: string): void {
  if (token.length > 0 && token.length <= CLIENT_REQUEST_TOKEN_CHARACTERS_MAX) return;
  const bound =
    token === "" ? "greater than or equal to 1" : `less than or equal to ${CLIENT_REQUEST_TOKEN_CHARACTERS_MAX}`;
  throw validationError(
    `1 validation error detected: Value at 'ClientRequestToken' failed to satisfy constraint: Member must have length ${bound}`,
  );
}

function getItem(table: Table, input: GetItemInput): GetItemOutput {
  const given = placeholders(input);
  const paths =
    input.ProjectionExpression === undefined ? undefined : parseProjection(input.ProjectionExpression, given);
  given.checkAllUsed();
  const key = canonicalItem(input.Key);
  refuseEmptyKeys(table.keys, key);
  const fault = keyFault(table.keys, key);
  if (fault !== undefined) throw validationError(fault);
  const item = table.get(keyTextOf(table.keys, key));
  if (item === undefined) return {};
  return { Item: copyItem(paths === undefined ? item : project(item, paths)) };
}

/** Everything at once, whatever its size: what stays unprocessed is up to whoever stands before. */
function batchGetItem(tables: ReadonlyMap<string, Table>, { RequestItems }: BatchGetItemInput): BatchGetItemOutput {
  const Responses: Record<string, Item[]> = {};
  let keys = 0;
  for (const [name, { Keys, ...rest }] of Object.entries(RequestItems)) {
    const table = findTable(tables, name);
    keys += Keys.length;
    const items = Keys.map((Key) => getItem(table, { TableName: name, Key, ...rest }).Item);
    if (new Set(Keys.map((key) => keyTextOf(table.keys, canonicalItem(key)))).size < Keys.length) {
      throw validationError("Provided list of item keys contains duplicates");
    }
    Responses[name] = items.filter((item) => item !== undefined);
  }
  if (keys === 0 || keys > BATCH_GET_ITEMS_MAX) {
    throw validationError(`BatchGetItem takes 1 to ${BATCH_GET_ITEMS_MAX} keys, not ${keys}`);
  }
  return { Responses, UnprocessedKeys: {} };
}

/** Everything at once, as above. */
function batchDelete(tables: ReadonlyMap<string, Table>, { RequestItems }: BatchWriteItemInput): BatchWriteItemOutput {
  const keys = Object.entries(RequestItems).flatMap(([TableName, entries]) =>
    entries.map(({ DeleteRequest: { Key } }) => ({ TableName, Key })),
  );
  if (keys.length === 0 || keys.length > BATCH_WRITE_ITEMS_MAX) {
    throw validationError(`BatchWriteItem takes 1 to ${BATCH_WRITE_ITEMS_MAX} writes, not ${keys.length}`);
  }
  const texts = keys.map(({ TableName, Key }) => `${TableName} ${keyTextOf(findTable(tables, TableName).keys, Key)}`);
  if (new Set(texts).size < texts.length) throw validationError("Provided list of item keys contains duplicates");
  for (const key of keys) writeOne(tables, { Delete: key });
  return { UnprocessedItems: {} };
}

function written(write: () => void): Record<never, never> {
  write();
  return {};
}

function describe(table: Table): DescribeTableOutput {
  return { Table: { KeySchema: table.keys.map(({ name, role }) => ({ AttributeName: name, KeyType: role })) } };
}

function findTable(tables: ReadonlyMap<string, Table>, name: string): Table {
  const table = tables.get(name);
  if (table === undefined) throw tableNotFoundError();
  return table;
}
