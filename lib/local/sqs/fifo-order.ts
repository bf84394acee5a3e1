// FIFO queues: as many messages of one group as there are, then those of the next group.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-queues-understanding-logic.html
//
//   FO1. A message is not received while an earlier one of its group is in flight or delayed. This is the lock of the group.
//        It is by position: where the first of two messages in flight becomes visible before the second, the first comes
//        again, as recorded on AWS (LocalStack's validated test of a terminated visibility timeout).
//   FO2. Messages of a group are received in the order in which they were sent, also when they come again.
import { append, type Chain, createChain, unlink } from "./chain.ts";
import type { StoredMessage } from "./message.ts";
import type { Order } from "./order.ts";

export function createFifoOrder(): Order {
  /** All messages of a group, hidden ones too, as they were sent (FO2). */
  const groups = new Map<string, Chain>();
  /** Groups whose first message is visible, in the order of their turn. */
  const ready = new Set<string>();

  const idOf = (message: StoredMessage): string => message.groupId ?? "";
  const judge = (id: string): void => {
    const head = groups.get(id)?.head;
    if (head?.state === "visible") ready.add(id);
    else ready.delete(id); // FO1
  };

  return {
    enter(message) {
      const id = idOf(message);
      let group = groups.get(id);
      if (group === undefined) {
        group = createChain();
        groups.set(id, group);
      }
      append(group, message);
      judge(id);
    },
    leave(message) {
      const id = idOf(message);
      const group = groups.get(id);
      if (group === undefined) return;
      unlink(group, message);
      if (group.head === undefined) groups.delete(id);
      judge(id);
    },
    turned(message) {
      judge(idOf(message));
    },
    received(message) {
      const id = idOf(message);
      if (ready.delete(id)) judge(id); // at the end of the turns
    },
    select(max, isDead) {
      const taken: StoredMessage[] = [];
      const dead: StoredMessage[] = [];
      for (const id of ready) {
        // The first is visible, or the group would not be ready.
        for (let one = groups.get(id)?.head; one !== undefined && taken.length < max; one = visibleAfter(one)) {
          (isDead(one) ? dead : taken).push(one);
        }
        if (taken.length >= max) break;
      }
      return { taken, dead };
    },
    size: () => groups.size + ready.size,
  };
}

function visibleAfter({ next }: StoredMessage): StoredMessage | undefined {
  return next?.state === "visible" ? next : undefined; // FO1
}
