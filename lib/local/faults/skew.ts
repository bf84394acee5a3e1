// Wrong clocks: each worker's is wrong by what is drawn when it starts, for the whole of its life.
import type { Seat } from "../seat.ts";
import type { Injector } from "./desk.ts";
import { hitOf } from "./hit.ts";
import type { LiveRule } from "./live-rule.ts";
import { drawFrom } from "./random.ts";
import type { SkewRule } from "./types.ts";

export interface Skews extends Injector<SkewRule> {
  /** By how much the clock of a worker that starts now is wrong; to be asked once. */
  draw(seat: Seat): number;
}

export function createSkews(): Skews {
  const rules = new Set<LiveRule<SkewRule>>();
  return {
    add(live) {
      rules.add(live);
      return () => void rules.delete(live);
    },
    draw(seat) {
      for (const live of rules) {
        const { function: name = seat.logicalId, skewMs } = live.rule;
        if (live.isOver() || (name !== seat.logicalId && name !== seat.functionName)) continue;
        const ms = drawFrom(skewMs, live.random);
        live.hit({ ...hitOf(seat), ms });
        return ms;
      }
      return 0;
    },
    clear() {}, // a clock does not mend itself
  };
}
