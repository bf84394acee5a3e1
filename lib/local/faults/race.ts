// Holds conditional writes until somebody else has written the same item, so that their conditions fail for a real reason.
//
//   RA1. A held write goes on when another worker's write of its first item was answered, when its time is up, or on clear().
import type { Call } from "../call.ts";
import type { ItemsOfCall } from "../differences/conflicts.ts";
import { actionsOf, SINGLE_WRITES } from "../differences/items.ts";
import type { Seat } from "../seat.ts";
import type { JsonObject } from "../values.ts";

export interface Races {
  /** Resolves when the call may go on. */
  hold(call: Call, msMax: number): Promise<void>;
  /** After each answer to a request that was read whole. */
  answered(call: Call): void;
  clear(): void;
}

interface Held {
  readonly seat: Seat;
  readonly item: string;
  readonly release: () => void;
}

export function createRaces(itemsOfCall: ItemsOfCall): Races {
  const held = new Set<Held>();

  return {
    async hold(call, msMax) {
      const [item] = await itemsOfCall(call);
      if (item === undefined) return;
      await new Promise<void>((resolve) => {
        const release = (): void => {
          clearTimeout(timer);
          held.delete(one);
          resolve();
        };
        const timer = setTimeout(release, msMax);
        const one: Held = { seat: call.seat, item, release };
        held.add(one);
        call.onEnd(release); // the worker died
      });
    },
    answered(call) {
      if (held.size === 0 || !(SINGLE_WRITES.has(call.operation) || call.operation === "TransactWriteItems")) return;
      const releaseOthers = (items: readonly (string | undefined)[]): void => {
        for (const one of held) if (one.seat !== call.seat && items.includes(one.item)) one.release(); // RA1
      };
      itemsOfCall(call).then(releaseOthers, () => {});
    },
    clear() {
      for (const one of held) one.release();
    },
  };
}

export function isConditional(operation: string, input: JsonObject): boolean {
  const actions = SINGLE_WRITES.has(operation) ? [input] : actionsOf(input);
  return actions.some((action) => action["ConditionExpression"] !== undefined);
}
