import { hash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fingerprint } from "../../lib/protocol/fingerprint.ts";

const of = (payload: unknown): string => fingerprint(payload, (text) => hash("sha256", text, "hex"));

function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, inner]) => [name, shuffled(inner)] as const);
  return Object.fromEntries(entries.reverse());
}

describe("the payload fingerprint", () => {
  it("does not depend on the order of fields", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (payload) => {
        expect(of(shuffled(payload))).toBe(of(payload));
      }),
    );
  });

  it("tells payloads apart (I7)", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const same = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
        expect(of(a) === of(b)).toBe(same);
      }),
    );
  });

  it("is stable: records written before must stay recognisable", () => {
    expect(of({ b: [1, null], a: "é" })).toBe("1:" + hash("sha256", '{"a":"é","b":[1,null]}', "hex"));
  });

  it("refuses what has no JSON form", () => {
    const circular: Record<string, unknown> = {};
    circular["self"] = circular;
    expect(() => of(undefined)).toThrow(TypeError);
    expect(() => of(circular)).toThrow(TypeError);
  });
});

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return Object.is(value, -0) ? 0 : value;
  const entries = Object.entries(value).map(([name, inner]) => [name, sorted(inner)] as const);
  return { object: entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)) };
}
