// Filter patterns of event source mappings: what passes, and what is refused.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readFilterCriteria } from "../../lib/local/streams/filter-criteria.ts";

const filter = (...patterns: readonly unknown[]) =>
  readFilterCriteria({ Filters: patterns.map((pattern) => ({ Pattern: JSON.stringify(pattern) })) }, "Mapping");
const RECORD = {
  eventName: "INSERT",
  dynamodb: { Keys: { pk: { S: "m#1" } }, NewImage: { unsent: { S: "3" }, open: { BOOL: true }, size: { N: "30" } } },
};
const passes = (...patterns: readonly unknown[]): boolean => filter(...patterns)(RECORD);

describe("filter criteria", () => {
  test("without filters everything passes", () => {
    expect(readFilterCriteria(undefined, "Mapping")(RECORD)).toBe(true);
    expect(readFilterCriteria({ Filters: [] }, "Mapping")(RECORD)).toBe(true);
  });

  test("all fields have to match, of a list of rules one, of the filters one (FC1)", () => {
    expect(passes({ eventName: ["INSERT"] })).toBe(true);
    expect(passes({ eventName: ["REMOVE"] })).toBe(false);
    expect(passes({ eventName: ["MODIFY", "INSERT"] })).toBe(true);
    expect(passes({ eventName: ["INSERT"], dynamodb: { Keys: { pk: { S: ["m#2"] } } } })).toBe(false);
    expect(passes({ eventName: ["REMOVE"] }, { dynamodb: { Keys: { pk: { S: ["m#1"] } } } })).toBe(true);
    expect(passes({ $or: [{ eventName: ["REMOVE"] }, { eventID: [{ exists: false }] }] })).toBe(true);
    expect(passes({ $or: [{ eventName: ["REMOVE"] }, { eventID: [{ exists: true }] }] })).toBe(false);
  });

  test("exists is for leaves (FC2)", () => {
    const unsent = (rule: unknown) => ({ dynamodb: { NewImage: { unsent: rule } } });
    expect(passes(unsent({ S: [{ exists: true }] }))).toBe(true);
    expect(passes(unsent({ S: [{ exists: false }] }))).toBe(false);
    expect(passes(unsent([{ exists: true }]))).toBe(false);
    expect(filter(unsent({ S: [{ exists: true }] }))({ eventName: "REMOVE", dynamodb: { Keys: {} } })).toBe(false);
    expect(filter({ toString: [{ exists: true }] })({})).toBe(false);
  });

  test.each([
    [[{ prefix: "m#" }], true],
    [[{ prefix: "g#" }], false],
    [[{ suffix: "#1" }], true],
    [[{ "equals-ignore-case": "M#1" }], true],
    [[{ "anything-but": "m#1" }], false],
    [[{ "anything-but": ["m#2", "m#3"] }], true],
    [[{ "anything-but": { prefix: "m#" } }], false],
    [[{ "anything-but": { prefix: "g#" } }], true],
  ])("the key by %j: %s", (rules, expected) => {
    expect(passes({ dynamodb: { Keys: { pk: { S: rules } } } })).toBe(expected);
  });

  test("nothing but exists matches what is not there, anything-but neither (FC2)", () => {
    expect(passes({ other: [{ "anything-but": "a" }] })).toBe(false);
    expect(passes({ other: [null] })).toBe(false);
    expect(passes({ other: [{ exists: false }] })).toBe(true);
  });

  test("numbers and booleans; a number attribute is a text", () => {
    const at = (leaf: unknown, rule: unknown) => filter({ at: [rule] })({ at: leaf });
    expect(at(5, { numeric: [">", 0, "<=", 5] })).toBe(true);
    expect(at(6, { numeric: [">", 0, "<=", 5] })).toBe(false);
    expect(at(5, { numeric: ["=", 5] })).toBe(true);
    expect(at("5", { numeric: ["=", 5] })).toBe(false);
    expect(passes({ dynamodb: { NewImage: { open: { BOOL: [true] } } } })).toBe(true);
    expect(passes({ dynamodb: { NewImage: { size: { N: [{ numeric: [">", 3] }] } } } })).toBe(false);
    expect(passes({ dynamodb: { NewImage: { size: { N: ["30"] } } } })).toBe(true);
    expect(at(["a", "b"], "b")).toBe(true);
  });

  test("a value passes exactly the filters that name it", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), fc.string(), (named, value) => {
        expect(filter({ at: named })({ at: value })).toBe(named.includes(value));
        expect(filter({ at: [{ "anything-but": named }] })({ at: value })).toBe(!named.includes(value));
        expect(filter(...named.map((one) => ({ at: [one] })))({ at: value })).toBe(named.includes(value));
      }),
    );
  });

  test.each([
    [{ a: [{ wildcard: "m*" }] }, /field a: rule \{"wildcard":"m\*"\} is not known here; known are values, prefix/],
    [{ a: [{ cidr: "10.0.0.0/8" }] }, /is not known here/],
    [{ a: [{ exists: "yes" }] }, /is not known here/],
    [{ a: [{ numeric: [">"] }] }, /is not known here/],
    [{ a: [{ numeric: ["~", 1] }] }, /is not known here/],
    [{ a: [{ "anything-but": { numeric: ["=", 1] } }] }, /is not known here/],
    [{ a: [{ prefix: "a", suffix: "b" }] }, /is not known here/],
    [{ a: "INSERT" }, /field a: it is "INSERT"; it must be a list of rules/],
    [["INSERT"], /it must be a JSON object/],
  ])("refuses %j (FC3)", (pattern, message) => {
    expect(() => filter(pattern)).toThrow(message);
  });

  test("refuses what is no JSON (FC3)", () => {
    expect(() => readFilterCriteria({ Filters: [{ Pattern: "{" }] }, "Mapping")).toThrow(/a Pattern is no JSON: \{/);
  });
});
