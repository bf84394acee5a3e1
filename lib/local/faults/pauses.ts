// Pollers that stand still for a while.
import type { LocalQueue } from "../types.ts";
import type { LiveRule } from "./live-rule.ts";
import { suits } from "./queue-trouble.ts";
import { drawFrom } from "./random.ts";
import type { DeliveryRule } from "./types.ts";

export interface Pauses {
  /** False while the rule's last pause goes on. */
  begin(live: LiveRule<DeliveryRule>): boolean;
  /** Resolves when the pause of this queue's pollers is over; undefined when there is none. */
  of(queue: LocalQueue): Promise<void> | undefined;
  clear(): void;
}

interface Pause {
  readonly over: Promise<void>;
  readonly end: () => void;
}

export function createPauses(): Pauses {
  const pauses = new Map<LiveRule<DeliveryRule>, Pause>();
  return {
    begin(live) {
      if (pauses.has(live)) return false;
      const { queue, forMs = 0 } = live.rule;
      const ms = drawFrom(forMs, live.random);
      let end = (): void => {};
      const over = new Promise<void>((resolve) => {
        const timer = setTimeout(() => end(), ms);
        end = () => {
          clearTimeout(timer);
          pauses.delete(live);
          resolve();
        };
      });
      pauses.set(live, { over, end });
      live.hit({ ...(queue === undefined ? {} : { queue }), ms });
      return true;
    },
    of: (queue) => [...pauses].find(([live]) => suits(live.rule, queue))?.[1].over,
    clear() {
      for (const { end } of [...pauses.values()]) end();
    },
  };
}
