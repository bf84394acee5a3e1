// Attacks ET1 and ET2 of lib/model/entropy.ts: the bound against codes that are built here, and against known sources.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { entropy } from "../../lib/model/entropy.ts";

/** Bits of an optimal prefix code for these counts (Huffman): what a code with one fixed table can do. */
function huffmanBits(counts: readonly number[]): number {
  const heap = [...counts].sort((a, b) => a - b);
  let bits = 0;
  while (heap.length > 1) {
    const sum = (heap.shift() as number) + (heap.shift() as number);
    bits += sum;
    heap.splice(heap.findIndex((other) => other >= sum) >>> 0, 0, sum);
  }
  return bits;
}

function countsOf(bytes: Uint8Array): number[] {
  return [...Map.groupBy(bytes, (byte) => byte).values()].map(({ length }) => length);
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 2_000 }),
  fc.array(fc.constantFrom(1, 1, 1, 2, 2, 3), { maxLength: 2_000 }).map((list) => Uint8Array.from(list)),
);

describe("entropy", () => {
  it.each([
    ["nothing", new Uint8Array(), 0, 0],
    ["one byte, again and again", new Uint8Array(1_000), 0, 0],
    ["two bytes by turns", Uint8Array.from({ length: 1_000 }, (_, n) => n % 2), 0, 1],
    ["two bytes by turns, seen with the one before", Uint8Array.from({ length: 1_001 }, (_, n) => n % 2), 1, 0],
    [
      "two bytes, each twice, seen with the one before",
      Uint8Array.from({ length: 1_001 }, (_, n) => (n >> 1) % 2),
      1,
      1,
    ],
    [
      "two bytes, each twice, seen with the two before",
      Uint8Array.from({ length: 1_001 }, (_, n) => (n >> 1) % 2),
      2,
      0,
    ],
    ["all bytes alike", Uint8Array.from({ length: 2_560 }, (_, n) => n % 256), 0, 8],
  ])("of %s", (_, sample, order, bitsPerByte) => {
    expect(entropy(sample, { order }).bitsPerByte).toBeCloseTo(bitsPerByte, 1);
  });

  it("ET1: bounds the best code of one table, and is within a bit a byte of it", () => {
    const property = fc.property(bytes, (sample) => {
      const { bitsPerByte, boundBytes } = entropy(sample);
      const best = huffmanBits(countsOf(sample));
      expect(bitsPerByte * sample.byteLength).toBeLessThanOrEqual(best + 1e-6);
      if (countsOf(sample).length > 1) expect(best).toBeLessThanOrEqual((bitsPerByte + 1) * sample.byteLength + 1e-6);
      expect(boundBytes).toBe(Math.max(0, Math.ceil((bitsPerByte * sample.byteLength) / 8 - 1e-9)));
    });
    fc.assert(property);
  });

  it("ET2: falls with the order, until every context has been seen once", () => {
    const property = fc.property(bytes, (sample) => {
      const all = [0, 1, 2, 3].map((order) => entropy(sample, { order }));
      for (const [order, { bitsPerByte, contexts }] of all.entries()) {
        expect(bitsPerByte).toBeLessThanOrEqual((all[order - 1]?.bitsPerByte ?? 8) + 1e-9);
        expect(contexts).toBeLessThanOrEqual(Math.max(1, sample.byteLength));
      }
    });
    fc.assert(property);
  });

  it("takes several samples as one source, and texts as UTF-8", () => {
    expect(entropy(["ab", Uint8Array.of(97, 98)])).toEqual({ ...entropy("abab"), bytes: 4 });
    expect(entropy("é").bytes).toBe(2);
    expect(entropy(["a", "b"]).bitsPerByte).toBe(1);
  });

  it.each([-1, 4, 0.5, Number.NaN])("refuses order %s", (order) => {
    expect(() => entropy("x", { order })).toThrow(/Use 0 to 3/);
  });
});
