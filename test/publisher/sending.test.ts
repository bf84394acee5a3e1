// Random batches under random faults, against an SQS engine: every message ends in the queue, or is reported as what it is.

import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { MESSAGE_BYTES_MAX } from "../../lib/aws/queues.ts";
import { messageBytes } from "../../lib/protocol/queue-message.ts";
import type { OutgoingMessage } from "../../lib/publisher/message.ts";
import { publisherOf } from "../../lib/publisher/publisher.ts";
import type { SendResult } from "../../lib/publisher/results.ts";
import { memoryObjects, type ObjectFault } from "../support/memory-objects.ts";
import {
  type BadQueue,
  badQueue,
  ENTRY_FAULTS,
  type EntryFault,
  keyOf,
  REQUEST_FAULTS,
  type RequestFault,
} from "./bad-queue.ts";

const TIMEOUT_MS = 20_000;
const LARGE = "x".repeat(300 * 1024);

/** A message's own number is its body, so that order can be seen. */
const messageOf = fc.record({
  group: fc.constantFrom("a", "b", "c"),
  isLarge: fc.nat(9).map((n) => n === 0),
  isInvalid: fc.nat(19).map((n) => n === 0),
});
const requestFault: fc.Arbitrary<RequestFault> = fc.oneof(
  { weight: 6, arbitrary: fc.constant("none" as const) },
  { weight: 4, arbitrary: fc.constantFrom(...REQUEST_FAULTS) },
);
const entryFault: fc.Arbitrary<EntryFault> = fc.oneof(
  { weight: 9, arbitrary: fc.constant("none" as const) },
  { weight: 2, arbitrary: fc.constantFrom(...ENTRY_FAULTS) },
);
const objectFault: fc.Arbitrary<ObjectFault> = fc.oneof(
  { weight: 3, arbitrary: fc.constant("none" as const) },
  { weight: 3, arbitrary: fc.constantFrom("answer-lost", "never-applied", "hangs", "denied") },
);
const day = fc.record({
  messages: fc.array(messageOf, { maxLength: 35, size: "max" }),
  requestFaults: fc.array(requestFault, { maxLength: 20, size: "max" }),
  entryFaults: fc.array(entryFault, { maxLength: 60, size: "max" }),
  /** Afterwards: well, or the same trouble for ever. */
  endless: fc.constantFrom<RequestFault[]>(
    [],
    [],
    ["throttled"],
    ["never-applied"],
    ["answer-lost"],
    ["deaf"],
    ["refused"],
  ),
  /** What is large goes to S3; none: to the queue. */
  objectFaults: fc.option(fc.array(objectFault, { maxLength: 6, size: "max" }), { nil: undefined }),
  concurrency: fc.constantFrom(1, 3, 10),
  abortAfterMs: fc.option(fc.integer({ min: 0, max: 3_000 }), { nil: undefined, freq: 4 }),
});
type Day = typeof day extends fc.Arbitrary<infer D> ? D : never;

interface Run {
  readonly queue: BadQueue;
  readonly messages: readonly OutgoingMessage[];
  readonly results: readonly SendResult[];
  readonly tookMs: number;
  /** Of the message with this body. */
  readonly numberOf: (body: string) => number;
}

async function run(given: Day, fifo: boolean): Promise<Run> {
  const [requestFaults, entryFaults] = [[...given.requestFaults], [...given.entryFaults]];
  const queue = badQueue({
    fifo,
    ofRequest: () => requestFaults.shift() ?? given.endless[0] ?? "none",
    ofEntry: () => entryFaults.shift() ?? "none",
  });
  const { host, send, url: queueUrl } = queue;
  const { concurrency, objectFaults } = given;
  const left = [...(objectFaults ?? [])];
  const objects = memoryObjects(() => left.shift() ?? "none");
  const stored = objectFaults && { claimCheck: { bucket: "large", overBytes: 1_024 } };
  const publisher = publisherOf({ queueUrl, concurrency, timeoutMs: TIMEOUT_MS, ...stored }, { host, send, objects });
  const messages = given.messages.map(
    ({ group, isLarge, isInvalid }, number): OutgoingMessage => ({
      body: isLarge ? { number, LARGE } : { number },
      ...(fifo ? { groupId: group } : {}),
      ...(isInvalid ? { attributes: { "AWS.mine": "x" } } : {}),
    }),
  );
  const caller = new AbortController();
  if (given.abortAfterMs !== undefined) host.after(given.abortAfterMs, () => caller.abort());
  const startedMs = host.nowMs();
  const results = await host.run(publisher.sendBatch(messages, { signal: caller.signal }));
  const tookMs = host.nowMs() - startedMs;
  const requests = queue.requests.length;
  await host.drain(); // what was to come late has come
  expect(queue.requests.length).toBe(requests); // PS5
  const bodyOf = (body: string): string => {
    if (!body.startsWith("s3://")) return body;
    return Buffer.from(objects.content.get(body.slice("s3://".length)) ?? "").toString(); // UP1: it is there
  };
  return {
    queue,
    messages,
    results,
    tookMs,
    numberOf: (body) => (JSON.parse(bodyOf(body)) as { number: number }).number,
  };
}

function checkResults({ queue, messages, results, tookMs, numberOf }: Run): void {
  expect(results.length).toBe(messages.length); // PS1
  expect(tookMs).toBeLessThanOrEqual(TIMEOUT_MS); // PS5
  const stored = queue.messages();
  const copies = Map.groupBy(stored, ({ body }) => numberOf(body));
  for (const [number, result] of results.entries()) {
    const own = copies.get(number) ?? [];
    expect(new Set(own.map(keyOf)).size).toBeLessThanOrEqual(1); // PS2: each under one key
    if (own.length > 0) expect(keyOf(own[0] ?? {})).toBe(result.key); // PB1
    if (result.ok) {
      expect(own.some(({ id }) => id === result.messageId)).toBe(true);
    } else if (result.error.code !== "SEMEL_UNKNOWN_OUTCOME") {
      expect(["SEMEL_MESSAGE", "SEMEL_CLAIM_CHECK", "SEMEL_REFUSED", "SEMEL_NOT_SENT"]).toContain(result.error.code);
      expect(own).toEqual([]); // PS3
    }
  }
  for (const { Entries } of queue.requests) {
    expect(Entries.length).toBeLessThanOrEqual(10); // LA2
    const bytes = Entries.reduce(
      (sum, { MessageBody, MessageAttributes = {} }) => sum + messageBytes(MessageBody, MessageAttributes),
      0,
    );
    expect(bytes).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
  }
}

const OUTCOMES = [
  "SEMEL_CLAIM_CHECK",
  "SEMEL_MESSAGE",
  "SEMEL_NOT_SENT",
  "SEMEL_REFUSED",
  "SEMEL_UNKNOWN_OUTCOME",
  "sent",
];

describe("random messages under random faults", () => {
  const seen = new Set<string>();
  const note = ({ results }: Run): void => {
    for (const result of results) seen.add(result.ok ? "sent" : result.error.code);
  };
  afterEach(() => {
    expect([...seen].sort()).toEqual(OUTCOMES);
    seen.clear();
  });

  it("PS1, PS2, PS3, PS5: to a standard queue: each is sent, at least once under its key, or told", async () => {
    await fc.assert(
      fc.asyncProperty(day, async (given) => {
        const done = await run(given, false);
        checkResults(done);
        note(done);
      }),
      { numRuns: 120 },
    );
  });

  it("PS4, LA1: to a FIFO queue: once each, in order within its group, and nothing behind a failure", async () => {
    await fc.assert(
      fc.asyncProperty(day, async (given) => {
        const done = await run(given, true);
        checkResults(done);
        note(done);
        const stored = done.queue.messages();
        for (const [group, own] of Map.groupBy(stored, ({ groupId }) => groupId)) {
          const numbers = own.map(({ body }) => done.numberOf(body));
          const sent = given.messages.flatMap((message, number) => (message.group === group ? [number] : []));
          expect(numbers).toEqual(sent.slice(0, numbers.length)); // in order, no gap, no repeat
          const isSure = numbers.map((number) => done.results[number]?.ok);
          expect(isSure.slice(0, -1).every((ok) => ok === true)).toBe(true);
        }
      }),
      { numRuns: 120 },
    );
  });
});
