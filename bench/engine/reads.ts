// The reads of the benchmark's engine. They take no locks and meet none: DynamoDB's single reads do not either.

import type { Item } from "../../lib/aws/dynamodb.ts";
import { tableNotFoundError, validationError } from "../../lib/store/memory/errors.ts";
import { project } from "../../lib/store/memory/evaluate.ts";
import { keyFault, refuseEmptyKeys } from "../../lib/store/memory/keys.ts";
import { parseProjection } from "../../lib/store/memory/parse-update.ts";
import { placeholders } from "../../lib/store/memory/placeholders.ts";
import { keyTextOf, type Table } from "../../lib/store/memory/table.ts";
import { canonicalItem } from "../../lib/store/memory/values.ts";
import { readUnits } from "./capacity.ts";
import type { Counters } from "./counters.ts";
import type { Begun } from "./fake-dynamodb.ts";

export type Tables = ReadonlyMap<string, Table>;

export interface ReadInput {
  readonly TableName: string;
  readonly ConsistentRead?: boolean;
  readonly ProjectionExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
}

const KEYS_MAX = 100;

export function getItem(tables: Tables, input: ReadInput & { readonly Key: Item }, counters: Counters): object {
  const item = read(tables, input, input.Key, counters);
  return item === undefined ? {} : { Item: item };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
export function batchGetItem(tables: Tables, input: unknown, counters: Counters): Begun {
  type OfTable = Omit<ReadInput, "TableName"> & { readonly Keys: readonly Item[] };
  const requests = Object.entries((input as { RequestItems: Record<string, OfTable> }).RequestItems);
  const keys = requests.reduce((total, [, { Keys }]) => total + Keys.length, 0);
  if (keys === 0 || keys > KEYS_MAX) throw validationError(`${keys} keys are read, 1 to ${KEYS_MAX} are allowed`);
  return {
    actions: keys,
    finish() {
      const Responses = requests.map(([TableName, { Keys, ...rest }]) => {
        const wanted = new Set(Keys.map((key) => keyTextOf(tableOf(tables, TableName).keys, canonicalItem(key))));
        if (wanted.size < Keys.length) throw validationError("Provided list of item keys contains duplicates");
        const found = Keys.map((key) => read(tables, { TableName, ...rest }, key, counters));
        return [TableName, found.filter((item) => item !== undefined)];
      });
      return { Responses: Object.fromEntries(Responses), UnprocessedKeys: {} };
    },
  };
}

export function describeTable(tables: Tables, { TableName }: { readonly TableName: string }): object {
  const { keys } = tableOf(tables, TableName);
  const KeySchema = keys.map(({ name, role }) => ({ AttributeName: name, KeyType: role }));
  const AttributeDefinitions = keys.map(({ name, type }) => ({ AttributeName: name, AttributeType: type }));
  return { Table: { TableName, TableStatus: "ACTIVE", KeySchema, AttributeDefinitions } };
}

function read(tables: Tables, input: ReadInput, givenKey: Item, counters: Counters): Item | undefined {
  const { keys, get } = tableOf(tables, input.TableName);
  const given = placeholders({ ExpressionAttributeNames: input.ExpressionAttributeNames });
  const { ProjectionExpression: projection } = input;
  const paths = projection === undefined ? undefined : parseProjection(projection, given);
  given.checkAllUsed();
  const key = canonicalItem(givenKey);
  refuseEmptyKeys(keys, key);
  const fault = keyFault(keys, key);
  if (fault !== undefined) throw validationError(fault);
  const item = get(keyTextOf(keys, key));
  counters.readUnits += readUnits(item, input.ConsistentRead === true);
  return item === undefined || paths === undefined ? item : project(item, paths);
}

function tableOf(tables: Tables, name: string): Table {
  const table = tables.get(name);
  if (table === undefined) throw tableNotFoundError();
  return table;
}
