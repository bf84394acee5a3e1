import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type DedupHorizonInput,
  dedupHorizonSeconds,
  type StreamHorizonInput,
  streamHorizonSeconds,
} from "../../lib/model/dedup-horizon.ts";

const DAY = 86_400;

const seconds = fc.integer({ min: 0, max: 14 * DAY });
const input: fc.Arbitrary<DedupHorizonInput> = fc.record({
  redrives: fc.integer({ min: 0, max: 20 }),
  sourceRetentionSeconds: seconds,
  deadLetterRetentionSeconds: seconds,
  visibilityTimeoutSeconds: seconds,
  functionTimeoutSeconds: seconds,
  producerResendWindowSeconds: seconds,
});

/** A message's life, walked step by step: the latest moment at which a copy of it can still be at work. */
function latestCopySeconds(life: DedupHorizonInput): number {
  let now = life.producerResendWindowSeconds; // the last resend
  for (let lives = 0; lives <= life.redrives; lives += 1) {
    now += life.sourceRetentionSeconds; // waits in the queue to its last moment
    now += life.deadLetterRetentionSeconds; // and in the DLQ, until it is moved back as a new message
  }
  now += life.visibilityTimeoutSeconds; // received in the last moment, held back as long as SQS may
  return now + life.functionTimeoutSeconds; // and run to the function's timeout
}

describe("dedup horizon", () => {
  it("is 38 days and 14 seconds with the constructs' defaults around a 2 s function", () => {
    const horizon = dedupHorizonSeconds({
      redrives: 1,
      sourceRetentionSeconds: 4 * DAY,
      deadLetterRetentionSeconds: 14 * DAY,
      visibilityTimeoutSeconds: 12,
      functionTimeoutSeconds: 2,
      producerResendWindowSeconds: 2 * DAY,
    });
    expect(horizon).toBe(38 * DAY + 14);
  });

  it("covers the longest life of a message, and not a second more (H1)", () => {
    fc.assert(
      fc.property(input, (life) => {
        expect(dedupHorizonSeconds(life)).toBe(latestCopySeconds(life));
      }),
    );
  });

  it("grows with every one of its terms, so that a larger setting never shortens it", () => {
    const term = fc.constantFrom<keyof DedupHorizonInput>(
      "redrives",
      "sourceRetentionSeconds",
      "deadLetterRetentionSeconds",
      "visibilityTimeoutSeconds",
      "functionTimeoutSeconds",
      "producerResendWindowSeconds",
    );
    fc.assert(
      fc.property(input, term, fc.integer({ min: 1, max: DAY }), (life, name, more) => {
        const positive = { ...life, sourceRetentionSeconds: life.sourceRetentionSeconds + 1 };
        const larger = { ...positive, [name]: positive[name] + more };
        expect(dedupHorizonSeconds(larger)).toBeGreaterThan(dedupHorizonSeconds(positive));
      }),
    );
  });
});

const streamInput: fc.Arbitrary<StreamHorizonInput> = fc.record({
  redrives: fc.integer({ min: 0, max: 20 }),
  retentionSeconds: seconds,
  recordAgeSecondsMax: seconds,
  deadLetterRetentionSeconds: seconds,
  batchWindowSeconds: seconds,
  functionTimeoutSeconds: seconds,
  producerResendWindowSeconds: seconds,
});

/** As above, for a record of a stream: read again by a new mapping, or held by Lambda, which looks at nothing but its age. */
function latestRecordSeconds(life: StreamHorizonInput): number {
  let now = life.producerResendWindowSeconds;
  for (let lives = 0; lives <= life.redrives; lives += 1) {
    if (lives > 0) now += life.deadLetterRetentionSeconds; // its dead letter is sent into the stream in the last moment
    now += life.recordAgeSecondsMax > life.retentionSeconds ? life.recordAgeSecondsMax : life.retentionSeconds;
  }
  return now + life.batchWindowSeconds + life.functionTimeoutSeconds;
}

describe("dedup horizon of a stream", () => {
  it("covers the longest life of a message, and not a second more (H1)", () => {
    fc.assert(
      fc.property(streamInput, (life) => {
        expect(streamHorizonSeconds(life)).toBe(latestRecordSeconds(life));
      }),
    );
  });
});
