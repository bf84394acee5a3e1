// Runs, as pure functions: attacks OR4 and OR5 of lib/protocol/ordered-run.ts, WM2 and WM3 of lib/protocol/watermark.ts.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TRANSACTION_ACTIONS_MAX } from "../../lib/aws/limits.ts";
import type { Effect, Guard, KeyNames } from "../../lib/protocol/effects.ts";
import { runItems, type Touches, together, touchesOf } from "../../lib/protocol/ordered-run.ts";
import { isDone, judgeWatermark, refusesMove, type Watermark, watermarkKey } from "../../lib/protocol/watermark.ts";

const keyNames: KeyNames = (table) => (table === "Orders" ? ["id"] : undefined);
const key = (id: string) => ({ id: { S: id } });
const none = { names: {}, values: {} };
const effects = {
  put: (id: string): Effect => ({
    kind: "put",
    tableName: "Orders",
    item: { ...key(id), n: { N: "1" } },
    expressions: none,
  }),
  update: (id: string): Effect => ({ kind: "update", tableName: "Orders", key: key(id), expressions: none }),
  delete: (id: string): Effect => ({ kind: "delete", tableName: "Orders", key: key(id), expressions: none }),
  check: (id: string): Effect => ({ kind: "check", tableName: "Orders", key: key(id), expressions: none }),
  increment: (id: string): Effect => ({ kind: "increment", tableName: "Orders", key: key(id), amounts: { n: "1" } }),
};
const guard = (id: string): Guard => ({
  tableName: "Orders",
  key: key(id),
  terms: [{ attribute: "n", value: { N: "1" } }],
});

type Part = { readonly kind: keyof typeof effects | "guard"; readonly id: string };
const part: fc.Arbitrary<Part> = fc.record({
  kind: fc.constantFrom<Part["kind"]>("put", "update", "delete", "check", "increment", "increment", "guard"),
  id: fc.constantFrom("a", "b", "c", "d", "e"),
});
/** Of one handler: an item has one effect. */
const message = fc.uniqueArray(part, { maxLength: 3, selector: ({ id }) => id });
const declared = (parts: readonly Part[]): { effects: Effect[]; guards: Guard[] } => ({
  effects: parts.flatMap(({ kind, id }) => (kind === "guard" ? [] : [effects[kind](id)])),
  guards: parts.flatMap(({ kind, id }) => (kind === "guard" ? [guard(id)] : [])),
});
const touches = (parts: readonly Part[]): Touches => {
  const own = declared(parts);
  return touchesOf(own.effects, own.guards, keyNames);
};

describe("runs", () => {
  it("OR4: an item that a message wrote is touched by no later one, but for increments of it", () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 8 }), (messages) => {
        const run = runItems();
        const taken: (readonly Part[])[] = [];
        for (const one of messages) {
          if (run.meets(touches(one))) {
            const met = one.some(({ id, kind }) =>
              taken.flat().some((earlier) => {
                const bothAdd = kind === "increment" && earlier.kind === "increment";
                return earlier.id === id && earlier.kind !== "guard" && !bothAdd;
              }),
            );
            expect(met).toBe(true); // never for nothing
            continue;
          }
          for (const { id, kind } of one) {
            const earlier = taken.flat().filter((other) => other.id === id && other.kind !== "guard");
            expect(earlier.every((other) => other.kind === "increment" && kind === "increment")).toBe(true);
            expect(run.isWritten(`6:Orders2:idS1:${id}`)).toBe(earlier.length > 0);
          }
          run.add(touches(one));
          taken.push(one);
        }
      }),
    );
  });

  it("OR4: what writes an item without a name goes by itself", () => {
    const unnamed = touchesOf([{ kind: "put", tableName: "Other", item: key("a"), expressions: none }], [], keyNames);
    const run = runItems();
    expect(run.meets(unnamed)).toBe(false);
    run.add(unnamed);
    expect([run.meets(unnamed), run.meets(touches([{ kind: "increment", id: "z" }]))]).toEqual([true, true]);
    const other = runItems();
    other.add(touches([{ kind: "increment", id: "z" }]));
    expect(other.meets(unnamed)).toBe(true);
  });

  it("has room for as many items as a transaction has actions beside the watermark's", () => {
    const run = runItems();
    const many = (from: number, count: number): Touches => ({
      written: Array.from({ length: count }, (_, index) => `i${from + index}`),
      added: [],
      guarded: [],
      unnamed: false,
    });
    expect(run.hasRoom(many(0, 200))).toBe(true); // alone: the transaction says what is wrong
    run.add(many(0, 50));
    expect(run.hasRoom(many(50, TRANSACTION_ACTIONS_MAX - 51))).toBe(true);
    expect(run.hasRoom(many(50, TRANSACTION_ACTIONS_MAX - 50))).toBe(false);
    expect(run.hasRoom(many(0, 50))).toBe(true); // no new item
  });

  it("guards that say the same are one", () => {
    const members = Array.from({ length: 100 }, () => declared([{ kind: "guard", id: "a" }]));
    expect(together(members).guards).toHaveLength(1);
    const changed: Guard = { ...guard("a"), terms: [{ attribute: "n", value: { N: "2" } }] };
    expect(together([...members, { effects: [], guards: [changed] }]).guards).toHaveLength(2);
  });
});

describe("watermarks", () => {
  const at = (position: string): Watermark => ({ pk: "p", position, attemptId: "a", passedOver: [] });
  const sha256 = (text: string): string => text;

  it("WM2: another consumer, origin or ordering key is another item, and none that of an idempotency key", () => {
    const text = fc.string({ maxLength: 6 });
    const lane = fc.record({ consumer: fc.stringMatching(/^[A-Za-z0-9._-]{1,8}$/), origin: text, orderingKey: text });
    fc.assert(
      fc.property(lane, lane, (one, other) => {
        const same =
          JSON.stringify([one.consumer, one.origin, one.orderingKey]) ===
          JSON.stringify([other.consumer, other.origin, other.orderingKey]);
        expect(watermarkKey(one.consumer, one, sha256) === watermarkKey(other.consumer, other, sha256)).toBe(same);
        expect(watermarkKey(one.consumer, one, sha256)).not.toMatch(/^[^#]*#[0-9a-f]{64}$/);
      }),
    );
  });

  it("WM1: done is what is not above it; a move is refused exactly where its first message is done", () => {
    const number = fc.bigInt({ min: 0n, max: 10n ** 40n - 1n });
    fc.assert(
      fc.property(number, number, (mark, first) => {
        const wide = (value: bigint): string => String(value).padStart(40, "0");
        const move = { ...at(wide(first)), status: "WATERMARK", first: wide(first) } as const;
        expect(isDone(wide(first), at(wide(mark)))).toBe(first <= mark);
        expect(refusesMove({ kind: "watermark", watermark: at(wide(mark)) }, move)).toBe(first <= mark);
      }),
    );
  });

  it("WM4: what is no watermark of this version is never done", () => {
    const unreadable = { kind: "unreadable", formatVersion: "2", status: "WATERMARK" } as const;
    expect(judgeWatermark(unreadable)).toEqual(unreadable);
    expect(isDone("1", undefined)).toBe(false);
  });
});
