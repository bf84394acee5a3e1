// Attacks CJ1 of lib/protocol/canonical-json.ts: against the library that made the fingerprints before it.

import fc from "fast-check";
import { configure } from "safe-stable-stringify";
import { describe, expect, it } from "vitest";
import { canonicalJson } from "../../lib/protocol/canonical-json.ts";

const theirs = configure({ deterministic: true, circularValue: Error });
const name = fc.oneof(
  fc.string({ unit: "binary", maxLength: 3 }),
  fc.constantFrom("1", "10", "9", "__proto__", "toJSON"),
);
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, 1e21, 1e-7, Number.MAX_SAFE_INTEGER));
const leaf = fc.oneof(
  fc.constantFrom(null, true, undefined),
  fc.oneof(number, fc.bigInt(), fc.date({ noInvalidDate: true })),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.dictionary(name, number, { minKeys: 40, maxKeys: 60 }), // many keys are sorted in another way than few
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    leaf,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(name, tie("value"), { maxKeys: 4 }),
  ),
}));

describe("canonical JSON", () => {
  it("CJ1: is the text that it always was", () => {
    fc.assert(
      fc.property(value, (payload) => {
        expect(canonicalJson(payload)).toBe(theirs(payload));
      }),
      { numRuns: 500 },
    );
  });

  it("sorts by UTF-16 units, keeps lone surrogates apart, and asks toJSON with its name", () => {
    const named = { toJSON: (key: string) => `<${key}>` };
    const payload = { "￿": 1, "😀": "\ud800", é: [undefined, named], b: { toJSON: () => undefined }, a: named };
    const json = '{"a":"<a>","é":[null,"<1>"],"😀":"\\ud800","￿":1}';
    expect(canonicalJson(payload)).toBe(json);
    expect(theirs(payload)).toBe(json);
  });

  it("has no text for what JSON has none for, and refuses a circle", () => {
    const circle: unknown[] = [];
    const twice = { a: circle };
    expect(canonicalJson(undefined)).toBeUndefined();
    expect(canonicalJson(() => 1)).toBeUndefined();
    expect(canonicalJson([twice, twice])).toBe('[{"a":[]},{"a":[]}]');
    circle.push(twice);
    expect(() => canonicalJson(twice)).toThrow(TypeError);
  });
});
