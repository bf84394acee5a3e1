// Reads PartiQL statements whose values are all parameters, as far as the runtime writes them, into actions like those of a
// transaction: INSERT of an item, UPDATE of whole attributes under equalities.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.statements.html

import type { AttributeValue, Item, TransactWriteItem } from "../../aws/dynamodb.ts";
import { STATEMENT_CHARACTERS_MAX } from "../../aws/limits.ts";
import type { BatchStatementRequest } from "../send.ts";
import { validationError } from "./errors.ts";
import type { KeyAttribute } from "./table.ts";

export type Statement =
  | { readonly kind: "INSERT"; readonly tableName: string; readonly item: Item }
  | {
      readonly kind: "UPDATE";
      readonly tableName: string;
      readonly set: readonly Equality[];
      readonly where: readonly Equality[];
    };

/** A path and the value that it gets, or is to have. */
interface Equality {
  readonly path: readonly string[];
  readonly value: AttributeValue;
}

const INSERT = /^INSERT INTO "([^"]+)" VALUE \{(.*)\}$/s;
/** `'name':?`, a quote in the name written twice. */
const MEMBER = /'((?:[^']|'')+)':\?(?:,|$)/gy;
const UPDATE = /^UPDATE "([^"]+)" SET ((?:"[^"]+"|[^"])+) WHERE (.+)$/s;
/** `"name" = ?` */
const ASSIGNMENT = /("[^"]+") = \?(?:, |$)/gy;
/** `"name"."name" = ?` */
const TERM = /("[^"]+"(?:\."[^"]+")*) = \?(?: AND |$)/gy;

/** Throws a ValidationException for what is no such statement. */
export function parseStatement({ Statement: text, Parameters }: BatchStatementRequest): Statement {
  if (text.length > STATEMENT_CHARACTERS_MAX) throw malformed();
  const [, insertInto, members] = INSERT.exec(text) ?? [];
  if (insertInto !== undefined && members !== undefined) {
    const names = matches(MEMBER, members).map((name) => name.replaceAll("''", "'"));
    const item = names.map((name, index) => [name, parameter(Parameters, index)] as const);
    return { kind: "INSERT", tableName: insertInto, item: Object.fromEntries(item) };
  }
  const [, tableName, assignments, terms] = UPDATE.exec(text) ?? [];
  if (tableName === undefined || assignments === undefined || terms === undefined) throw malformed();
  let read = 0;
  const equalities = (texts: readonly string[]): Equality[] =>
    texts.map((one) => ({ path: one.slice(1, -1).split('"."'), value: parameter(Parameters, read++) }));
  const set = equalities(matches(ASSIGNMENT, assignments));
  return { kind: "UPDATE", tableName, set, where: equalities(matches(TERM, terms)) };
}

/** The first group of each match; they make up the whole text. */
function matches(pattern: RegExp, text: string): string[] {
  const found = [...text.matchAll(pattern)];
  const read = found.reduce((length, [whole]) => length + whole.length, 0);
  if (read !== text.length || text.endsWith(",")) throw malformed();
  return found.map(([, group = ""]) => group);
}

function parameter(Parameters: readonly AttributeValue[], index: number): AttributeValue {
  const value = Parameters[index];
  if (value === undefined)
    throw validationError(`Parameter index ${index} out of range (have ${Parameters.length} parameters)`);
  return value;
}

/** M7 of batch-statements.ts: the action refuses an item that is there, or one that is not. */
export function entryOf(statement: Statement, keys: readonly KeyAttribute[]): TransactWriteItem {
  const { tableName } = statement;
  const ExpressionAttributeNames = { "#key": keys[0]?.name ?? "" };
  if (statement.kind === "INSERT") {
    const absent = { ConditionExpression: "attribute_not_exists(#key)", ExpressionAttributeNames };
    return { Put: { TableName: tableName, Item: statement.item, ...absent } };
  }
  const { set, where } = statement;
  const isKey = ({ path }: Equality): boolean => path.length === 1 && keys.some(({ name }) => name === path[0]);
  const Key = Object.fromEntries(where.filter(isKey).map(({ path, value }) => [path[0], value]));
  if (Object.keys(Key).length < keys.length)
    throw validationError("Where clause does not contain a mandatory equality on all key attributes");
  const names = new Map(Object.entries(ExpressionAttributeNames));
  const values = new Map<string, AttributeValue>();
  const equality = ({ path, value }: Equality): string => {
    const placeholders = path.map((name) => {
      names.set(`#n${names.size}`, name);
      return `#n${names.size - 1}`;
    });
    values.set(`:v${values.size}`, value);
    return `${placeholders.join(".")} = :v${values.size - 1}`;
  };
  const UpdateExpression = `SET ${set.map(equality).join(", ")}`;
  const terms = where.filter((one) => !isKey(one)).map(equality);
  const Update = {
    TableName: tableName,
    Key,
    UpdateExpression,
    ConditionExpression: ["attribute_exists(#key)", ...terms].join(" AND "),
    ExpressionAttributeNames: Object.fromEntries(names),
    ExpressionAttributeValues: Object.fromEntries(values),
  };
  return { Update };
}

function malformed(): Error {
  return validationError("Statement wasn't well formed, can't be processed");
}
