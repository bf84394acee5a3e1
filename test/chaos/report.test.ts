// The report is one page that needs nothing else, and holds what happened, whatever the messages are called.

import { describe, expect, it } from "vitest";
import { reportOf } from "../../chaos/report/html.ts";
import { duration } from "../../chaos/report/latency.ts";
import { summaryOf } from "../../chaos/report/summary.ts";
import { binsOf, clock } from "../../chaos/report/timeline.ts";
import { type ChaosResult, latencyOf, type Moment } from "../../chaos/result.ts";

const moment = (deliveries: number, applied: number | undefined, faults: Record<string, number> = {}): Moment => ({
  deliveries,
  acknowledged: deliveries,
  applied,
  faults,
});

const RESULT: ChaosResult = {
  contender: "commit",
  kills: {},
  command: "npm run chaos -- --seed 7",
  versions: { semel: "0.1.0" },
  messages: 1_234,
  sends: 1_240,
  seed: 7,
  faultSeconds: 2,
  seconds: 3,
  invocations: 12,
  deliveries: 1_300,
  faults: { kill: 3, throttle: 2_000 },
  ledger: {
    messages: 1_234,
    appliedOnce: 1_233,
    rejected: 0,
    deadLettered: [],
    deadLetteredThoughApplied: [],
    lost: ["<m1>"],
    doubled: [],
    surplus: 0,
    unexpected: [],
    halves: 0,
    mischarged: [],
  },
  recovered: 400,
  requests: 5_000,
  latency: latencyOf([5, 50, 500, 5_000]),
  moments: [moment(5, 4, { kill: 3 }), moment(600, undefined, { throttle: 2_000 }), moment(695, 1_233)],
  stories: [{ key: "<m1>", verdict: "lost", happenings: [{ atMs: 12, what: "fault: kill, worker 3" }] }],
};

describe("report", () => {
  it("is one page: it loads nothing", () => {
    expect(reportOf(RESULT)).not.toMatch(/<script|<link|src=|url\(|https?:/);
  });

  it("says what was lost, with its history, and takes no text for markup", () => {
    const page = reportOf(RESULT);
    expect(page).toContain("Of 1,234 messages: 1 lost.");
    expect(page).toContain("<b>&lt;m1&gt;</b> lost, 1 events");
    expect(page).toContain("fault: kill, worker 3");
    expect(page).not.toContain("<m1>");
  });

  it("has a row for each kind of fault, and its count", () => {
    const rows = [...reportOf(RESULT).matchAll(/<rect class="fault"[^>]*><title>([^<]*)</g)].map(([, title]) => title);
    expect(rows).toEqual(["2000 × throttle at 0:01", "3 × kill at 0:00"]);
  });

  it("says that all is well where it is", () => {
    const well = { ...RESULT, ledger: { ...RESULT.ledger, lost: [], appliedOnce: 1_234 } };
    expect(reportOf(well)).toContain("Lost 0, doubled 0: all 1,234 messages are accounted for.");
    expect(summaryOf(well)).toContain("Lost 0, doubled 0: every message is accounted for.");
    expect(summaryOf(RESULT)).toContain("Violated: 1 lost.");
  });

  it("tells of the relay and of whose workers died, where there is a relay", () => {
    const relay = { relayed: 2_468, latencyMs: { p50: 90, p99: 800, max: 2_000 }, backlogMax: 12 };
    const kills = { "Chaos-OutboxFunctionAB1-x": 2, "Chaos-OrdersFunctionCD2-y": 1 };
    for (const text of [summaryOf({ ...RESULT, relay, kills }), reportOf({ ...RESULT, relay, kills })]) {
      expect(text).toMatch(/2,468 messages; median 90 ms, 99 % 800 ms, longest 2(\.0)? s; at most 12 items waiting/);
      expect(text).toContain("Outbox 2, Orders 1");
    }
    expect(summaryOf(RESULT)).not.toContain("relay");
  });
});

describe("timeline", () => {
  it("keeps every delivery and fault in its bins, however long the run", () => {
    const moments = Array.from({ length: 1_001 }, (_, index) => moment(1, index + 1, { kill: 1 }));
    const bins = binsOf(moments);
    expect(bins.length).toBeLessThanOrEqual(240);
    expect(bins.reduce((sum, { deliveries }) => sum + deliveries, 0)).toBe(1_001);
    expect(bins.reduce((sum, { faults }) => sum + (faults["kill"] ?? 0), 0)).toBe(1_001);
    expect(bins.reduce((sum, { applied }) => sum + (applied ?? 0), 0)).toBe(1_001);
    expect(bins.at(-1)?.toSeconds).toBe(1_001);
  });

  it("tells new effects since the last look, where nobody looked in between", () => {
    expect(binsOf([moment(0, 3), moment(0, undefined), moment(0, 10)]).map(({ applied }) => applied)).toEqual([
      3,
      undefined,
      7,
    ]);
  });

  it.each([
    [0, "0:00"],
    [65, "1:05"],
    [3_600, "60:00"],
  ])("writes %i s as %s", (seconds, text) => {
    expect(clock(seconds)).toBe(text);
  });

  it.each([
    [12, "12 ms"],
    [1_250, "1.3 s"],
    [12_400, "12 s"],
    [200_000, "3:20 min"],
  ])("writes %i ms as %s", (ms, text) => {
    expect(duration(ms)).toBe(text);
  });
});
