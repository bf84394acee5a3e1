// What a template says of a topic's mapping, and the pure parts of Kafka.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KafkaRecord } from "../../lib/aws/lambda.ts";
import type { Foundation } from "../../lib/local/foundation.ts";
import { type Attempt, afterAttempt } from "../../lib/local/streams/attempts.ts";
import { defineKafkaTopic, type KafkaMapping } from "../../lib/local/streams/kafka/kafka-topic.ts";
import { startOf } from "../../lib/local/streams/kafka/member.ts";
import { createOffsets, type PartitionOffset } from "../../lib/local/streams/kafka/offsets.ts";
import { filteredOf, kafkaRecords, take } from "../../lib/local/streams/kafka/records.ts";
import { createLane } from "../../lib/local/streams/lane.ts";
import type { MappingResource } from "../../lib/local/streams/mapping.ts";
import { judgeStreamResponse } from "../../lib/local/streams/response.ts";
import { CLUSTER_ARN, record } from "./kafka-fixture.ts";

function define(properties: Record<string, unknown>, kafka?: string): KafkaMapping & { readonly warnings: string[] } {
  const warnings: string[] = [];
  const given: MappingResource = {
    resource: {
      logicalId: "Mapping",
      type: "AWS::Lambda::EventSourceMapping",
      condition: undefined,
      path: undefined,
      properties: {
        EventSourceArn: CLUSTER_ARN,
        FunctionName: "fn",
        Topics: ["orders"],
        StartingPosition: "TRIM_HORIZON",
        ProvisionedPollerConfig: {},
        ...properties,
      },
    },
    run: {
      name: "Stack",
      rename: (name) => `${name}-copy`,
      scope: { parameters: {}, mappings: {}, conditions: {}, resource: () => undefined, importValue: () => undefined },
    },
    warn: (text) => warnings.push(text),
  };
  const defined = defineKafkaTopic(given, { kafka } as Foundation);
  return { ...(defined?.mapping as KafkaMapping), warnings };
}

describe("a mapping of a topic", () => {
  test("AWS's defaults", () => {
    const { groupId, ...mapping } = define({});
    expect(mapping).toMatchObject({
      batchSize: 100,
      windowMs: 500,
      parallelizationFactor: 1,
      reportsFailures: false,
      recordAgeMsMax: undefined,
      rules: { bisects: false, retriesMax: undefined },
      startAt: "TRIM_HORIZON",
      topic: "orders",
      cluster: { eventSource: "aws:kafka", eventSourceArn: CLUSTER_ARN },
    });
    expect(groupId).not.toBe(define({}).groupId); // each mapping has a group of its own
  });

  test("10 retries where there is a destination and no number of them", () => {
    const DestinationConfig = { OnFailure: { Destination: "arn:aws:sqs:us-east-1:000000000000:failures" } };
    expect(define({ DestinationConfig }).rules.retriesMax).toBe(10);
    expect(define({ DestinationConfig, MaximumRetryAttempts: -1 }).rules.retriesMax).toBe(10);
    expect(define({ DestinationConfig, MaximumRetryAttempts: 100 }).rules.retriesMax).toBe(100);
    expect(define({ MaximumRetryAttempts: 0 }).rules.retriesMax).toBe(0);
  });

  test("a window of its own, a group of its own, which is another one in a copy", () => {
    const config = { AmazonManagedKafkaEventSourceConfig: { ConsumerGroupId: "group" } };
    const mapping = define({ ...config, MaximumBatchingWindowInSeconds: 0 }, "localhost:9092");
    expect(mapping).toMatchObject({ windowMs: 0, groupId: "group-copy" });
    expect(mapping.cluster).toMatchObject({ bootstrapServers: "localhost:9092" });
  });

  test("a time to start at", () => {
    const StartingPosition = "AT_TIMESTAMP";
    expect(define({ StartingPosition, StartingPositionTimestamp: 1_700_000_000 }).startAt).toEqual({
      sinceMs: 1_700_000_000_000,
    });
  });

  test.each<[Record<string, unknown>, RegExp]>([
    [{ Topics: ["one", "two"] }, /Topics are \["one","two"\]; allowed: one topic/],
    [{ ParallelizationFactor: 2 }, /ParallelizationFactor.*remove it/],
    [{ BatchSize: 10_001 }, /batch size is 10001; allowed: 1 to 10000/],
    [{ StartingPosition: "EARLIEST" }, /starting position is "EARLIEST"; allowed: TRIM_HORIZON, LATEST, AT_TIMESTAMP/],
    [{ StartingPosition: "AT_TIMESTAMP" }, /StartingPositionTimestamp is undefined/],
    [{ StartingPosition: "AT_TIMESTAMP", StartingPositionTimestamp: 1e12 }, /not in the future/],
    [{ StartingPositionTimestamp: 1_700_000_000 }, /starting position is [A-Z_]+; set AT_TIMESTAMP/],
    [{ ProvisionedPollerConfig: { MinimumPollers: 0 } }, /MinimumPollers are 0; allowed: 1 to 200/],
    [
      { ProvisionedPollerConfig: undefined, FunctionResponseTypes: ["ReportBatchItemFailures"] },
      /FunctionResponseTypes.*set ProvisionedPollerConfig/,
    ],
    [{ AmazonManagedKafkaEventSourceConfig: { ConsumptionMode: "Queue" } }, /only "Stream" runs here/],
    [{ FilterCriteria: { Filters: [{ Pattern: '{"key":["a"]}' }] } }, /names "key"; of this source only "value"/],
  ])("%j is refused", (properties, words) => {
    expect(() => define(properties)).toThrow(words);
  });
});

test("what is given up while all stops is not settled: whether it was told is not known", async () => {
  const stopping = new AbortController();
  const settled: string[] = [];
  const lane = createLane<KafkaRecord>({
    ...{ batchSize: 1, windowMs: 0, recordAgeMsMax: undefined, envelopeBytes: 100, signal: stopping.signal },
    rules: { bisects: false, retriesMax: 0 },
    invoke: async ([first]) => ({
      left: first?.id === "orders-0/1" ? [] : undefined,
      outcome: "error",
      requestId: "r",
    }),
    giveUp: async () => stopping.abort(),
    settled: (batch) => settled.push(...batch.map(({ id }) => id)),
  });
  for (const offset of [1, 2, 3]) lane.offer(take(record(0, offset, "v"), Date.now()));
  await lane.ended;
  expect(settled).toEqual(["orders-0/1"]);
});

describe("records", () => {
  const kind = kafkaRecords({ eventSource: "SelfManagedKafka", bootstrapServers: "one:9092" }, "orders");

  test.each<[unknown, string | undefined]>([
    [{ partition: "orders-0", offset: 15 }, "orders-0/15"],
    [{ "topic-partition": "orders-0", offset: 15 }, undefined],
    [{ partition: "orders-0", offset: "15" }, undefined],
    [{ partition: 0, offset: 15 }, undefined],
    ["orders-0/15", undefined],
    [null, undefined],
  ])("%j names %s", (identifier, id) => {
    expect(kind.idOf(identifier)).toBe(id);
  });

  test.each<[KafkaRecord, object]>([
    [record(0, 1, '{"a":1}'), { value: { a: 1 } }],
    [record(0, 1, "[1]"), { value: [1] }],
    [record(0, 1, "text"), { value: "text" }],
    [record(0, 1, "17"), { value: "17" }],
    [{ ...record(0, 1, ""), value: null }, {}],
  ])("filters see %j as %j", (one, seen) => {
    expect(filteredOf(one)).toEqual(seen);
  });
});

describe("offsets", () => {
  test("never beyond a record that is not done, never back, all in the end (OF1, OF2)", () => {
    const steps = fc.array(
      fc.record({ take: fc.nat(2), partition: fc.nat(2), settles: fc.nat(5), commits: fc.boolean() }),
    );
    fc.assert(
      fc.property(steps, (script) => {
        const offsets = createOffsets([0, 1, 2].map((partition) => ({ partition, offset: 10 })));
        const next = [10, 10, 10];
        const open: PartitionOffset[] = [];
        const committed = [10, 10, 10];
        const commit = (): void => {
          const due = offsets.due();
          for (const { partition, offset } of due) {
            expect(offset).toBeGreaterThan(committed[partition] ?? 0);
            expect(open.some((one) => one.partition === partition && one.offset < offset)).toBe(false);
            committed[partition] = offset;
          }
          offsets.committed(due);
        };
        for (const { take: gap, partition, settles, commits } of script) {
          const at = { partition, offset: (next[partition] ?? 0) + gap }; // what is compacted away leaves gaps
          next[partition] = at.offset + 1;
          offsets.taken(at);
          open.push(at);
          for (const done of open.splice(settles, 1)) offsets.done(done);
          if (commits) commit();
        }
        for (const done of open.splice(0)) offsets.done(done);
        commit();
        expect(committed).toEqual(next);
        expect(offsets.due()).toEqual([]);
      }),
    );
  });

  const list =
    (...offsets: number[]) =>
    async (partitions: readonly number[]) =>
      partitions.map((partition, index) => ({ partition, offset: offsets[index] ?? -1 }));

  test("a group that is new begins where its mapping says; nothing is that young: at the end", async () => {
    const asked: bigint[] = [];
    const at = (partitions: readonly number[], timestamp: bigint) => {
      asked.push(timestamp);
      return timestamp === 5_000n ? list(3, -1)(partitions) : list(7, 8)(partitions);
    };
    expect(await startOf("TRIM_HORIZON", [0, 1], at)).toMatchObject([{ offset: 7 }, { offset: 8 }]);
    expect(await startOf("LATEST", [0, 1], at)).toMatchObject([{ offset: 7 }, { offset: 8 }]);
    expect(await startOf({ sinceMs: 5_000 }, [0, 1], at)).toEqual([
      { partition: 0, offset: 3 },
      { partition: 1, offset: 8 },
    ]);
    expect(asked).toEqual([-2n, -1n, -1n, 5_000n]);
  });
});

test("whatever a function names, what is left comes again in order, and each record is done once (SR1, AT1, AT2)", () => {
  const kind = kafkaRecords({ eventSource: "SelfManagedKafka", bootstrapServers: "one:9092" }, "orders");
  const named = fc.array(fc.option(fc.nat(255), { nil: undefined }), { maxLength: 20 }); // bits; undefined: an error
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), named, fc.boolean(), (size, script, bisects) => {
      const batch = Array.from({ length: size }, (_, index) => take(record(index % 2, index, "v"), 0));
      const done: string[] = [];
      let attempts: readonly Attempt<(typeof batch)[number]>[] = [{ records: batch, failures: 0, invocations: 0 }];
      for (let step = 0; attempts.length > 0; step += 1) {
        const [attempt, ...others] = attempts;
        if (attempt === undefined) break;
        const ids = attempt.records.map(({ id }) => id);
        expect(ids).toEqual(batch.map(({ id }) => id).filter((id) => ids.includes(id))); // in order
        const bits = step < script.length ? script[step] : 0;
        const failed = attempt.records.filter((_, index) => bits === undefined || (bits >> index) % 2 === 1);
        const batchItemFailures = failed
          .map(({ record: { partition, offset } }) => ({
            itemIdentifier: { partition: `orders-${partition}`, offset },
          }))
          .toReversed(); // in whatever order they are named
        const of = { ids, idOf: kind.idOf, retriesNamed: true, reportsFailures: true };
        const verdict = judgeStreamResponse(JSON.stringify({ batchItemFailures }), of);
        expect(verdict).toEqual({ kind: "judged", left: failed.map(({ id }) => id) });
        const { next, givenUp } = afterAttempt(attempt, bits === undefined ? undefined : failed, {
          bisects,
          retriesMax: 3,
        });
        const gone = [...next.flatMap(({ records }) => records), ...(givenUp?.records ?? [])];
        expect(gone).toEqual(failed);
        done.push(
          ...ids.filter((id) => !failed.some((one) => one.id === id)),
          ...(givenUp?.records ?? []).map(({ id }) => id),
        );
        attempts = [...next, ...others];
      }
      expect(done.toSorted()).toEqual(batch.map(({ id }) => id).toSorted());
    }),
  );
});
