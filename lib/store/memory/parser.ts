// What the three expression grammars have in common: document paths, placeholders, functions, errors in AWS's words.

import type { AttributeValue } from "../../aws/dynamodb.ts";
import { EXPRESSION_BYTES_MAX } from "../../aws/limits.ts";
import { RESERVED_WORDS } from "../../aws/reserved-words.ts";
import { type Cursor, cursorOf } from "./cursor.ts";
import { validationError } from "./errors.ts";
import type { Path } from "./expressions.ts";
import type { Placeholders } from "./placeholders.ts";
import { tokenize } from "./tokens.ts";

export type ExpressionName = "ConditionExpression" | "UpdateExpression" | "ProjectionExpression";

export interface Parser extends Cursor {
  path(): Path;
  /** The value behind the `:value` that must come next. */
  value(): AttributeValue;
  /** The name of a function, if one is called next; takes it and its opening parenthesis. */
  functionName(): string | undefined;
  fail(message: string): Error;
}

export function parser(name: ExpressionName, expression: string, placeholders: Placeholders): Parser {
  const fail = (message: string): Error => validationError(`Invalid ${name}: ${message}`);
  if (expression.trim() === "") throw fail("The expression can not be empty;");
  const bytes = Buffer.byteLength(expression);
  if (bytes > EXPRESSION_BYTES_MAX) {
    throw fail(`Expression size has exceeded the maximum allowed size; expression size: ${bytes}`);
  }
  const tokens = tokenize(expression, (token, near) => fail(`Syntax error; token: "${token}", near: "${near}"`));
  const cursor = { ...cursorOf(tokens, fail), fail };
  return {
    ...cursor,
    path: () => parsePath(cursor, placeholders),
    value() {
      if (cursor.peek().kind !== "value") throw cursor.syntaxError();
      const { text } = cursor.take();
      const value = placeholders.value(text);
      if (value !== undefined) return value;
      throw fail(`An expression attribute value used in expression is not defined; attribute value: ${text}`);
    },
    functionName() {
      const [{ kind, text }, next] = [cursor.peek(), cursor.peek(1)];
      if (kind !== "word" || next.kind !== "symbol" || next.text !== "(") return undefined;
      cursor.take();
      cursor.take();
      return text;
    },
  };
}

type Failing = Cursor & Pick<Parser, "fail">;

function parsePath(cursor: Failing, placeholders: Placeholders): Path {
  const path: (string | number)[] = [attributeName(cursor, placeholders)];
  for (;;) {
    if (cursor.accept(".")) {
      path.push(attributeName(cursor, placeholders));
    } else if (cursor.accept("[")) {
      if (cursor.peek().kind !== "index") throw cursor.syntaxError();
      path.push(Number(cursor.take().text));
      cursor.expect("]");
    } else {
      return path;
    }
  }
}

function attributeName(cursor: Failing, placeholders: Placeholders): string {
  const { kind } = cursor.peek();
  if (kind !== "name" && kind !== "word") throw cursor.syntaxError();
  const { text } = cursor.take();
  if (kind === "name") {
    const name = placeholders.name(text);
    if (name !== undefined) return name;
    throw cursor.fail(`An expression attribute name used in the document path is not defined; attribute name: ${text}`);
  }
  if (!RESERVED_WORDS.has(text.toUpperCase())) return text;
  throw cursor.fail(`Attribute name is a reserved keyword; reserved keyword: ${text}`);
}

/** `item (, item)*` */
export function commaSeparated<T>(cursor: Parser, parseOne: () => T): T[] {
  const all = [parseOne()];
  while (cursor.accept(",")) all.push(parseOne());
  return all;
}

/** Two paths of one expression may not name the same value, or one inside the other. */
export function checkOverlaps(cursor: Parser, paths: readonly Path[], textOf: (path: Path) => string): void {
  for (const [index, second] of paths.entries()) {
    for (const first of paths.slice(0, index)) checkPair(cursor, first, second, textOf);
  }
}

function checkPair(cursor: Parser, first: Path, second: Path, textOf: (path: Path) => string): void {
  const length = Math.min(first.length, second.length);
  let same = 0;
  while (same < length && first[same] === second[same]) same++;
  const conflict = same < length && typeof first[same] !== typeof second[same];
  if (same < length && !conflict) return;
  throw cursor.fail(
    `Two document paths ${conflict ? "conflict" : "overlap"} with each other; must remove or rewrite one of these paths; ` +
      `path one: ${textOf(first)}, path two: ${textOf(second)}`,
  );
}
