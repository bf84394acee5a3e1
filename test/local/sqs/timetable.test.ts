// The earliest message first, whichever came or went before.

import fc from "fast-check";
import { expect, it } from "vitest";
import { newMessage, type StoredMessage } from "../../../lib/local/sqs/message.ts";
import { createTimetable } from "../../../lib/local/sqs/timetable.ts";

const messageAt = (atMs: number): StoredMessage => ({
  ...newMessage({ body: "a", bodyMd5: "", senderId: "me" }, `m${atMs}`, 0),
  visibleAtMs: atMs,
});

it("gives the earliest of those that are in", () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("add" as const), value: fc.nat(50) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("remove" as const), value: fc.nat(50) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("first" as const), value: fc.constant(0) }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: "max" }), (steps) => {
      const timetable = createTimetable({ slot: "hiddenSlot", time: "visibleAtMs" });
      const inside: StoredMessage[] = [];
      const remove = (message: StoredMessage | undefined): void => {
        if (message === undefined) return;
        timetable.remove(message);
        timetable.remove(message); // twice does no harm
        inside.splice(inside.indexOf(message), 1);
      };
      const check = (): void => {
        const earliest = inside.length === 0 ? undefined : Math.min(...inside.map(({ visibleAtMs }) => visibleAtMs));
        expect(timetable.first()?.visibleAtMs).toBe(earliest);
      };
      for (const { kind, value } of steps) {
        if (kind === "add") {
          const message = messageAt(value);
          timetable.add(message);
          inside.push(message);
        } else remove(kind === "first" ? timetable.first() : inside[value % Math.max(1, inside.length)]);
        check();
      }
      while (inside.length > 0) {
        remove(timetable.first());
        check();
      }
    }),
    { numRuns: 500 },
  );
});
