// Attacks GC1 to GC4 of lib/protocol/group-commit.ts.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Effect, type Guard, itemId } from "../../lib/protocol/effects.ts";
import {
  type Candidate,
  exclusiveItems,
  grown,
  packGroup,
  shareOfLane,
  shrunk,
  splitEffects,
} from "../../lib/protocol/group-commit.ts";

const items = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e"), { maxLength: 3 });
const candidate: fc.Arbitrary<Candidate> = fc
  .record({
    actions: fc.integer({ min: 1, max: 30 }),
    bytes: fc.integer({ min: 0, max: 4_000_000 }),
    exclusive: items,
    increments: items,
    alone: fc.boolean(),
  })
  .map((one) => ({ ...one, increments: one.increments.filter((item) => !one.exclusive.includes(item)) }));
const busyItems = fc
  .uniqueArray(fc.constantFrom("a", "b"), { maxLength: 2 })
  .map((list): ReadonlySet<string> => new Set(list));

function actionsOf(group: readonly Candidate[]): number {
  const folds = new Set(group.flatMap(({ increments }) => increments));
  return group.reduce((sum, { actions }) => sum + actions, folds.size);
}
const touched = ({ exclusive, increments }: Candidate): string[] => [...exclusive, ...increments];

describe("packing", () => {
  it("GC1, GC2, GC3: whole messages, within the limits, no item twice, nothing that is under way", () => {
    fc.assert(
      fc.property(
        fc.array(candidate, { maxLength: 12 }),
        fc.integer({ min: 2, max: 100 }),
        busyItems,
        (all, max, busy) => {
          const picked = packGroup(all, { actionsMax: max, share: 100 }, busy);
          const group = picked.map((index) => all[index] as Candidate);
          expect(new Set(picked).size).toBe(picked.length);
          expect(group.flatMap(touched).some((item) => busy.has(item))).toBe(false);
          const free = all.filter((one) => !touched(one).some((item) => busy.has(item)));
          expect(group.length > 0).toBe(free.length > 0); // nobody waits without reason
          if (free.length > 0) expect(group[0]).toBe(free[0]);
          if (group.length < 2) return;
          expect(group.some(({ alone }) => alone)).toBe(false);
          expect(actionsOf(group)).toBeLessThanOrEqual(max);
          expect(group.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(4 * 1024 * 1024);
          const exclusive = group.flatMap((one) => one.exclusive);
          expect(new Set(exclusive).size).toBe(exclusive.length);
          expect(group.flatMap(({ increments }) => increments).some((item) => exclusive.includes(item))).toBe(false);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it("folds a hot item: 99 messages that add to it are one transaction", () => {
    const hot: Candidate = { actions: 1, bytes: 10, exclusive: [], increments: ["hot"], alone: false };
    expect(packGroup(Array(150).fill(hot), { actionsMax: 100, share: 25 }, new Set())).toHaveLength(99);
  });

  it("leaves to other lanes what they can take, beyond its share", () => {
    const own = (item: string): Candidate => ({
      actions: 1,
      bytes: 10,
      exclusive: [],
      increments: [item],
      alone: false,
    });
    const distinct = Array.from({ length: 100 }, (_, index) => own(`i${index}`));
    expect(packGroup(distinct, { actionsMax: 100, share: 25 }, new Set())).toHaveLength(12);
    expect([shareOfLane(distinct, 4, 0), shareOfLane(distinct, 100, 0)]).toEqual([50, 25]);
    expect(shareOfLane(distinct, 4, distinct.length)).toBe(100); // as many again will soon be here
    expect(shareOfLane([], 4, 10)).toBe(25);
  });

  it("grows and shrinks within the limits", () => {
    expect([grown(25), grown(50), grown(100)]).toEqual([50, 100, 100]);
    expect([shrunk(100), shrunk(3), shrunk(2)]).toEqual([50, 2, 2]);
  });
});

describe("splitting the effects of a message", () => {
  const increment = (id: string): Effect => ({
    kind: "increment",
    tableName: "T",
    key: { id: { S: id } },
    amounts: { n: "1" },
  });
  const put: Effect = { kind: "put", tableName: "T", item: { id: { S: "p" } }, expressions: { names: {}, values: {} } };
  const guard: Guard = { tableName: "T", key: { id: { S: "b" } }, terms: [] };

  it("GC4: increments fold freely, unless what they add to is guarded", () => {
    const { own, free } = splitEffects([increment("a"), put, increment("a"), increment("b")], [guard]);
    expect(free).toEqual([{ ...increment("a"), amounts: { n: "2" } }]);
    expect(own).toEqual([put, increment("b")]);
  });

  it("names the items that it touches, or says that it cannot", () => {
    const ids = ["b", "p"].map((id) => itemId("T", { id: { S: id } }));
    expect(exclusiveItems([put], [guard], () => ["id"])).toEqual(ids);
    expect(exclusiveItems([put], [], () => undefined)).toBeUndefined();
  });
});
