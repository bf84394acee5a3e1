// Which records of a stream an event source mapping hands to its function: filter patterns, as Lambda and EventBridge have them. Pure.
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html, …/with-ddb-filtering.html
//
//   FC1. A record passes when any of the filters matches it: all fields of a pattern have to, and of a list of rules any one.
//   FC2. Rules are for leaves. An object or an absent field matches only { exists: false }; of a list any element may match.
//   FC3. A rule that is not known is an error at the start, never a record that is lost or let through in silence.
import { localError } from "../local-error.ts";
import { isObject, type JsonObject, listAt, objectAt, textAt } from "../values.ts";

/** Does the record go to the function? */
export type Filter = (record: unknown) => boolean;

/**
 * Of the property FilterCriteria, resolved. Without filters everything passes. `part` is the only one of a record that patterns may
 * name; what has none passes no pattern.
 */
export function readFilterCriteria(criteria: unknown, logicalId: string, part?: string): Filter {
  const where = `FilterCriteria of ${logicalId}`;
  const filters = listAt(objectAt(criteria, where)["Filters"], `Filters in ${where}`).map((filter) => {
    const text = textAt(objectAt(filter, `a filter in ${where}`)["Pattern"], `Pattern in ${where}`);
    const pattern = parse(text, where);
    if (part !== undefined) checkPart(pattern, part, where);
    return compilePattern(pattern, where);
  });
  if (filters.length === 0) return () => true;
  const hasPart = (record: unknown): boolean => part === undefined || (isObject(record) && Object.hasOwn(record, part));
  return (record) => hasPart(record) && filters.some((matches) => matches(record)); // FC1
}

function parse(text: string, where: string): JsonObject {
  let pattern: unknown;
  try {
    pattern = JSON.parse(text);
  } catch {
    throw localError(`Cannot read ${where}: a Pattern is no JSON: ${text}`);
  }
  if (isObject(pattern)) return pattern;
  throw localError(`Cannot read ${where}: a Pattern is ${text}; it must be a JSON object`);
}

function checkPart(pattern: JsonObject, part: string, where: string): void {
  const other = Object.keys(pattern).find((name) => name !== part);
  if (other === undefined) return;
  throw localError(`Cannot read ${where}: a Pattern names "${other}"; of this source only "${part}" is filtered`); // FC3
}

function compilePattern(pattern: JsonObject, where: string): Filter {
  const fields = Object.entries(pattern).map(([name, inner]): Filter => {
    if (name === "$or") return compileOr(inner, where);
    const matches = compileField(inner, `${where}, field ${name}`);
    return (value) => matches(isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined);
  });
  return (value) => fields.every((matches) => matches(value)); // FC1
}

function compileOr(alternatives: unknown, where: string): Filter {
  const compiled = listAt(alternatives, `$or in ${where}`).map((one) => compilePattern(objectAt(one, "$or"), where));
  return (value) => compiled.some((matches) => matches(value));
}

function compileField(inner: unknown, where: string): Filter {
  if (isObject(inner)) return compilePattern(inner, where);
  if (!Array.isArray(inner)) {
    throw localError(`Cannot read ${where}: it is ${JSON.stringify(inner)}; it must be a list of rules, or an object`);
  }
  const rules = inner.map((rule) => compileRule(rule, where));
  return (value) => rules.some((matches) => matches(value));
}

/** Of a leaf that is there. */
type Test = (leaf: unknown) => boolean;

function compileRule(rule: unknown, where: string): Filter {
  if (!isObject(rule)) return leafRule((leaf) => leaf === rule);
  const [[name, argument] = ["", undefined], second] = Object.entries(rule);
  if (second !== undefined) throw unknownRule(rule, where);
  if (name === "exists") {
    if (typeof argument !== "boolean") throw unknownRule(rule, where);
    return (value) => leavesOf(value).length > 0 === argument; // FC2
  }
  const test = RULES[name]?.(argument);
  if (test === undefined) throw unknownRule(rule, where); // FC3
  return leafRule(test);
}

/** Undefined: the argument is not one of this rule. */
const RULES: Readonly<Record<string, (argument: unknown) => Test | undefined>> = {
  prefix: (argument) => textTest(argument, (leaf, text) => leaf.startsWith(text)),
  suffix: (argument) => textTest(argument, (leaf, text) => leaf.endsWith(text)),
  "equals-ignore-case": (argument) => textTest(argument, (leaf, text) => leaf.toLowerCase() === text.toLowerCase()),
  numeric: numericTest,
  "anything-but": anythingButTest,
};

function textTest(argument: unknown, holds: (leaf: string, text: string) => boolean): Test | undefined {
  if (typeof argument !== "string") return undefined;
  return (leaf) => typeof leaf === "string" && holds(leaf, argument);
}

const COMPARISONS: Readonly<Record<string, (leaf: number, bound: number) => boolean>> = {
  "=": (leaf, bound) => leaf === bound,
  "<": (leaf, bound) => leaf < bound,
  "<=": (leaf, bound) => leaf <= bound,
  ">": (leaf, bound) => leaf > bound,
  ">=": (leaf, bound) => leaf >= bound,
};

/** `[">", 0, "<=", 5]`. Of JSON numbers only: a number attribute of DynamoDB is a text, and matches none. */
function numericTest(argument: unknown): Test | undefined {
  if (!Array.isArray(argument) || argument.length % 2 !== 0 || argument.length === 0) return undefined;
  const bounds = argument.flatMap((operator: unknown, index) => {
    const compare = index % 2 === 0 ? COMPARISONS[String(operator)] : undefined;
    const bound: unknown = argument[index + 1];
    return compare === undefined || typeof bound !== "number" ? [] : [{ compare, bound }];
  });
  if (bounds.length * 2 !== argument.length) return undefined;
  return (leaf) => typeof leaf === "number" && bounds.every(({ compare, bound }) => compare(leaf, bound));
}

/** A value, a list of values, or a prefix or suffix that is not to be. */
function anythingButTest(argument: unknown): Test | undefined {
  if (isObject(argument)) {
    const [[name, inner] = ["", undefined], second] = Object.entries(argument);
    const known = second === undefined && ["prefix", "suffix", "equals-ignore-case"].includes(name);
    const test = known ? RULES[name]?.(inner) : undefined;
    return test && ((leaf) => !test(leaf));
  }
  const values: readonly unknown[] = Array.isArray(argument) ? argument : [argument];
  const plain = values.length > 0 && values.every((value) => typeof value === "string" || typeof value === "number");
  return plain ? (leaf) => !values.some((value) => value === leaf) : undefined;
}

function leafRule(test: Test): Filter {
  return (value) => leavesOf(value).some(test);
}

/** FC2 */
function leavesOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap(leavesOf);
  return value === undefined || isObject(value) ? [] : [value];
}

function unknownRule(rule: JsonObject, where: string): Error {
  return localError(
    `Cannot read ${where}: rule ${JSON.stringify(rule)} is not known here; known are values, ${Object.keys(RULES).join(", ")}, ` +
      "exists, and $or between patterns",
  );
}
