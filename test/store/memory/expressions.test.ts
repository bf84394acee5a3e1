// The grammars of conditions, updates and projections, on one item.

import { describe, expect, test } from "vitest";
import type { AttributeValue, Item } from "../../../lib/aws/dynamodb.ts";
import { RESERVED_WORDS } from "../../../lib/aws/reserved-words.ts";
import { type MemoryDynamoDb, memoryDynamoDb } from "../../../lib/store/memory/memory-dynamodb.ts";

const N = (text: string): AttributeValue => ({ N: text });
const S = (text: string): AttributeValue => ({ S: text });
const ITEM: Item = {
  pk: S("a"),
  n: N("10"),
  s: S("hello"),
  b: { B: Uint8Array.of(1, 2, 3) },
  yes: { BOOL: true },
  none: { NULL: true },
  l: { L: [S("x"), N("2"), { M: { d: N("3") } }] },
  m: { M: { x: N("1"), "a.b": S("dotted"), deep: { L: [N("7")] } } },
  ss: { SS: ["a", "b"] },
  ns: { NS: ["1", "2.5"] },
};

function stored(): MemoryDynamoDb {
  const store = memoryDynamoDb({ t: { partitionKey: "pk" } });
  store.send({ operation: "TransactWriteItems", input: { TransactItems: [{ Put: { TableName: "t", Item: ITEM } }] } });
  return store;
}

/** true, false, or the message of the refusal. */
function check(ConditionExpression: string, values?: Item, names?: Record<string, string>): boolean | string {
  const placeholders = {
    ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
    ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
  };
  const action = { TableName: "t", Key: { pk: S("a") }, ConditionExpression, ...placeholders };
  try {
    stored().send({ operation: "TransactWriteItems", input: { TransactItems: [{ ConditionCheck: action }] } });
    return true;
  } catch (error) {
    const { name, message } = error as Error;
    return name === "TransactionCanceledException" ? false : message;
  }
}

/** The item after the update, or the message of the refusal. */
function update(UpdateExpression: string, values?: Item, pk = "a"): Item | string {
  const store = stored();
  const given = values === undefined ? {} : { ExpressionAttributeValues: values };
  const Update = { TableName: "t", Key: { pk: S(pk) }, UpdateExpression, ...given };
  try {
    store.send({ operation: "TransactWriteItems", input: { TransactItems: [{ Update }] } });
  } catch (error) {
    const { message, CancellationReasons: reasons } = error as Error & { CancellationReasons?: { Message?: string }[] };
    return reasons?.[0]?.Message ?? message;
  }
  return store.items("t").find((item) => item["pk"]?.S === pk) ?? {};
}

describe("conditions", () => {
  const v = { ":v": N("10.0") };
  test.each<[string, boolean, Item?, Record<string, string>?]>([
    ["n = :v", true, v],
    ["n <> :v", false, v],
    ["n < :v", false, v],
    ["n <= :v", true, v],
    ["n > :v", true, { ":v": N("9") }],
    ["n >= :v", true, { ":v": N("-1e5") }],
    ["s = :v", false, v],
    ["s <> :v", true, v],
    ["s < :v", false, v],
    ["absent <> :v", true, v],
    ["absent = :v", false, v],
    ["absent < :v", false, v],
    ["absent <> gone", true],
    ["n >= m.x", true],
    ["n >= :v", true, v],
    ["n >= l[1]", true],
    [":a > :v", true, { ":a": S("\u{1F600}"), ":v": S("\uFF5E") }],
    ["n BETWEEN :a AND :v", true, { ":a": N("9.99"), ":v": N("1e1") }],
    ["n BETWEEN :a AND :v", false, { ":a": N("11"), ":v": N("12") }],
    ["n BETWEEN :a AND :v", false, { ":a": N("8"), ":v": N("9") }],
    ["NOT n BETWEEN :a AND :v AND s = :s", false, { ":a": N("1"), ":v": N("12"), ":s": S("hello") }],
    ["n IN (:a, :v)", true, { ":a": S("10"), ...v }],
    ["n IN (:a)", false, { ":a": S("10") }],
    [":v IN (n, s)", true, v],
    ["attribute_exists(m.x)", true],
    ["attribute_exists(m.y)", false],
    ["attribute_exists(l[2].d)", true],
    ["attribute_exists(l[3])", false],
    ["attribute_exists(s.x)", false],
    ["attribute_not_exists(zz)", true],
    ["attribute_exists(toString)", false],
    ["attribute_exists(#c)", false, undefined, { "#c": "constructor" }],
    ["attribute_exists(m.#d)", true, undefined, { "#d": "a.b" }],
    ["attribute_type(l, :v)", true, { ":v": S("L") }],
    ["attribute_type(l, :v)", false, { ":v": S("M") }],
    ["begins_with(s, :v)", true, { ":v": S("he") }],
    ["begins_with(s, :v)", false, { ":v": S("el") }],
    ["begins_with(b, :v)", true, { ":v": { B: Uint8Array.of(1, 2) } }],
    ["contains(s, :v)", true, { ":v": S("ell") }],
    ["contains(ss, :v)", true, { ":v": S("b") }],
    ["contains(ns, :v)", true, { ":v": N("2.5") }],
    ["contains(ns, :v)", false, { ":v": S("2.5") }],
    ["contains(l, :v)", true, { ":v": { M: { d: N("3.0") } } }],
    ["contains(b, :v)", true, { ":v": { B: Uint8Array.of(2, 3) } }],
    ["size(s) = :v", true, { ":v": N("5") }],
    ["size(:s) = :v", true, { ":s": S("é\u{1F600}"), ":v": N("3") }],
    ["size(m) > :v", true, { ":v": N("2") }],
    ["size(n) >= :v", false, { ":v": N("0") }],
    ["ss = :v", true, { ":v": { SS: ["b", "a"] } }],
    ["l = :v", false, { ":v": { L: [N("2"), S("x")] } }],
    ["n = :v OR n = :w AND s = :w", true, { ...v, ":w": N("0") }],
    ["(n = :v OR n = :w) AND s = :w", false, { ...v, ":w": N("0") }],
    ["NOT n = :w AND s = :w", false, { ":w": N("0") }],
    ["NOT (n = :w AND s = :w)", true, { ":w": N("0") }],
    ["not attribute_exists(zz) and (n) = (:v)", true, v],
    ["not NOT n = :v", true, v],
  ])("%s is %s", (expression, expected, values, names) => {
    expect(check(expression, values, names)).toBe(expected);
  });

  const I = "Invalid ConditionExpression: ";
  test.each<[string, string, Item?, Record<string, string>?]>([
    ["", `${I}The expression can not be empty;`],
    ["attribute_exists(", `${I}Syntax error; token: "<EOF>", near: "("`],
    ["n = :v extra", `${I}Syntax error; token: "extra", near: ":v extra"`, v],
    ["n ! :v", `${I}Syntax error; token: "!", near: "n ! :v"`, v],
    ["n = :w", `${I}An expression attribute value used in expression is not defined; attribute value: :w`, v],
    ["#x = :v", `${I}An expression attribute name used in the document path is not defined; attribute name: #x`, v],
    ["Status = :v", `${I}Attribute name is a reserved keyword; reserved keyword: Status`, v],
    ["m.name = :v", `${I}Attribute name is a reserved keyword; reserved keyword: name`, v],
    ["((n = :v))", `${I}The expression has redundant parentheses;`, v],
    ["size(s)", `${I}The function is not allowed to be used this way in an expression; function: size`],
    ["size(s) AND n = :v", `${I}The function is not allowed to be used this way in an expression; function: size`, v],
    [
      "n = contains(s, :v)",
      `${I}The function is not allowed to be used this way in an expression; function: contains`,
      v,
    ],
    ["exists(n)", `${I}Invalid function name; function: exists`],
    ["toString(n)", `${I}Invalid function name; function: toString`],
    [
      "attribute_exists(n, s)",
      `${I}Incorrect number of operands for operator or function; operator or function: attribute_exists, number of operands: 2`,
    ],
    [
      "attribute_exists(:v)",
      `${I}Operator or function requires a document path; operator or function: attribute_exists`,
      v,
    ],
    ["attribute_exists(n)", "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}", v],
    [
      "attribute_exists(n)",
      "Value provided in ExpressionAttributeNames unused in expressions: keys: {#x, #y}",
      undefined,
      { "#x": "x", "#y": "y" },
    ],
    [
      "n = n",
      `${I}The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [n]`,
    ],
    [
      ":v < n",
      `${I}Incorrect operand type for operator or function; operator or function: <, operand type: BOOL`,
      { ":v": { BOOL: true } },
    ],
    [
      "n >= :v",
      `${I}Incorrect operand type for operator or function; operator or function: >=, operand type: L`,
      { ":v": { L: [] } },
    ],
    [
      "n BETWEEN l[1] AND :v",
      `${I}Incorrect operand type for operator or function; operator or function: BETWEEN, operand type: NULL`,
      { ":v": { NULL: true } },
    ],
    [
      "n BETWEEN :a AND :b",
      `${I}The BETWEEN operator requires upper bound to be greater than or equal to lower bound;`,
      { ":a": N("2"), ":b": N("1") },
    ],
    [
      "n BETWEEN :a AND :b",
      `${I}The BETWEEN operator requires same data type for lower and upper bounds;`,
      { ":a": N("2"), ":b": S("3") },
    ],
    [
      "begins_with(s, :v)",
      `${I}Incorrect operand type for operator or function; operator or function: begins_with, operand type: N`,
      { ":v": N("2") },
    ],
    [
      "attribute_type(s, :v)",
      `${I}Invalid attribute type name found; type: Q, valid types: {S,N,B,BOOL,NULL,M,L,SS,NS,BS}`,
      { ":v": S("Q") },
    ],
    [
      `n IN (${"s, ".repeat(100)}s)`,
      `${I}Too many operands for the operator; operator: IN, number of operands: 101, max: 100`,
    ],
    ["attribute_exists(n)", "ExpressionAttributeValues must not be empty", {}],
    ["n = :v", 'ExpressionAttributeValues contains invalid key: Syntax error; key: "v"', { v: N("1") }],
    ["n = :v", "The parameter cannot be converted to a numeric value: ten", { ":v": N("ten") }],
    [
      "n = :v",
      "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
      { ":v": {} as AttributeValue },
    ],
    [
      `attribute_exists(${"n".repeat(4096)})`,
      `${I}Expression size has exceeded the maximum allowed size; expression size: 4114`,
    ],
  ])("%s is refused: %s", (expression, message, values, names) => {
    expect(check(expression, values, names)).toBe(message);
  });
});

describe("updates", () => {
  test.each<[string, Item, Item?]>([
    ["SET n = n + :v", { n: N("10.5") }, { ":v": N("0.5") }],
    ["SET n = :v - n", { n: N("-9.5") }, { ":v": N("0.5") }],
    [
      "SET n = if_not_exists(n, :v) + :v, q = if_not_exists(q, :v) + :v",
      { n: N("10.5"), q: N("1") },
      { ":v": N("0.5") },
    ],
    ["SET n = s, s = n", { n: S("hello"), s: N("10") }],
    ["SET m.y = :v, m.x = m.x + :v", { m: { M: { ...ITEM["m"]?.M, y: N("5"), x: N("6") } } }, { ":v": N("5") }],
    [
      "SET l[9] = :b, l[7] = :a, l[0] = :z",
      { l: { L: [S("z"), N("2"), { M: { d: N("3") } }, S("a"), S("b")] } },
      { ":a": S("a"), ":b": S("b"), ":z": S("z") },
    ],
    ["SET l = list_append(l, :v)", { l: { L: [...(ITEM["l"]?.L ?? []), N("4")] } }, { ":v": { L: [N("4")] } }],
    [
      "REMOVE l[0], l[2], l[9], m.x, zz",
      { l: { L: [N("2")] }, m: { M: { "a.b": S("dotted"), deep: { L: [N("7")] } } } },
    ],
    ["REMOVE l[0] SET l[1] = :v", { l: { L: [N("5"), { M: { d: N("3") } }] } }, { ":v": N("5") }],
    [
      "ADD n :v, q :v, ss :s",
      { n: N("9"), q: N("-1"), ss: { SS: ["a", "b", "c"] } },
      { ":v": N("-1"), ":s": { SS: ["b", "c"] } },
    ],
    ["DELETE ss :s, zz :s", { ss: { SS: ["a"] } }, { ":s": { SS: ["b", "c"] } }],
    ["set n = (:v)", { n: N("0.0001") }, { ":v": N("1e-4") }],
  ])("%s", (expression, changes, values) => {
    expect(update(expression, values)).toEqual({ ...ITEM, ...changes });
  });

  test("the last member of a set takes the attribute with it", () => {
    expect(update("DELETE ss :s", { ":s": { SS: ["b", "a"] } })).not.toHaveProperty("ss");
  });

  test("an item that is not there is made, and nested removals on it are ignored", () => {
    expect(update("SET n = :v REMOVE m.x", { ":v": N("1") }, "new")).toEqual({ pk: S("new"), n: N("1") });
  });

  const I = "Invalid UpdateExpression: ";
  const two = { ":v": N("1") };
  test.each<[string, string, Item?]>([
    ["SET zz.x = :v", "The document path provided in the update expression is invalid for update", two],
    ["SET s[0] = :v", "The document path provided in the update expression is invalid for update", two],
    ["SET n = zz", "The provided expression refers to an attribute that does not exist in the item"],
    ["SET n = s + :v", "An operand in the update expression has an incorrect data type", two],
    ["SET l = list_append(l, n)", "An operand in the update expression has an incorrect data type"],
    ["ADD s :v", "An operand in the update expression has an incorrect data type", two],
    ["DELETE ss :v", "An operand in the update expression has an incorrect data type", { ":v": { NS: ["1"] } }],
    [
      "SET pk = :v",
      "One or more parameter values were invalid: Cannot update attribute pk. This attribute is part of the key",
      two,
    ],
    ["SET n = n + :v", "Attempting to store more than 38 significant digits in a Number", { ":v": N("1e39") }],
    [
      "SET n = :v, n = :v",
      `${I}Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [n], path two: [n]`,
      two,
    ],
    [
      "SET m.x = :v REMOVE m",
      `${I}Two document paths overlap with each other; must remove or rewrite one of these paths; path one: [m, x], path two: [m]`,
      two,
    ],
    [
      "SET m.x = :v, m[1] = :v",
      `${I}Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [m, x], path two: [m, [1]]`,
      two,
    ],
    ["SET n = :v SET s = :v", `${I}The "SET" section can only be used once in an update expression;`, two],
    [
      "SET n = :v + :s",
      `${I}Incorrect operand type for operator or function; operator or function: +, operand type: S`,
      { ...two, ":s": S("") },
    ],
    [
      "SET n = list_append(:v, l)",
      `${I}Incorrect operand type for operator or function; operator or function: list_append, operand type: N`,
      two,
    ],
    [
      "SET n = if_not_exists(:v, :v)",
      `${I}Operator or function requires a document path; operator or function: if_not_exists`,
      two,
    ],
    [
      "ADD n :v",
      `${I}Incorrect operand type for operator or function; operator: ADD, operand type: STRING`,
      { ":v": S("1") },
    ],
    ["INVALID SYNTAX HERE", `${I}Syntax error; token: "INVALID", near: "INVALID SYNTAX"`],
    ["SET n = :v,", `${I}Syntax error; token: "<EOF>", near: ","`, two],
  ])("%s is refused: %s", (expression, message, values) => {
    expect(update(expression, values)).toBe(message);
  });
});

describe("projections", () => {
  const get = (ProjectionExpression: string): Item | undefined =>
    stored().send({ operation: "GetItem", input: { TableName: "t", Key: { pk: S("a") }, ProjectionExpression } }).Item;

  test("paths of maps and lists, elements closed up", () => {
    expect(get("n, m.deep[0], l[2], l[0]")).toEqual({
      n: N("10"),
      m: { M: { deep: { L: [N("7")] } } },
      l: { L: [S("x"), { M: { d: N("3") } }] },
    });
  });
  test("what is not there is left out", () => {
    expect(get("zz, m.zz, l[7], s.x")).toEqual({});
  });
  test("overlapping paths are refused", () => {
    expect(() => get("m, m.x")).toThrow("Invalid ProjectionExpression: Two document paths overlap");
  });
});

test("attribute names that objects have anyway are names like any other", () => {
  const store = memoryDynamoDb({ t: { partitionKey: "pk" } });
  const names = { "#p": "__proto__", "#c": "constructor" };
  const Update = {
    TableName: "t",
    Key: { pk: S("a") },
    UpdateExpression: "SET #p = :v, #c = if_not_exists(#c, :v)",
    ConditionExpression: "attribute_not_exists(#p) AND attribute_not_exists(#c)",
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: { ":v": N("1") },
  };
  store.send({ operation: "TransactWriteItems", input: { TransactItems: [{ Update }] } });
  const [item = {}] = store.items("t");
  expect(Object.entries(item).sort()).toEqual([
    ["__proto__", N("1")],
    ["constructor", N("1")],
    ["pk", S("a")],
  ]);
});

test("AWS has 573 reserved words", () => {
  expect(RESERVED_WORDS.size).toBe(573);
});
