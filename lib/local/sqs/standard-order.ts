// Standard queues: visible messages as they became visible. Groups mark tenants only, and hold nothing back.
import { append, createChain, unlink } from "./chain.ts";
import type { StoredMessage } from "./message.ts";
import type { Order } from "./order.ts";

export function createStandardOrder(): Order {
  const visible = createChain();
  return {
    enter(message) {
      if (message.state === "visible") append(visible, message);
    },
    leave(message) {
      if (message.state === "visible") unlink(visible, message);
    },
    turned(message) {
      if (message.state === "visible") append(visible, message);
      else unlink(visible, message);
    },
    received(message) {
      if (message.state !== "visible") return;
      unlink(visible, message);
      append(visible, message);
    },
    select(max, isDead) {
      const taken: StoredMessage[] = [];
      const dead: StoredMessage[] = [];
      for (let one = visible.head; one !== undefined && taken.length < max; one = one.next) {
        (isDead(one) ? dead : taken).push(one);
      }
      return { taken, dead };
    },
    size: () => (visible.head === undefined ? 0 : 1),
  };
}
