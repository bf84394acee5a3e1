// Parsers of UpdateExpression and ProjectionExpression.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html

import type { AttributeType, AttributeValue } from "../../aws/dynamodb.ts";
import { type Path, pathText, type SetValue, type UpdateClause } from "./expressions.ts";
import { checkOverlaps, commaSeparated, type Parser, parser } from "./parser.ts";
import type { Placeholders } from "./placeholders.ts";
import { typeOf } from "./values.ts";

const SECTIONS = ["SET", "REMOVE", "ADD", "DELETE"] as const;
type Section = (typeof SECTIONS)[number];

export function parseUpdate(expression: string, placeholders: Placeholders): UpdateClause[] {
  const cursor = parser("UpdateExpression", expression, placeholders);
  const seen = new Set<Section>();
  const clauses: UpdateClause[] = [];
  do {
    const section = SECTIONS.find((one) => cursor.accept(one));
    if (section === undefined) throw cursor.syntaxError();
    if (seen.has(section)) {
      throw cursor.fail(`The "${section}" section can only be used once in an update expression;`);
    }
    seen.add(section);
    clauses.push(...commaSeparated(cursor, () => parseClause(cursor, section)));
  } while (cursor.peek().kind !== "end");
  checkOverlaps(
    cursor,
    clauses.map((clause) => clause.path),
    pathText,
  );
  return clauses;
}

export function parseProjection(expression: string, placeholders: Placeholders): Path[] {
  const cursor = parser("ProjectionExpression", expression, placeholders);
  const paths = commaSeparated(cursor, () => cursor.path());
  cursor.end();
  checkOverlaps(cursor, paths, pathText);
  return paths;
}

function parseClause(cursor: Parser, section: Section): UpdateClause {
  const path = cursor.path();
  switch (section) {
    case "REMOVE":
      return { kind: "remove", path };
    case "SET":
      cursor.expect("=");
      return { kind: "set", path, value: parseSetValue(cursor) };
    case "ADD":
      return { kind: "add", path, value: operandOf(cursor, section, ["N", "SS", "NS", "BS"]) };
    case "DELETE":
      return { kind: "delete", path, value: operandOf(cursor, section, ["SS", "NS", "BS"]) };
  }
}

const TYPE_NAMES: Readonly<Record<AttributeType, string>> = {
  S: "STRING",
  N: "NUMBER",
  B: "BINARY",
  BOOL: "BOOLEAN",
  NULL: "NULL",
  M: "MAP",
  L: "LIST",
  SS: "STRING_SET",
  NS: "NUMBER_SET",
  BS: "BINARY_SET",
};

function operandOf(cursor: Parser, section: Section, allowed: readonly AttributeType[]): AttributeValue {
  const value = cursor.value();
  if (allowed.includes(typeOf(value))) return value;
  throw cursor.fail(
    `Incorrect operand type for operator or function; operator: ${section}, operand type: ${TYPE_NAMES[typeOf(value)]}`,
  );
}

function parseSetValue(cursor: Parser): SetValue {
  // AWS allows the whole right side in one pair of parentheses.
  if (cursor.at("(") && !["+", "-"].includes(cursor.afterGroup().text)) {
    cursor.expect("(");
    const value = parseSetValue(cursor);
    cursor.expect(")");
    return value;
  }
  const left = parseSetOperand(cursor);
  const kind = cursor.accept("+") ? "plus" : cursor.accept("-") ? "minus" : undefined;
  if (kind === undefined) return left;
  const right = parseSetOperand(cursor);
  for (const operand of [left, right]) checkLiteral(cursor, kind === "plus" ? "+" : "-", operand, "N");
  return { kind, left, right };
}

function parseSetOperand(cursor: Parser): SetValue {
  if (cursor.accept("(")) {
    const operand = parseSetOperand(cursor);
    cursor.expect(")");
    return operand;
  }
  const name = cursor.functionName();
  if (name !== undefined) return parseSetFunction(cursor, name);
  if (cursor.peek().kind === "value") return { kind: "value", value: cursor.value() };
  return { kind: "path", path: cursor.path() };
}

/** The name and opening parenthesis are already consumed. */
function parseSetFunction(cursor: Parser, name: string): SetValue {
  if (name !== "if_not_exists" && name !== "list_append") {
    throw cursor.fail(`Invalid function name; function: ${name}`);
  }
  const operands = commaSeparated(cursor, () => parseSetOperand(cursor));
  cursor.expect(")");
  const [left, right] = operands;
  if (left === undefined || right === undefined || operands.length !== 2) {
    throw cursor.fail(
      `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${operands.length}`,
    );
  }
  if (name === "list_append") {
    for (const operand of [left, right]) checkLiteral(cursor, name, operand, "L");
    return { kind: "list-append", left, right };
  }
  if (left.kind !== "path") {
    throw cursor.fail(`Operator or function requires a document path; operator or function: ${name}`);
  }
  return { kind: "if-not-exists", path: left.path, otherwise: right };
}

function checkLiteral(cursor: Parser, operator: string, operand: SetValue, type: AttributeType): void {
  if (operand.kind !== "value" || typeOf(operand.value) === type) return;
  throw cursor.fail(
    `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${typeOf(operand.value)}`,
  );
}
