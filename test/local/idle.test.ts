import { describe, expect, test } from "vitest";
import { type IdleInput, waitUntilIdle } from "../../lib/local/idle.ts";
import type { LocalQueue } from "../../lib/local/index.ts";

const NONE = { visible: 0, delayed: 0, inFlight: 0 };
const queues = ["a", "b"].map((name): LocalQueue => ({ name, logicalId: name, stackName: "S", url: name, arn: name }));

/** What looks at the queues see, one after the other: a, b, a, b, ... The last goes on. */
function scripted(looks: readonly (keyof typeof NONE | undefined)[], more: Partial<IdleInput> = {}) {
  const seen: string[] = [];
  const input: IdleInput = {
    queues,
    count: async ({ name }) => {
      const busy = looks[Math.min(seen.length, looks.length - 1)];
      seen.push(name);
      return busy === undefined ? NONE : { ...NONE, [busy]: 1 };
    },
    invocationsStarted: () => 0,
    invocationsRunning: () => 0,
    failure: () => undefined,
    ...more,
  };
  return { seen, input };
}

describe("waitUntilIdle", () => {
  test("looks twice at least", async () => {
    const { seen, input } = scripted([undefined]);
    await waitUntilIdle(input, { quietMs: 0 });
    expect(seen).toEqual(["a", "b", "a", "b"]);
  });

  test("a message that went to a queue already seen empty is not missed", async () => {
    // a and b were empty when looked at, but meanwhile a function took from b and sent to a.
    const { seen, input } = scripted([undefined, undefined, "visible", undefined]);
    await waitUntilIdle(input, { quietMs: 0 });
    expect(seen).toEqual(["a", "b", "a", "a", "b", "a", "b"]);
  });

  test("waits for delayed messages and for those in flight", async () => {
    for (const state of ["delayed", "inFlight"] as const) {
      const { seen, input } = scripted([undefined, state, undefined]);
      await waitUntilIdle(input, { quietMs: 0 });
      expect(seen).toHaveLength(6);
    }
  });

  test("an invocation between two looks counts as work", async () => {
    const started = [0, 1, 1, 1];
    const { seen, input } = scripted([undefined], { invocationsStarted: () => started.shift() ?? 1 });
    await waitUntilIdle(input, { quietMs: 0 });
    expect(seen).toHaveLength(6);
  });

  test("waits while an invocation runs", async () => {
    const running = [1, 1, 0];
    const { seen, input } = scripted([undefined], { invocationsRunning: () => running.shift() ?? 0 });
    await waitUntilIdle(input, { quietMs: 0 });
    expect(running).toEqual([]);
    expect(seen).toHaveLength(4);
  });

  test("at its timeout it says what is left", async () => {
    const { input } = scripted(["inFlight"]);
    await expect(waitUntilIdle(input, { timeoutMs: 1 })).rejects.toThrow(
      /queue a has 0 visible, 0 delayed, 1 in flight/,
    );
  });

  test("an engine's death is told rather than the broken connection", async () => {
    const death = new Error("dead engine");
    const asked: string[] = [];
    const { input } = scripted([undefined], {
      count: async ({ name }) => {
        asked.push(name);
        throw new Error("ECONNREFUSED");
      },
      failure: () => (asked.length > 0 ? death : undefined),
    });
    await expect(waitUntilIdle(input, {})).rejects.toBe(death);
  });

  test("can be aborted", async () => {
    const { input } = scripted(["visible"]);
    await expect(waitUntilIdle(input, { signal: AbortSignal.timeout(60) })).rejects.toThrow(/timeout|abort/i);
  });
});
