// Parser of ConditionExpression.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html

import { ATTRIBUTE_TYPES, type AttributeType } from "../../aws/dynamodb.ts";
import { type Comparator, type Condition, type Operand, pathText } from "./expressions.ts";
import { commaSeparated, type Parser, parser } from "./parser.ts";
import type { Placeholders } from "./placeholders.ts";
import { compare, typeOf } from "./values.ts";

const COMPARATORS: readonly Comparator[] = ["=", "<>", "<", "<=", ">", ">="];
/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
const IN_OPERANDS_MAX = 100;
const OPERANDS_BY_FUNCTION: Readonly<Record<string, number>> = {
  attribute_exists: 1,
  attribute_not_exists: 1,
  attribute_type: 2,
  begins_with: 2,
  contains: 2,
  size: 1,
};

export function parseCondition(expression: string, placeholders: Placeholders): Condition {
  const cursor = parser("ConditionExpression", expression, placeholders);
  const condition = parseOr(cursor);
  cursor.end();
  return condition;
}

function parseOr(cursor: Parser): Condition {
  let left = parseAnd(cursor);
  while (cursor.accept("OR")) left = { kind: "or", left, right: parseAnd(cursor) };
  return left;
}

function parseAnd(cursor: Parser): Condition {
  let left = parseNot(cursor);
  while (cursor.accept("AND")) left = { kind: "and", left, right: parseNot(cursor) };
  return left;
}

function parseNot(cursor: Parser): Condition {
  if (cursor.accept("NOT")) return { kind: "not", condition: parseNot(cursor) };
  if (!cursor.at("(") || opensOperand(cursor)) return parsePredicate(cursor);
  openGroup(cursor);
  const condition = parseOr(cursor);
  cursor.expect(")");
  return condition;
}

/** A parenthesis groups an operand if a comparison follows it, else a condition. */
function opensOperand(cursor: Parser): boolean {
  const after = cursor.afterGroup();
  const text = after.text.toUpperCase();
  return COMPARATORS.some((comparator) => comparator === text) || text === "BETWEEN" || text === "IN";
}

function openGroup(cursor: Parser): void {
  if (cursor.redundantGroup()) throw cursor.fail("The expression has redundant parentheses;");
  cursor.expect("(");
}

function parsePredicate(cursor: Parser): Condition {
  const name = cursor.functionName();
  if (name !== undefined && name !== "size") return parseFunction(cursor, name);
  const left = name === undefined ? parseOperand(cursor) : parseSize(cursor);
  if (cursor.accept("BETWEEN")) return parseBetween(cursor, left);
  if (cursor.accept("IN")) return parseIn(cursor, left);
  const comparator = COMPARATORS.find((one) => cursor.at(one));
  if (comparator !== undefined) return parseComparison(cursor, left, comparator);
  if (left.kind === "size") throw misused(cursor, "size");
  throw cursor.syntaxError();
}

function parseComparison(cursor: Parser, left: Operand, comparator: Comparator): Condition {
  cursor.expect(comparator);
  const right = parseOperand(cursor);
  checkDistinct(cursor, comparator, left, right);
  if (comparator !== "=" && comparator !== "<>") {
    checkOrdered(cursor, comparator, left);
    checkOrdered(cursor, comparator, right);
  }
  return { kind: "comparison", comparator, left, right };
}

function parseBetween(cursor: Parser, operand: Operand): Condition {
  const lower = parseOperand(cursor);
  cursor.expect("AND");
  const upper = parseOperand(cursor);
  for (const bound of [operand, lower, upper]) checkOrdered(cursor, "BETWEEN", bound);
  if (lower.kind === "value" && upper.kind === "value") {
    const order = compare(lower.value, upper.value);
    if (order === undefined)
      throw cursor.fail("The BETWEEN operator requires same data type for lower and upper bounds;");
    if (order > 0) {
      throw cursor.fail("The BETWEEN operator requires upper bound to be greater than or equal to lower bound;");
    }
  }
  return { kind: "between", operand, lower, upper };
}

function parseIn(cursor: Parser, operand: Operand): Condition {
  cursor.expect("(");
  const candidates = commaSeparated(cursor, () => parseOperand(cursor));
  cursor.expect(")");
  if (candidates.length > IN_OPERANDS_MAX) {
    throw cursor.fail(
      `Too many operands for the operator; operator: IN, number of operands: ${candidates.length}, max: ${IN_OPERANDS_MAX}`,
    );
  }
  return { kind: "in", operand, candidates };
}

function parseOperand(cursor: Parser): Operand {
  if (cursor.at("(")) {
    openGroup(cursor);
    const operand = parseOperand(cursor);
    cursor.expect(")");
    return operand;
  }
  const name = cursor.functionName();
  if (name !== undefined && name !== "size") {
    throw name in OPERANDS_BY_FUNCTION ? misused(cursor, name) : unknownFunction(cursor, name);
  }
  if (name === "size") return parseSize(cursor);
  if (cursor.peek().kind === "value") return { kind: "value", value: cursor.value() };
  return { kind: "path", path: cursor.path() };
}

function parseSize(cursor: Parser): Operand {
  const [operand] = parseArguments(cursor, "size");
  if (operand?.kind === "value" && ["N", "BOOL", "NULL"].includes(typeOf(operand.value))) {
    throw wrongType(cursor, "size", operand);
  }
  if (operand === undefined || operand.kind === "size") throw misused(cursor, "size");
  return { kind: "size", operand };
}

/** The name and opening parenthesis are already consumed. */
function parseFunction(cursor: Parser, name: string): Condition {
  if (!Object.hasOwn(OPERANDS_BY_FUNCTION, name)) throw unknownFunction(cursor, name);
  const [first, second] = parseArguments(cursor, name);
  if (first === undefined) throw cursor.syntaxError();
  if (name === "attribute_exists" || name === "attribute_not_exists") {
    if (first.kind !== "path") {
      throw cursor.fail(`Operator or function requires a document path; operator or function: ${name}`);
    }
    return { kind: "exists", path: first.path, expected: name === "attribute_exists" };
  }
  if (second === undefined) throw cursor.syntaxError();
  checkDistinct(cursor, name, first, second);
  if (name === "attribute_type") return { kind: "type", operand: first, type: attributeType(cursor, second) };
  if (name === "contains") return { kind: "contains", operand: first, element: second };
  for (const operand of [first, second]) {
    if (operand.kind === "value" && operand.value.S === undefined && operand.value.B === undefined) {
      throw wrongType(cursor, name, operand);
    }
  }
  return { kind: "begins-with", operand: first, prefix: second };
}

function parseArguments(cursor: Parser, name: string): Operand[] {
  const operands = commaSeparated(cursor, () => parseOperand(cursor));
  cursor.expect(")");
  if (operands.length !== OPERANDS_BY_FUNCTION[name]) {
    throw cursor.fail(
      `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${operands.length}`,
    );
  }
  return operands;
}

function attributeType(cursor: Parser, operand: Operand): AttributeType {
  if (operand.kind !== "value" || operand.value.S === undefined) throw wrongType(cursor, "attribute_type", operand);
  const text = operand.value.S;
  const type = ATTRIBUTE_TYPES.find((one) => one === text);
  if (type !== undefined) return type;
  throw cursor.fail(`Invalid attribute type name found; type: ${text}, valid types: {${ATTRIBUTE_TYPES.join(",")}}`);
}

/** `a = a` is refused. */
function checkDistinct(cursor: Parser, operator: string, left: Operand, right: Operand): void {
  if (left.kind !== "path" || right.kind !== "path" || pathText(left.path) !== pathText(right.path)) return;
  throw cursor.fail(
    "The first operand must be distinct from the remaining operands for this operator or function; " +
      `operator: ${operator}, first operand: ${pathText(left.path)}`,
  );
}

/** A value given in the request that has no order is refused; one found in the item merely makes the condition false. */
function checkOrdered(cursor: Parser, operator: string, operand: Operand): void {
  if (operand.kind !== "value" || ["S", "N", "B"].includes(typeOf(operand.value))) return;
  throw wrongType(cursor, operator, operand);
}

function wrongType(cursor: Parser, operator: string, operand: Operand): Error {
  const type = operand.kind === "value" ? typeOf(operand.value) : `{${ATTRIBUTE_TYPES.join(",")}}`;
  return cursor.fail(
    `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${type}`,
  );
}

function misused(cursor: Parser, name: string): Error {
  return cursor.fail(`The function is not allowed to be used this way in an expression; function: ${name}`);
}

function unknownFunction(cursor: Parser, name: string): Error {
  return cursor.fail(`Invalid function name; function: ${name}`);
}
