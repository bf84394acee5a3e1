// Rules that hit a worker at its n-th request; n is drawn once for each worker.
import type { Call } from "../call.ts";
import type { Seat } from "../seat.ts";
import type { LiveRule } from "./live-rule.ts";
import { drawFrom } from "./random.ts";
import type { WorkerRule } from "./types.ts";

export interface AtCalls {
  add(live: LiveRule<WorkerRule>): () => void;
  isOn(): boolean;
  /** The rule whose time this request is. */
  due(call: Call): LiveRule<WorkerRule> | undefined;
}

export function createAtCalls(suits: (live: LiveRule<WorkerRule>, seat: Seat) => boolean): AtCalls {
  const rules = new Map<LiveRule<WorkerRule>, WeakMap<Seat, number>>();
  return {
    add(live) {
      rules.set(live, new WeakMap());
      return () => void rules.delete(live);
    },
    isOn: () => rules.size > 0,
    due({ seat, ordinal }) {
      for (const [live, drawn] of rules) {
        if (live.isOver() || !suits(live, seat)) continue;
        const nth = drawn.get(seat) ?? drawFrom(live.rule.atCall ?? 1, live.random);
        drawn.set(seat, nth);
        if (ordinal === nth) return live;
      }
      return undefined;
    },
  };
}
