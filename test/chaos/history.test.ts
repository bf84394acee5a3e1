// What a chaos run tells of each message: from the events of the local cloud.

import type { LocalEvent } from "semel/local";
import { describe, expect, it } from "vitest";
import { createHistory, type History } from "../../chaos/history.ts";

const START_MS = 1_000_000;
const keyOf = (body: string): string | undefined => (body.startsWith("key ") ? body.slice(4) : undefined);
const WORKER = { functionName: "chaos", workerId: 3, requestId: "r1" };

function started(atMs: number, bodies: Readonly<Record<string, string>>, requestId = "r1"): LocalEvent {
  const records = Object.entries(bodies).map(([messageId, body]) => ({
    messageId,
    body,
    attributes: { ApproximateReceiveCount: "2" },
  }));
  const messageIds = Object.keys(bodies);
  const payload = JSON.stringify({ Records: records });
  const invocation = { ...WORKER, requestId, messages: messageIds.length, messageIds, payload };
  return { kind: "invocation-started", ...invocation, atMs: START_MS + atMs };
}

interface End {
  readonly outcome?: "success" | "crash";
  readonly deletedIds?: readonly string[];
  readonly requestId?: string;
}

function ended(atMs: number, { outcome = "success", deletedIds = [], requestId = "r1" }: End): LocalEvent {
  const invocation = { ...WORKER, requestId, messages: 0, messageIds: [], deleted: deletedIds.length, deletedIds };
  return { kind: "invocation-ended", ...invocation, outcome, atMs: START_MS + atMs };
}

function fault(atMs: number, hit: Partial<Extract<LocalEvent, { kind: "fault" }>>): LocalEvent {
  return { kind: "fault", fault: "throttle", atMs: START_MS + atMs, ...hit };
}

function historyOf(...events: readonly LocalEvent[]): History {
  const history = createHistory({ startMs: START_MS, keyOf });
  for (const event of events) history.observe(event);
  return history;
}

const words = (history: History, key: string): string[] => history.happenings(key).map(({ what }) => what);

describe("history", () => {
  it("tells a message's deliveries, faults and ends, in words", () => {
    const history = historyOf(
      started(0, { a: "key 1", b: "key 2" }),
      fault(10, { workerId: 3, requestId: "r1", operation: "TransactWriteItems" }),
      ended(20, { deletedIds: ["a"] }),
      started(30, { b: "key 2" }, "r2"),
      ended(40, { outcome: "crash", requestId: "r2" }),
    );
    expect(words(history, "1")).toEqual([
      "delivered to worker 3, receipt 2",
      "fault: throttle at TransactWriteItems, worker 3",
      "acknowledged by worker 3",
    ]);
    expect(words(history, "2").slice(2)).toEqual([
      "reported failed by worker 3",
      "delivered to worker 3, receipt 2",
      "lost in the death by worker 3",
    ]);
  });

  it("takes a message for through at its end alone, and for troubled when a function has it twice", () => {
    const history = createHistory({ startMs: START_MS, keyOf, isEnd: (name) => name === "last" });
    const at = (event: LocalEvent, functionName: string): void =>
      history.observe({ ...event, functionName } as LocalEvent);
    history.sent("1");
    at(started(0, { a: "key 1" }), "first");
    at(ended(1_000, { deletedIds: ["a"] }), "first");
    expect(history.latenciesMs()).toEqual([]);
    at(started(2_000, { b: "key 1" }, "r2"), "last");
    expect(history.troubled()).toEqual(new Set());
    at(started(3_000, { b: "key 1" }, "r3"), "last");
    expect(history.troubled()).toEqual(new Set(["1"]));
    at(ended(4_000, { deletedIds: ["b"], requestId: "r3" }), "last");
    expect(history.latenciesMs()).toHaveLength(1);
  });

  it("counts no records of the relay's stream as messages, but its kills", () => {
    const stream: LocalEvent = { ...started(0, {}, "r9"), payload: '{"Records":[{"dynamodb":{}}]}' } as LocalEvent;
    const history = historyOf(
      stream,
      { ...started(1, {}, "r8"), payload: '{"source":"aws.events"}' } as LocalEvent,
      fault(10, { fault: "kill", functionName: "relay", requestId: "r9" }),
      ended(20, { deletedIds: ["1"], requestId: "r9" }),
    );
    expect([history.invocations(), history.deliveries(), history.acknowledged()]).toEqual([2, 0, 0]);
    expect(history.kills()).toEqual({ relay: 1 });
  });

  it("counts by the second", () => {
    const history = historyOf(
      started(999, { a: "key 1" }),
      ended(1_000, { deletedIds: ["a"] }),
      fault(2_500, {}),
      fault(2_600, { fault: "kill" }),
    );
    expect(history.seconds()).toEqual([
      { deliveries: 1, acknowledged: 0, faults: {} },
      { deliveries: 0, acknowledged: 1, faults: {} },
      { deliveries: 0, acknowledged: 0, faults: { throttle: 1, kill: 1 } },
    ]);
    expect(history.faults()).toEqual({ throttle: 1, kill: 1 });
    expect([history.deliveries(), history.acknowledged(), history.invocations()]).toEqual([1, 1, 1]);
  });

  it("knows a message under the new id that a redrive gave it", () => {
    const history = historyOf(
      started(0, { a: "key 1" }),
      ended(1, { outcome: "crash" }),
      started(2, { z: "key 1" }, "r2"),
      ended(3, { deletedIds: ["z"], requestId: "r2" }),
    );
    expect(words(history, "1").at(-1)).toBe("acknowledged by worker 3");
    expect(history.deliveries()).toBe(2);
  });

  it("calls troubled what a fault hit, and what came twice, and nothing else", () => {
    const history = historyOf(
      started(0, { a: "key quiet", b: "key again" }),
      ended(1, { deletedIds: ["a", "b"] }),
      started(2, { b: "key again" }),
      ended(3, { deletedIds: ["b"] }),
      started(4, { c: "key hit" }),
      fault(5, { fault: "duplicate", messageIds: ["c"] }),
    );
    expect([...history.troubled()].sort()).toEqual(["again", "hit"]);
  });

  it("takes a message that is none of ours for nothing", () => {
    const history = historyOf(started(0, { a: "stranger" }), ended(1, { deletedIds: ["a"] }));
    expect(history.troubled().size).toBe(0);
    expect(history.latenciesMs()).toEqual([]);
  });
});
