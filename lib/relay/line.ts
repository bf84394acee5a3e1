// A line of entries that go to one place in calls of several. What is ready by the end of a tick, or waits while all calls are under
// way, goes together.
//
//   LI1. An entry is in one call at a time, and gets the answer of that call.
//   LI2. No call has more entries or bytes than it may, but for one entry that is larger alone.

import { type Host, oncePerTick } from "../host.ts";

export interface LineOptions<Entry, Answer> {
  readonly host: Host;
  /** Side by side. */
  readonly callsMax: number;
  readonly entriesMax: number;
  readonly bytesMax: number;
  bytesOf(entry: Entry): number;
  /** One answer for each entry, in their order. Never rejects. */
  call(entries: readonly Entry[]): Promise<readonly Answer[]>;
}

export interface Line<Entry, Answer> {
  /** `alone`: in a call of its own. */
  offer(entry: Entry, alone?: boolean): Promise<Answer>;
}

interface Waiting<Entry, Answer> {
  readonly entry: Entry;
  readonly bytes: number;
  readonly alone: boolean;
  readonly resolve: (answer: Answer) => void;
}

export function createLine<Entry, Answer>(options: LineOptions<Entry, Answer>): Line<Entry, Answer> {
  const { host, callsMax } = options;
  const waiting: Waiting<Entry, Answer>[] = [];
  let underWay = 0;

  const goOn = oncePerTick(host, () => {
    while (underWay < callsMax && waiting.length > 0) void callOne();
  });

  async function callOne(): Promise<void> {
    const some = waiting.splice(0, countOf(waiting, options));
    underWay++;
    const answers = await options.call(some.map(({ entry }) => entry));
    underWay--;
    for (const [index, { resolve }] of some.entries()) resolve(answers[index] as Answer); // LI1
    goOn();
  }

  return {
    offer: (entry, alone = false) =>
      new Promise((resolve) => {
        waiting.push({ entry, bytes: options.bytesOf(entry), alone, resolve });
        goOn();
      }),
  };
}

/** LI2. How many of the first make one call. */
function countOf<Entry>(
  waiting: readonly Waiting<Entry, never>[],
  { entriesMax, bytesMax }: Pick<LineOptions<Entry, never>, "entriesMax" | "bytesMax">,
): number {
  let [count, bytes] = [0, 0];
  for (const { bytes: own, alone } of waiting) {
    if (count > 0 && (alone || count === entriesMax || bytes + own > bytesMax)) break;
    count++;
    bytes += own;
    if (alone) break;
  }
  return count;
}
