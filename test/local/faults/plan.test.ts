// Fault plans: what is read and what is refused, and that draws are the plan's own.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLiveRule } from "../../../lib/local/faults/live-rule.ts";
import { createRandom, drawFrom, pick } from "../../../lib/local/faults/random.ts";
import { readPlan, readRule } from "../../../lib/local/faults/read-plan.ts";
import { FAULT_NAMES } from "../../../lib/local/faults/specs.ts";
import type { FaultPlan } from "../../../lib/local/index.ts";

const PLAN: FaultPlan = {
  seed: 7,
  calls: [
    {
      service: "dynamodb",
      operation: "TransactWriteItems",
      fault: "applied-later",
      probability: 0.02,
      delayMs: [50, 2000],
    },
    { service: "sqs", fault: "reset-before", nth: [3], queue: "Queue", limit: 2 },
    { service: "dynamodb", operation: "TransactWriteItems", fault: "throttle", error: "ThrottlingError" },
  ],
  workers: [
    { fault: "kill", everyMs: 5000 },
    { fault: "kill", atCall: [1, 40], when: "after", function: "F" },
    { fault: "freeze", everyMs: 7000, forMs: [500, 12000] },
    { fault: "freeze-after-response", probability: 0.5 },
    { fault: "out-of-memory", atMs: [100, 200] },
  ],
  deliveries: [
    { fault: "duplicate", probability: 0.1 },
    { fault: "redrive", everyMs: 1000 },
    { fault: "pause", atMs: 5, forMs: 100 },
  ],
  engines: [{ engine: "dynamodb", fault: "restart", everyMs: 30000, downMs: 300 }],
  clock: { skewMs: [-60000, 60000] },
};

describe("a plan", () => {
  test("is read as it is written, each rule with its place", () => {
    const { seed, rules } = readPlan(JSON.parse(JSON.stringify(PLAN)));
    expect(seed).toBe(7);
    expect(rules.map(({ place }) => place)).toEqual([
      ...["calls[0]", "calls[1]", "calls[2]"],
      ...["workers[0]", "workers[1]", "workers[2]", "workers[3]", "workers[4]"],
      ...["deliveries[0]", "deliveries[1]", "deliveries[2]", "engines[0]", "clock"],
    ]);
    expect(rules[0]?.rule).toEqual(PLAN.calls?.[0]);
    expect(rules.at(-1)?.rule).toEqual({ fault: "skew", skewMs: [-60000, 60000] });
    expect(readPlan({})).toEqual({ seed: 1, rules: [] });
  });

  test.each<[unknown, RegExp]>([
    [[], /the fault plan is \[\]; it must be an object/],
    [{ sede: 1 }, /unknown sede; allowed: seed, calls, workers, deliveries, engines, clock/],
    [{ seed: 1.5 }, /seed is 1\.5; it must be a whole number/],
    [{ calls: {} }, /calls is \{\}; it must be a list/],
    [{ calls: [{ service: "dynamodb", fault: "resett" }] }, /calls\[0\]\.fault is "resett".*delay, throttle.*hang/],
    [{ calls: [{ service: "dynamodb", fault: "kill" }] }, /calls\[0\]\.fault is "kill".*delay/],
    [{ calls: [{ fault: "hang" }] }, /calls\[0\] \(hang\) has no service/],
    [{ calls: [{ service: "s3", fault: "hang" }] }, /service is "s3"; it must be one of dynamodb, sqs/],
    [{ calls: [{ service: "dynamodb", fault: "hang", probabilty: 1 }] }, /unknown probabilty; allowed: .*probability/],
    [{ calls: [{ service: "dynamodb", fault: "hang", probability: 1.1 }] }, /a number from 0 to 1/],
    [{ calls: [{ service: "dynamodb", fault: "hang", probability: 0.1, nth: [1] }] }, /takes one of them/],
    [{ calls: [{ service: "dynamodb", fault: "hang", nth: [0] }] }, /whole numbers from 1 on/],
    [{ calls: [{ service: "dynamodb", fault: "delay" }] }, /has no delayMs/],
    [{ calls: [{ service: "dynamodb", fault: "delay", delayMs: [5, 1] }] }, /\[least, most\]/],
    [{ calls: [{ service: "sqs", fault: "race" }] }, /race is unknown to SQS/],
    [{ calls: [{ service: "dynamodb", fault: "race", operation: "GetItem" }] }, /one of TransactWriteItems, PutItem/],
    [{ calls: [{ service: "dynamodb", fault: "throttle", error: "Slow" }] }, /one of ThrottlingException/],
    [{ calls: [{ service: "dynamodb", fault: "throttle", error: "ThrottlingError" }] }, /one of ThrottlingException/],
    [{ calls: [{ service: "dynamodb", fault: "hang", queue: "Q" }] }, /absent for DynamoDB/],
    [{ workers: [{ fault: "kill" }] }, /none of everyMs, atMs, atCall; it needs exactly one/],
    [{ workers: [{ fault: "kill", everyMs: 5, atCall: 2 }] }, /everyMs and atCall of/],
    [{ workers: [{ fault: "kill", everyMs: 5, when: "after" }] }, /"when" without atCall/],
    [{ workers: [{ fault: "freeze", everyMs: 5 }] }, /has no forMs/],
    [{ workers: [{ fault: "kill", everyMs: 0 }] }, /everyMs is 0/],
    [{ deliveries: [{ fault: "redrive" }] }, /none of everyMs, atMs/],
    [{ engines: [{ fault: "restart", engine: "sns", everyMs: 1 }] }, /one of dynamodb, sqs/],
    [{ clock: { skewMs: "much" } }, /clock\.skewMs is "much"/],
    [{ clock: { skewMs: 1, everyMs: 4 } }, /unknown everyMs/],
  ])("%j is refused", (plan, message) => {
    expect(() => readPlan(plan)).toThrow(message);
  });

  test("a single rule may be of any kind", () => {
    expect(() => readRule({ fault: "nothing" })).toThrow(new RegExp(FAULT_NAMES.join(", ")));
    expect(readRule({ fault: "lost-delete" })).toEqual({ fault: "lost-delete" });
  });
});

describe("draws", () => {
  const draws = (seed: number, label: string, times: number) => {
    const random = createRandom(seed, label);
    return Array.from({ length: times }, () => random());
  };

  test("the same seed and place give the same, whatever another rule draws meanwhile (RN1)", () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.boolean()), (seed, turns) => {
        const [one, other] = [createRandom(seed, "calls[0]"), createRandom(seed, "calls[1]")];
        const mixed = turns.flatMap((isOne) => [isOne ? one() : other()].filter(() => isOne));
        expect(mixed).toEqual(draws(seed, "calls[0]", mixed.length));
      }),
    );
    expect(draws(7, "calls[0]", 5)).not.toEqual(draws(8, "calls[0]", 5));
    expect(draws(7, "calls[0]", 5)).not.toEqual(draws(7, "calls[1]", 5));
  });

  test("a probability is met, ranges are within their ends and reach them", () => {
    const random = createRandom(7, "x");
    const hits = Array.from({ length: 10_000 }, random).filter((one) => one < 0.1).length;
    expect(hits).toBeGreaterThan(900);
    expect(hits).toBeLessThan(1100);
    const drawn = new Set(Array.from({ length: 1000 }, () => drawFrom([-2, 2], random)));
    expect([...drawn].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
    expect(drawFrom(5, random)).toBe(5);
    expect(new Set(Array.from({ length: 100 }, () => pick(["a", "b"], random)))).toEqual(new Set(["a", "b"]));
  });

  test("a rule fires by its nth, and not over its limit or after its end", () => {
    const live = createLiveRule(
      { fault: "lost-delete", nth: [2, 3, 5], limit: 2 },
      { random: createRandom(1, "x"), onHit: () => {} },
    );
    const fired = Array.from({ length: 6 }, () => {
      const fires = live.fires();
      if (fires) live.hit({});
      return fires;
    });
    expect(fired).toEqual([false, true, true, false, false, false]);
    const ended = createLiveRule({ fault: "lost-delete" }, { random: createRandom(1, "x"), onHit: () => {} });
    expect(ended.fires()).toBe(true);
    ended.end();
    expect(ended.fires()).toBe(false);
  });
});
