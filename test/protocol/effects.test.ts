import Big from "big.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Effect,
  foldIncrements,
  type IncrementEffect,
  itemId,
  keyNamesIn,
  keyOf,
  type PutEffect,
  refuseRepeatedItems,
  tablesToLookUp,
} from "../../lib/protocol/effects.ts";

const none = { names: {}, values: {} };
const put = (tableName: string, id: string): PutEffect => ({
  kind: "put",
  tableName,
  item: { id: { S: id }, other: { S: "x" } },
  expressions: none,
});
const update = (id: string): Effect => ({ kind: "update", tableName: "T", key: { id: { S: id } }, expressions: none });
const increment = (id: string, amounts: Record<string, string>): IncrementEffect => ({
  kind: "increment",
  tableName: "T",
  key: { id: { S: id } },
  amounts,
});
const idKey = (): readonly string[] => ["id"];

describe("E1, E2: increments fold, exactly, and nothing else does", () => {
  const amount = fc.integer({ min: -1_000_000, max: 1_000_000 }).map((n) => String(n / 100));
  const effect = fc.oneof(
    fc
      .tuple(fc.constantFrom("a", "b"), fc.dictionary(fc.constantFrom("x", "y", "__proto__"), amount, { minKeys: 1 }))
      .map(([id, amounts]): Effect => increment(id, amounts)),
    fc.constantFrom<Effect>(put("T", "c"), update("d")),
  );

  it("keeps every sum and every other effect", () => {
    fc.assert(
      fc.property(fc.array(effect, { maxLength: 12 }), (effects) => {
        const folded = foldIncrements(effects);
        expect(sums(folded)).toEqual(sums(effects));
        expect(folded.filter(({ kind }) => kind !== "increment")).toEqual(
          effects.filter(({ kind }) => kind !== "increment"),
        );
        const ids = folded.flatMap((one) => (one.kind === "increment" ? [itemId(one.tableName, one.key)] : []));
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });

  it("refuses a sum of more digits than DynamoDB has", () => {
    const effects = [increment("a", { n: "1e30" }), increment("a", { n: "0.00000000001" })];
    expect(() => foldIncrements(effects)).toThrow(/item \{"id":"a"\} of table T.*at most 38 digits.*SEMEL_LIMIT/s);
  });
});

function sums(effects: readonly Effect[]): Record<string, string> {
  const totals = new Map<string, Big>();
  for (const effect of effects) {
    if (effect.kind !== "increment") continue;
    for (const [name, amount] of Object.entries(effect.amounts)) {
      const id = `${itemId(effect.tableName, effect.key)} ${name}`;
      totals.set(id, (totals.get(id) ?? new Big(0)).plus(amount));
    }
  }
  return Object.fromEntries([...totals].map(([id, total]) => [id, total.toString()]).sort());
}

describe("E3: two writes of one item are an error that names the item", () => {
  it.each([
    [[put("T", "a"), put("T", "a")]],
    [[put("T", "a"), update("a")]],
    [[update("a"), increment("a", { n: "1" })]],
  ])("%#", (effects) => {
    expect(() => refuseRepeatedItems(effects, idKey)).toThrow(/both act on item \{"id":"a"\} of table T/);
  });

  it("tells items and tables apart", () => {
    expect(() => refuseRepeatedItems([put("T", "a"), put("T", "b"), put("U", "a"), update("c")], idKey)).not.toThrow();
  });

  it("names a missing key attribute of a put", () => {
    expect(() => keyOf(put("T", "a"), () => ["id", "sort"])).toThrow(/no key attribute "sort"/);
  });
});

describe("an item's identity", () => {
  it("does not depend on the order of attributes or the spelling of numbers", () => {
    expect(itemId("T", { a: { N: "1.50" }, b: { S: "x" } })).toBe(itemId("T", { b: { S: "x" }, a: { N: "15e-1" } }));
    expect(itemId("T", { a: { B: Uint8Array.of(1, 255) } })).toBe(
      itemId("T", { a: { B: Buffer.from("01ff", "hex") } }),
    );
  });

  it("tells types, tables and values apart", () => {
    const ids = [
      itemId("T", { a: { N: "1" } }),
      itemId("T", { a: { S: "1" } }),
      itemId("U", { a: { S: "1" } }),
      itemId("T", { a: { S: "1" }, b: { S: "1" } }),
      itemId("T", { a: { S: "1:bS:1" } }),
      itemId("T", { a: { S: "11:bS1:1" } }),
      itemId("T", { a: { B: Uint8Array.of(1) } }),
    ];
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("key names", () => {
  it("are shown by every Key, of effects and guards", () => {
    const guard = { tableName: "G", key: { p: { S: "1" }, s: { S: "2" } }, terms: [] };
    expect([...keyNamesIn([put("T", "a"), update("b")], [guard])]).toEqual([
      ["T", ["id"]],
      ["G", ["p", "s"]],
    ]);
  });

  it("are looked up only where a put shares its table and nothing shows them", () => {
    const unknown = (): undefined => undefined;
    expect(tablesToLookUp([put("T", "a")], [], unknown)).toEqual([]);
    expect(tablesToLookUp([put("T", "a"), put("T", "b")], [], unknown)).toEqual(["T"]);
    expect(tablesToLookUp([put("T", "a"), put("T", "b")], [], idKey)).toEqual([]);
    expect(tablesToLookUp([put("T", "a"), put("T", "b"), update("c")], [], unknown)).toEqual([]);
  });
});
