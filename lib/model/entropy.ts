// How much of a payload is news: its empirical entropy, as a bound of what a code can save. Pure.
//
//   ET1. Of order 0: no code that has one fixed table for single bytes makes the payload smaller, whatever the table, which is not
//        even counted. Codes that look further may: gzip finds repetitions, so it goes below where there are any.
//   ET2. Of order k: the same for codes whose table is chosen by the k bytes before. It falls with k. Where contexts are nearly as many
//        as bytes it says nothing: each of them has been seen once, and the table is the payload.

export interface EntropyOptions {
  /** Bytes before that a code looks at, 0 to 3. @default 0 */
  readonly order?: number;
}

export interface Entropy {
  readonly order: number;
  /** Of all samples together. */
  readonly bytes: number;
  readonly bitsPerByte: number;
  /** What no such code goes below, bytes. */
  readonly boundBytes: number;
  /** Tables that such a code would need: near `bytes`, the bound says nothing (ET2). */
  readonly contexts: number;
}

const ORDER_MAX = 3; // contexts are numbers of 24 bits

/** Of one payload, or of several that share their tables. Texts count as UTF-8. Throws a RangeError for another order. */
export function entropy(
  samples: string | Uint8Array | readonly (string | Uint8Array)[],
  { order = 0 }: EntropyOptions = {},
): Entropy {
  if (!Number.isInteger(order) || order < 0 || order > ORDER_MAX)
    throw new RangeError(`order is ${order}. Use 0 to ${ORDER_MAX}`);
  const contexts = new Map<number, Map<number, number>>();
  let bytes = 0;
  for (const sample of listOf(samples)) bytes += count(sample, order, contexts);
  let bits = 0;
  for (const counts of contexts.values()) bits += bitsOf(counts);
  return {
    order,
    bytes,
    bitsPerByte: bytes === 0 ? 0 : bits / bytes,
    boundBytes: Math.ceil(bits / 8),
    contexts: contexts.size,
  };
}

function listOf(samples: string | Uint8Array | readonly (string | Uint8Array)[]): readonly Uint8Array[] {
  const list = typeof samples === "string" || samples instanceof Uint8Array ? [samples] : samples;
  return list.map((sample) => (typeof sample === "string" ? new TextEncoder().encode(sample) : sample));
}

/** Counts which byte follows which context; the first bytes have zeros before them. */
function count(sample: Uint8Array, order: number, contexts: Map<number, Map<number, number>>): number {
  const mask = 256 ** order - 1;
  let context = 0;
  for (const byte of sample) {
    const counts = contexts.get(context) ?? new Map<number, number>();
    contexts.set(context, counts);
    counts.set(byte, (counts.get(byte) ?? 0) + 1);
    context = ((context << 8) | byte) & mask;
  }
  return sample.byteLength;
}

/** Sum of -log2(p) over all that followed one context. */
function bitsOf(counts: ReadonlyMap<number, number>): number {
  let total = 0;
  for (const times of counts.values()) total += times;
  let bits = 0;
  for (const times of counts.values()) bits += times * Math.log2(total / times);
  return bits;
}
