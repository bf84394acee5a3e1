// Messages by a time of theirs, the earliest first: a binary heap that knows each message's place, so that one can leave
// before its time and nothing is kept of it.
import type { StoredMessage } from "./message.ts";

export interface Timetable {
  first(): StoredMessage | undefined;
  /** At most once for a message. Its time must not change while it is in. */
  add(message: StoredMessage): void;
  /** Nothing happens when it is not in. */
  remove(message: StoredMessage): void;
}

export interface TimetableOptions {
  /** Where a message keeps its place; -1 when it is not in. */
  readonly slot: "hiddenSlot" | "retentionSlot";
  readonly time: "visibleAtMs" | "sentAtMs";
}

export function createTimetable({ slot, time }: TimetableOptions): Timetable {
  const heap: StoredMessage[] = [];

  const put = (message: StoredMessage, index: number): void => {
    heap[index] = message;
    message[slot] = index;
  };

  function rise(message: StoredMessage, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex];
      if (parent === undefined || parent[time] <= message[time]) break;
      put(parent, index);
      index = parentIndex;
    }
    put(message, index);
  }

  function sink(message: StoredMessage, from: number): void {
    let index = from;
    for (;;) {
      const [left, right] = [heap[2 * index + 1], heap[2 * index + 2]];
      if (left === undefined) break;
      const isRight = right !== undefined && right[time] < left[time];
      const child = isRight ? right : left;
      if (child[time] >= message[time]) break;
      put(child, index);
      index = 2 * index + (isRight ? 2 : 1);
    }
    put(message, index);
  }

  return {
    first: () => heap[0],
    add(message) {
      rise(message, heap.length);
    },
    remove(message) {
      const index = message[slot];
      if (index < 0) return;
      message[slot] = -1;
      const last = heap.pop();
      if (last === undefined || last === message) return;
      const parent = heap[(index - 1) >> 1];
      if (index > 0 && parent !== undefined && parent[time] > last[time]) rise(last, index);
      else sink(last, index);
    },
  };
}
