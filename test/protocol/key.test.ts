import { hash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keyText, recordKey, valueAt } from "../../lib/protocol/key.ts";

const sha256 = (text: string): string => hash("sha256", text, "hex");
const textOf = (value: unknown): { key: string; canonical: string } => {
  const text = keyText(value, "the key function");
  if (!text.ok) throw text.error;
  return text;
};
const keyOf = (value: unknown): string => textOf(value).key;

describe("K1: a key fails closed", () => {
  it.each([
    [undefined, /gave undefined for the key/],
    [null, /gave null for the key/],
    [42, /gave a value of type number/],
    ["", /gave an empty string/],
    ["  ", /gave an empty string/],
    [{}, /gave a value of type object/],
    [[], /gave an empty list/],
    [["a", undefined], /gave undefined for part 2 of 2/],
    [["a", ""], /gave an empty string for part 2 of 2/],
    ["536365/undefined", /looks partly missing/],
    ["null/7", /looks partly missing/],
    ["a-NaN-b", /looks partly missing/],
    ["[object Object]", /looks partly missing/],
    ["536365undefined", /looks partly missing/],
    ["null7", /looks partly missing/],
    ["/", /looks partly missing/],
  ])("%j is refused", (value, message) => {
    expect(() => keyOf(value)).toThrow(message);
    expect(() => keyOf(value)).toThrow(/SEMEL_KEY/);
  });

  it.each(["536365/1", "nullable", "Undefined Ltd", "NaNcy", "0", "Größe", "訂單"])("%j is taken as it is", (value) => {
    expect(keyOf(value)).toBe(value);
  });
});

describe("K2: different keys never share a record", () => {
  it("keeps lists apart, whatever their parts hold", () => {
    const part = fc.constantFrom("a", '","', "]", "[", "\\", "a,b", "b").map((text) => `x${text}`);
    const parts = fc.array(part, { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        expect(keyOf(a) === keyOf(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
      { numRuns: 2_000 },
    );
  });

  it("keeps a list apart from a string that looks like one, and ill-formed strings apart", () => {
    const canonical = (value: unknown): string => recordKey("orders", textOf(value).canonical, sha256);
    expect(canonical(["a"])).not.toBe(canonical('["a"]'));
    expect(canonical("a\ud800")).not.toBe(canonical("a\ud801"));
  });

  it("keeps the whole SHA-256, in the consumer's scope", () => {
    const pk = recordKey("orders", "536365/1", sha256);
    expect(pk).toBe(`orders#${sha256("536365/1")}`);
    expect(pk.slice("orders#".length)).toMatch(/^[0-9a-f]{64}$/);
    expect(recordKey("refunds", "536365/1", sha256)).not.toBe(pk);
  });
});

describe("a dot path", () => {
  it.each([
    [{ order: { id: "7" } }, "order.id", "7"],
    [{ order: null }, "order.id", undefined],
    ["text", "length", undefined],
    [{}, "constructor.name", undefined],
    [{ list: ["a"] }, "list.0", "a"],
  ])("%j at %s", (body, path, value) => expect(valueAt(body, path)).toBe(value));
});
