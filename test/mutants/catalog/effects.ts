// Mistakes about effects, guards and what a handler declares.
//
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are code.

import type { Mutant } from "../mutant.ts";

const EFFECTS = "lib/protocol/effects.ts";
const CONDITIONS = "lib/store/conditions.ts";
const DECLARATIONS = "lib/consumer/declarations.ts";
const TX = "lib/consumer/tx.ts";

export const EFFECT_MUTANTS: readonly Mutant[] = [
  {
    name: "two writes of one item not refused",
    file: EFFECTS,
    find: "if (earlier) {",
    replace: "if (earlier === null) {",
    caughtBy: ["protocol/effects.test.ts", "consumer/tx.test.ts"],
  },
  {
    name: "a fold that drops an increment",
    file: EFFECTS,
    find: "else fold.sums = add(",
    replace: "else add(",
    caughtBy: ["protocol/effects.test.ts", "consumer/tx.test.ts"],
  },
  {
    name: "a fold across items",
    file: EFFECTS,
    find: "const id = itemId(effect.tableName, effect.key);\n    const fold",
    replace: "const id = effect.tableName;\n    const fold",
    caughtBy: ["protocol/effects.test.ts"],
  },
  {
    name: "floating-point fold",
    file: EFFECTS,
    find: `addDecimals(sums.get(attribute) ?? "0", amount)`,
    replace: `String(Number(sums.get(attribute) ?? "0") + Number(amount))`,
    caughtBy: ["protocol/effects.test.ts"],
  },
  {
    name: "a fold beyond 38 digits sent on",
    file: EFFECTS,
    find: "if (total.length > NUMBER_DIGITS_MAX && decimalDigits(total) > NUMBER_DIGITS_MAX) {",
    replace: "if (total === undefined) {",
    caughtBy: ["protocol/effects.test.ts"],
  },
  {
    name: "a conditional increment accepted",
    file: DECLARATIONS,
    find: `checkedTable("increment", params, ["Key"], own)`,
    replace: `checkedTable("increment", params, ["Key", ...CONDITION_FIELDS], own)`,
    caughtBy: ["consumer/tx.test.ts"],
  },
  {
    name: "an amount that JavaScript cannot hold accepted",
    file: DECLARATIONS,
    find: "return !Number.isInteger(amount) || Number.isSafeInteger(amount);",
    replace: "return true;",
    caughtBy: ["consumer/tx.test.ts"],
  },
  {
    name: "unguarded tx.get",
    file: TX,
    find: "const guarded = options.guard !== false;",
    replace: "const guarded = options.guard === true;",
    caughtBy: ["simulation/schedules.test.ts", "consumer/commit.test.ts"],
  },
  {
    name: "guard without the absence terms: an item that was not there",
    file: CONDITIONS,
    find: "return `attribute_not_exists(${name})`;",
    replace: "return `(attribute_not_exists(${name}) OR attribute_exists(${name}))`;",
    caughtBy: ["consumer/commit.test.ts", "store/record-store.test.ts"],
  },
  {
    name: "guard without the absence terms: a named attribute that was not there",
    file: DECLARATIONS,
    find: ".map((attribute) => ({ attribute, value: item[attribute] }));",
    replace: ".map((attribute) => ({ attribute, value: item[attribute] })).filter(({ value }) => value !== undefined);",
    caughtBy: ["consumer/commit.test.ts"],
  },
  {
    name: "guard dropped when the item has an effect",
    file: "lib/store/transaction.ts",
    find: "guards ? withCondition(own, guardExpressions(guards)) : own",
    replace: "own",
    caughtBy: ["consumer/commit.test.ts", "store/transaction.test.ts"],
  },
  {
    name: "guard dropped when the item has no effect",
    file: "lib/store/transaction.ts",
    find: "for (const own of guards.values()) actions.push(checkGuards(own));",
    replace: "",
    caughtBy: ["consumer/commit.test.ts", "store/transaction.test.ts"],
  },
  {
    name: "guard merged to an effect's own condition without parentheses",
    file: CONDITIONS,
    find: "`${enclosed(own.condition)} AND ${added.condition}`",
    replace: "`${own.condition} AND ${added.condition}`",
    caughtBy: ["store/transaction.test.ts"],
  },
  {
    name: "guard of the first read alone, where an item was read twice",
    file: CONDITIONS,
    find: "guards.flatMap(({ terms }) => terms)",
    replace: "(guards[0]?.terms ?? [])",
    caughtBy: ["store/transaction.test.ts"],
  },
  {
    name: "swallowed declaration error",
    file: TX,
    find: "failed ??= { error }; // X1\n",
    replace: "",
    caughtBy: ["consumer/tx.test.ts"],
  },
  {
    name: "swallowed error of a guarded read",
    file: TX,
    find: "if (guarded) failed ??= { error }; // X3",
    replace: "",
    caughtBy: ["consumer/handlers.test.ts"],
  },
  {
    name: "a guarded read that nobody awaited lets the commit through",
    file: TX,
    find: "if (reading > 0) failed ??=",
    replace: "if (reading > 99) failed ??=",
    caughtBy: ["consumer/tx.test.ts"],
  },
  {
    name: "zombie handler's tx accepted after close",
    file: TX,
    find: "if (!open) {",
    replace: "if (!open && effects.length < 0) {",
    caughtBy: ["consumer/deadline.test.ts"],
  },
  {
    name: "effects on the record table accepted",
    file: DECLARATIONS,
    find: "if (tableOf(tableName) === tableOf(own.records)) {",
    replace: `if (tableName === "") {`,
    caughtBy: ["consumer/tx.test.ts"],
  },
  {
    name: "effects on the record table accepted, by its ARN",
    file: DECLARATIONS,
    find: "if (tableOf(tableName) === tableOf(own.records)) {",
    replace: "if (tableName === own.records) {",
    caughtBy: ["consumer/tx.test.ts"],
  },
  {
    name: "a foreign field dropped in silence",
    file: DECLARATIONS,
    find: "if (foreign.length > 0) {",
    replace: "if (foreign.length > 99) {",
    caughtBy: ["consumer/tx.test.ts"],
  },
  {
    name: "a later change of a declared object counts (V1)",
    file: "lib/consumer/marshalling.ts",
    find: "marshall(copy(value), ",
    replace: "marshall(value, ",
    caughtBy: ["consumer/tx.test.ts"],
  },
  {
    name: "a number that JavaScript cannot hold rounded (V3)",
    file: "lib/consumer/marshalling.ts",
    find: "{ wrapNumbers: exactNumber }",
    replace: "{ wrapNumbers: Number }",
    caughtBy: ["consumer/tx.test.ts"],
  },
];
