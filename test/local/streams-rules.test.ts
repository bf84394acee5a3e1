// What a response does to a batch of a stream, and what comes after: the pure parts.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Attempt, afterAttempt } from "../../lib/local/streams/attempts.ts";
import { createLane, type Lane, type LaneOptions } from "../../lib/local/streams/lane.ts";
import type { Taken } from "../../lib/local/streams/record.ts";
import { judgeStreamResponse, sequenceNumberOf } from "../../lib/local/streams/response.ts";

describe("a response on a stream", () => {
  const judge = (payload: string, reportsFailures = true) =>
    judgeStreamResponse(payload, { ids: ["5", "60", "700"], idOf: sequenceNumberOf, reportsFailures });
  const failures = (...identifiers: unknown[]) =>
    JSON.stringify({ batchItemFailures: identifiers.map((itemIdentifier) => ({ itemIdentifier })) });

  test.each(["", "null", "{}", '{"batchItemFailures":[]}', '{"batchItemFailures":null}'])(
    "%j: all is done",
    (payload) => {
      expect(judge(payload)).toEqual({ kind: "judged", left: [] });
    },
  );

  test("the lowest failure counts (SR1)", () => {
    expect(judge(failures("700", "60"))).toEqual({ kind: "judged", left: ["60", "700"] });
    expect(judge(failures("60", "700"))).toEqual({ kind: "judged", left: ["60", "700"] });
    expect(judge(failures("5"))).toEqual({ kind: "judged", left: ["5", "60", "700"] });
    expect(judge(failures("700"))).toEqual({ kind: "judged", left: ["700"] });
  });

  test.each([
    failures(""),
    failures(null),
    failures("60", "unknown"),
    failures(60),
    '{"batchItemFailures":[{"id":"60"}]}',
    '{"batchItemFailures":1}',
    '"text"',
    "no json",
  ])("%j: the whole batch failed (SR2)", (payload) => {
    expect(judge(payload)).toMatchObject({ kind: "failed" });
  });

  test("is not looked at without ReportBatchItemFailures", () => {
    expect(judge(failures("5"), false)).toEqual({ kind: "judged", left: [] });
  });
});

describe("after an attempt", () => {
  const tried = (records: readonly number[], failures = 0): Attempt<number> => ({
    records,
    failures,
    invocations: failures,
  });

  test("splits do not count, what can't be split does (AT3)", () => {
    const bisecting = { bisects: true, retriesMax: 1 };
    expect(afterAttempt(tried([1, 2, 3], 1), undefined, bisecting).next).toMatchObject([
      { records: [1, 2], failures: 1 },
      { records: [3], failures: 1 },
    ]);
    expect(afterAttempt(tried([1, 2, 3], 1), [3], bisecting).next).toMatchObject([{ records: [3], failures: 1 }]);
    expect(afterAttempt(tried([1, 2], 0), [1, 2], bisecting).next).toMatchObject([{ records: [1, 2], failures: 1 }]);
    expect(afterAttempt(tried([1], 1), undefined, bisecting)).toMatchObject({ next: [], givenUp: { records: [1] } });
    const whole = { bisects: false, retriesMax: 1 };
    expect(afterAttempt(tried([1, 2], 0), undefined, whole).next).toMatchObject([{ records: [1, 2], failures: 1 }]);
    expect(afterAttempt(tried([1, 2, 3], 1), [2, 3], whole).givenUp).toMatchObject({ records: [2, 3] });
    expect(afterAttempt(tried([1], 999), undefined, { bisects: true, retriesMax: undefined }).givenUp).toBeUndefined();
  });

  test("whatever fails, every record is done or given up once, in order (AT1, AT2)", () => {
    const outcomes = fc.array(fc.option(fc.nat(6), { nil: undefined }), { maxLength: 40 });
    const rules = fc.record({ bisects: fc.boolean(), retriesMax: fc.nat(3) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), outcomes, rules, (size, scripted, rule) => {
        const records = Array.from({ length: size }, (_, index) => index);
        const gone: number[] = [];
        let attempts: readonly Attempt<number>[] = [tried(records)];
        for (let step = 0; attempts.length > 0; step += 1) {
          const [attempt, ...others] = attempts;
          if (attempt === undefined) break;
          const script = step < scripted.length ? scripted[step] : attempt.records.length;
          const left = script === undefined ? undefined : attempt.records.slice(script);
          const { next, givenUp } = afterAttempt(attempt, left, rule);
          gone.push(...attempt.records.slice(0, script ?? 0), ...(givenUp?.records ?? []));
          attempts = [...next, ...others];
        }
        expect(gone).toEqual(records);
      }),
    );
  });
});

interface Told {
  readonly story: string[];
  readonly lane: Lane<string>;
  stop(): Promise<void>;
}

/** A lane whose records are their ids. */
function startLane(options: Partial<LaneOptions<string>>): Told {
  const story: string[] = [];
  const stopping = new AbortController();
  const names = (batch: readonly Taken<string>[]) => batch.map(({ id }) => id).join();
  const lane = createLane<string>({
    batchSize: 10,
    windowMs: 0,
    recordAgeMsMax: 60_000,
    rules: { bisects: true, retriesMax: 1 },
    envelopeBytes: 14,
    signal: stopping.signal,
    async invoke(batch) {
      story.push(`try ${names(batch)}`);
      return { left: [], requestId: "r", outcome: "success" };
    },
    async giveUp({ condition, records, invocations }) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      story.push(`${condition} ${names(records)} after ${invocations}`);
    },
    ...options,
  });
  return {
    story,
    lane,
    async stop() {
      while (lane.size() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      stopping.abort();
      await lane.ended;
    },
  };
}

const record = (id: string, ageSeconds = 0): Taken<string> => ({
  record: id,
  id,
  orderingKey: "one",
  arrivedAtMs: Date.now() - ageSeconds * 1000,
});

test("a record that is too old is given up without a try, and the lane goes on when that is told (LN2)", async () => {
  const { lane, story, stop } = startLane({});
  for (const one of [record("1", 90), record("2", 70), record("3", 1)]) lane.offer(one);
  await stop();
  expect(story.slice(-2)).toEqual([expect.stringMatching(/^RecordAgeExceeded .*2 after 0$/), "try 3"]);
});

test("a batch is what Lambda takes as a payload", async () => {
  const { lane, story, stop } = startLane({});
  const text = "x".repeat(2_500_000);
  for (const id of ["1", "2", "3"]) lane.offer({ ...record(id), record: text });
  await stop();
  expect(story).toEqual(["try 1,2", "try 3"]);
});

test("a batch ends where the stream is read again, without waiting for its window (LN3)", async () => {
  const { lane, story, stop } = startLane({ windowMs: 600_000, batchSize: 4 });
  for (const id of ["1", "2", "3"]) lane.offer(record(id));
  lane.cut();
  for (const id of ["2", "3", "4", "5"]) lane.offer(record(id));
  await stop();
  expect(story).toEqual(["try 1,2,3", "try 2,3,4,5"]);
});
