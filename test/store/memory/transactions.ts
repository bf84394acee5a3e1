// Random transactions for the comparison of the memory store with a real engine. Generated so that AWS accepts their
// syntax; what AWS and the engine refuse differently is listed in known-differences.test.ts.

import fc from "fast-check";
import type { AttributeValue, Item, TransactWriteItem } from "../../../lib/aws/dynamodb.ts";

export const ONE = "semel-one"; // partition key pk (S)
export const TWO = "semel-two"; // partition key pk (S), sort key sk (N)

type Step = string | number;
type OperandTree = { path: Step[] } | { value: AttributeValue } | { size: Step[] };
type ConditionTree =
  | { compare: string; left: OperandTree; right: OperandTree }
  | { between: OperandTree; lower: AttributeValue; upper: AttributeValue }
  | { in: OperandTree; candidates: OperandTree[] }
  | { call: string; path: Step[]; argument?: AttributeValue }
  | { join: "AND" | "OR"; left: ConditionTree; right: ConditionTree }
  | { not: ConditionTree };
type SetTree =
  | { path: Step[] }
  | { value: AttributeValue }
  | { arithmetic: "+" | "-"; left: SetTree; right: SetTree }
  | { ifNotExists: Step[]; otherwise: SetTree }
  | { append: [SetTree, SetTree] };
interface UpdateTree {
  sets: { path: Step[]; value: SetTree }[];
  removes: Step[][];
  adds: { path: Step[]; value: AttributeValue }[];
  deletes: { path: Step[]; value: AttributeValue }[];
}
export interface ActionTree {
  kind: "Put" | "Update" | "Delete" | "ConditionCheck";
  table: typeof ONE | typeof TWO;
  pk: string;
  sk: string;
  item: Item;
  condition?: ConditionTree | undefined;
  update: UpdateTree;
  returnOld: boolean;
  nameEverything: boolean;
}

const text = fc.constantFrom("", "a", "ab", "b", "Z", "é", "\u{1F600}", "\uFF5E");
const number = fc.constantFrom(
  "0",
  "1",
  "-1",
  "2",
  "10",
  "9",
  "2.5",
  "-0.001",
  "1e20",
  "1E-7",
  "0010.10",
  "9".repeat(38),
);
const bytes = fc.constantFrom([], [0], [1, 2], [255]).map((all) => Uint8Array.from(all));
const scalar: fc.Arbitrary<AttributeValue> = fc.oneof(
  { weight: 3, arbitrary: number.map((N) => ({ N })) },
  { weight: 3, arbitrary: text.map((S) => ({ S })) },
  bytes.map((B) => ({ B })),
);
const numberSet = fc.uniqueArray(fc.constantFrom("1", "2", "10", "-3.5"), { minLength: 1, maxLength: 3 });
const stringSet = fc.uniqueArray(text, { minLength: 1, maxLength: 3 });
const set: fc.Arbitrary<AttributeValue> = fc.oneof(
  stringSet.map((SS) => ({ SS })),
  numberSet.map((NS) => ({ NS })),
  fc.uniqueArray(fc.constantFrom(0, 1, 2), { minLength: 1, maxLength: 2 }).map((all) => ({
    BS: all.map((byte) => Uint8Array.of(byte)),
  })),
);
const plain: fc.Arbitrary<AttributeValue> = fc.oneof(
  { weight: 4, arbitrary: scalar },
  set,
  fc.boolean().map((BOOL) => ({ BOOL })),
  fc.constant({ NULL: true }),
);
const list = fc.array(plain, { maxLength: 3 }).map((L): AttributeValue => ({ L }));
const map = fc
  .dictionary(fc.constantFrom("x", "y", "l"), fc.oneof({ weight: 3, arbitrary: plain }, list), { maxKeys: 3 })
  .map((M): AttributeValue => ({ M: { ...M } }));
const value: fc.Arbitrary<AttributeValue> = fc.oneof({ weight: 4, arbitrary: plain }, list, map);

const names = ["n", "s", "l", "m", "g", "z"];
const path: fc.Arbitrary<Step[]> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...names).map((name): Step[] => [name]) },
  fc.constantFrom<Step[]>(["l", 0], ["l", 1], ["l", 5], ["m", "x"], ["m", "y"], ["m", "l"], ["m", "l", 0], ["z", "x"]),
);
const item = fc.record(
  { n: number.map((N) => ({ N })), s: text.map((S) => ({ S })), l: list, m: map, g: set, z: value },
  { requiredKeys: [] },
);

const operand: fc.Arbitrary<OperandTree> = fc.oneof(
  { weight: 3, arbitrary: path.map((one) => ({ path: one })) },
  { weight: 3, arbitrary: scalar.map((one) => ({ value: one })) },
  path.map((size) => ({ size })),
);
const asciiOperand = (tree: OperandTree): boolean => !("value" in tree);
const comparison = fc
  .tuple(fc.constantFrom("=", "<>", "<", "<=", ">", ">="), operand, operand)
  .filter(([, left, right]) => JSON.stringify(left) !== JSON.stringify(right))
  .map(([compare, left, right]): ConditionTree => ({ compare, left, right }));
const equality = fc
  .tuple(fc.constantFrom("=", "<>"), path, value)
  .map(([compare, left, right]): ConditionTree => ({ compare, left: { path: left }, right: { value: right } }));
const between = fc
  .tuple(operand.filter(asciiOperand), fc.constantFrom(["-1", "2"], ["1", "1.0"], ["0", "1e21"]))
  .map(
    ([one, [lower = "0", upper = "0"]]): ConditionTree => ({ between: one, lower: { N: lower }, upper: { N: upper } }),
  );
const inList = fc
  .tuple(
    operand,
    fc.array(
      fc.oneof(
        operand,
        value.map((one) => ({ value: one })),
      ),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([one, candidates]): ConditionTree => ({ in: one, candidates }));
const call = fc.oneof(
  fc
    .tuple(fc.constantFrom("attribute_exists", "attribute_not_exists"), path)
    .map(([name, one]) => ({ call: name, path: one })),
  fc
    .tuple(path, fc.constantFrom("S", "N", "B", "BOOL", "NULL", "M", "L", "SS", "NS", "BS"))
    .map(([one, S]) => ({ call: "attribute_type", path: one, argument: { S } })),
  fc.tuple(path, text).map(([one, S]) => ({ call: "begins_with", path: one, argument: { S } })),
  fc.tuple(path, bytes).map(([one, B]) => ({ call: "begins_with", path: one, argument: { B } })),
  fc.tuple(path, value).map(([one, argument]) => ({ call: "contains", path: one, argument })),
);
const condition: fc.Arbitrary<ConditionTree> = fc.letrec<{ tree: ConditionTree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    { weight: 3, arbitrary: comparison },
    { weight: 1, arbitrary: equality },
    { weight: 1, arbitrary: between },
    { weight: 1, arbitrary: inList },
    { weight: 4, arbitrary: call },
    {
      weight: 2,
      arbitrary: fc
        .tuple(fc.constantFrom("AND", "OR"), tie("tree"), tie("tree"))
        .map(([join, left, right]): ConditionTree => ({ join, left, right }) as ConditionTree),
    },
    { weight: 1, arbitrary: tie("tree").map((not): ConditionTree => ({ not })) },
  ),
})).tree;

const setOperand: fc.Arbitrary<SetTree> = fc.oneof(
  { weight: 2, arbitrary: path.map((one) => ({ path: one })) },
  fc.tuple(path, value).map(([one, other]) => ({ ifNotExists: one, otherwise: { value: other } })),
);
const numeric: fc.Arbitrary<SetTree> = fc.oneof(
  setOperand,
  fc.tuple(path, number).map(([one, N]) => ({ ifNotExists: one, otherwise: { value: { N } } })),
  number.map((N) => ({ value: { N } })),
);
const listy: fc.Arbitrary<SetTree> = fc.oneof(
  setOperand,
  list.map((one) => ({ value: one })),
);
const setTree: fc.Arbitrary<SetTree> = fc.oneof(
  { weight: 3, arbitrary: value.map((one) => ({ value: one })) },
  setOperand,
  fc
    .tuple(fc.constantFrom("+", "-"), numeric, numeric)
    .map(([sign, left, right]) => ({ arithmetic: sign as "+" | "-", left, right })),
  fc.tuple(listy, listy).map((append) => ({ append })),
);
const update: fc.Arbitrary<UpdateTree> = fc
  .record({
    sets: fc.array(fc.record({ path, value: setTree }), { maxLength: 2 }),
    removes: fc.array(path, { maxLength: 2 }),
    adds: fc.array(
      fc.record({
        path,
        value: fc.oneof(
          number.map((N) => ({ N })),
          set,
        ),
      }),
      { maxLength: 1 },
    ),
    deletes: fc.array(fc.record({ path, value: set }), { maxLength: 1 }),
  })
  .map(withoutOverlaps)
  .filter((tree) => tree.sets.length + tree.removes.length + tree.adds.length + tree.deletes.length > 0);

/** Keeps the first of overlapping or conflicting paths: AWS refuses them. */
function withoutOverlaps(tree: UpdateTree): UpdateTree {
  const taken: Step[][] = [];
  const free = (one: Step[]): boolean => {
    const clash = taken.some((other) => {
      const length = Math.min(one.length, other.length);
      const same = one.slice(0, length).every((step, index) => step === other[index]);
      return same || (one[0] === other[0] && typeof one[1] !== typeof other[1]);
    });
    if (!clash) taken.push(one);
    return !clash;
  };
  return {
    sets: tree.sets.filter((one) => free(one.path)),
    removes: tree.removes.filter(free),
    adds: tree.adds.filter((one) => free(one.path)),
    deletes: tree.deletes.filter((one) => free(one.path)),
  };
}

const action: fc.Arbitrary<ActionTree> = fc.record({
  kind: fc.constantFrom("Put", "Put", "Update", "Update", "Update", "Delete", "ConditionCheck"),
  table: fc.constantFrom(ONE, TWO),
  pk: fc.constantFrom("a", "b"),
  sk: fc.constantFrom("1", "1.0", "-2"),
  item,
  condition: fc.option(condition, { nil: undefined, freq: 2 }),
  update,
  returnOld: fc.boolean(),
  nameEverything: fc.boolean(),
});

function keyIn(tree: ActionTree): string {
  return [tree.table, tree.pk, tree.table === TWO ? Number(tree.sk) : ""].join();
}

/** Mostly on different items: AWS refuses two actions on one. */
const actions = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.uniqueArray(action, {
      minLength: 1,
      maxLength: 3,
      selector: keyIn,
    }),
  },
  { weight: 1, arbitrary: fc.array(action, { minLength: 1, maxLength: 4 }) },
);

export interface TransactionTree {
  actions: ActionTree[];
  /** Its request token, if it has one. */
  token?: string | undefined;
  /** Sent twice. */
  again: boolean;
}
export interface Run {
  seed: ActionTree[];
  transactions: TransactionTree[];
}
const token = fc.option(fc.constantFrom("p", "q"), { nil: undefined, freq: 2 });
/** Puts without conditions, so that most items are there when the rest begins. */
const seed = fc
  .uniqueArray(action, { minLength: 3, maxLength: 6, selector: keyIn })
  .map((all) => all.map((one): ActionTree => ({ ...one, kind: "Put", condition: undefined })));
export const run: fc.Arbitrary<Run> = fc.record({
  seed,
  transactions: fc.array(fc.record({ actions, token, again: fc.boolean() }), { minLength: 1, maxLength: 6 }),
});

/** An item, and paths of a projection that do not overlap. */
export const projection: fc.Arbitrary<{ item: Item; paths: string }> = fc
  .record({ item, removes: fc.array(path, { minLength: 1, maxLength: 4 }) })
  .map(({ item: projected, removes }) => {
    const kept = withoutOverlaps({ sets: [], removes, adds: [], deletes: [] }).removes;
    return { item: projected, paths: kept.map(placeholderBook(false).name).join(", ") };
  });

/** The request of one action; `scope` keeps the keys of runs apart. */
export function toAction(tree: ActionTree, scope: string): TransactWriteItem {
  const key: Item = { pk: { S: scope + tree.pk }, ...(tree.table === TWO ? { sk: { N: tree.sk } } : {}) };
  const used = placeholderBook(tree.nameEverything);
  const conditionTree =
    tree.condition ?? (tree.kind === "ConditionCheck" ? { call: "attribute_exists", path: ["pk"] } : undefined);
  const ConditionExpression = conditionTree && renderCondition(conditionTree, used);
  const UpdateExpression = tree.kind === "Update" ? renderUpdate(tree.update, used) : "";
  const common = {
    TableName: tree.table,
    ...used.parameters(),
    ...(tree.returnOld ? { ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const } : {}),
  };
  const withCondition = ConditionExpression === undefined ? common : { ...common, ConditionExpression };
  switch (tree.kind) {
    case "Put":
      return { Put: { ...withCondition, Item: { ...tree.item, ...key } } };
    case "Update":
      return { Update: { ...withCondition, Key: key, UpdateExpression } };
    case "Delete":
      return { Delete: { ...withCondition, Key: key } };
    case "ConditionCheck":
      return { ConditionCheck: { ...common, Key: key, ConditionExpression: ConditionExpression ?? "" } };
  }
}

interface PlaceholderBook {
  name(path: Step[]): string;
  value(one: AttributeValue): string;
  parameters(): { ExpressionAttributeNames?: Record<string, string>; ExpressionAttributeValues?: Item };
}

function placeholderBook(nameEverything: boolean): PlaceholderBook {
  const attributeNames: Record<string, string> = {};
  const values: Item = {};
  return {
    name: (steps) =>
      steps.reduce<string>((rendered, step) => {
        if (typeof step === "number") return `${rendered}[${step}]`;
        const separator = rendered === "" ? "" : ".";
        if (!nameEverything) return `${rendered}${separator}${step}`;
        attributeNames[`#${step}`] = step;
        return `${rendered}${separator}#${step}`;
      }, ""),
    value(one) {
      const placeholder = `:v${Object.keys(values).length}`;
      values[placeholder] = one;
      return placeholder;
    },
    parameters: () => ({
      ...(Object.keys(attributeNames).length > 0 ? { ExpressionAttributeNames: attributeNames } : {}),
      ...(Object.keys(values).length > 0 ? { ExpressionAttributeValues: values } : {}),
    }),
  };
}

function renderOperand(tree: OperandTree, used: PlaceholderBook): string {
  if ("path" in tree) return used.name(tree.path);
  return "size" in tree ? `size(${used.name(tree.size)})` : used.value(tree.value);
}

function renderCondition(tree: ConditionTree, used: PlaceholderBook): string {
  const nested = (inner: ConditionTree): string => {
    const rendered = renderCondition(inner, used);
    return "join" in inner || "not" in inner ? `(${rendered})` : rendered;
  };
  if ("compare" in tree) return `${renderOperand(tree.left, used)} ${tree.compare} ${renderOperand(tree.right, used)}`;
  if ("between" in tree) {
    return `${renderOperand(tree.between, used)} BETWEEN ${used.value(tree.lower)} AND ${used.value(tree.upper)}`;
  }
  if ("in" in tree) {
    return `${renderOperand(tree.in, used)} IN (${tree.candidates.map((one) => renderOperand(one, used)).join(", ")})`;
  }
  if ("call" in tree) {
    const argument = tree.argument === undefined ? "" : `, ${used.value(tree.argument)}`;
    return `${tree.call}(${used.name(tree.path)}${argument})`;
  }
  return "not" in tree ? `NOT ${nested(tree.not)}` : `${nested(tree.left)} ${tree.join} ${nested(tree.right)}`;
}

function renderUpdate(tree: UpdateTree, used: PlaceholderBook): string {
  const section = (word: string, clauses: string[]): string[] =>
    clauses.length === 0 ? [] : [`${word} ${clauses.join(", ")}`];
  return [
    ...section(
      "SET",
      tree.sets.map((one) => `${used.name(one.path)} = ${renderSet(one.value, used)}`),
    ),
    ...section("REMOVE", tree.removes.map(used.name)),
    ...section(
      "ADD",
      tree.adds.map((one) => `${used.name(one.path)} ${used.value(one.value)}`),
    ),
    ...section(
      "DELETE",
      tree.deletes.map((one) => `${used.name(one.path)} ${used.value(one.value)}`),
    ),
  ].join(" ");
}

function renderSet(tree: SetTree, used: PlaceholderBook): string {
  if ("path" in tree) return used.name(tree.path);
  if ("value" in tree) return used.value(tree.value);
  if ("arithmetic" in tree) return `${renderSet(tree.left, used)} ${tree.arithmetic} ${renderSet(tree.right, used)}`;
  if ("append" in tree) return `list_append(${tree.append.map((one) => renderSet(one, used)).join(", ")})`;
  return `if_not_exists(${used.name(tree.ifNotExists)}, ${renderSet(tree.otherwise, used)})`;
}
