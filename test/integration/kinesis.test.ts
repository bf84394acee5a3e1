// Kinesis end to end: the construct with a stream of CDK, the real runtime, and recorded events in the local cloud, replayed with
// redeliveries while workers die and answers of DynamoDB are lost.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { AttributeType, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Stream } from "aws-cdk-lib/aws-kinesis";
import type { KinesisEvent } from "semel";
import { ExactlyOnceStreamConsumer, ExactlyOnceTable } from "semel/constructs";
import { startLocal } from "semel/testing";
import { afterAll, expect, it } from "vitest";
import { bundling } from "../../demo/app.ts";
import type { Reading } from "../../functions/telemetry/reading.ts";
import { foldReading, NO_READINGS, type Statistics } from "../../functions/telemetry/statistics.ts";

const outdir = mkdtempSync(join(tmpdir(), "semel-kinesis-"));
afterAll(() => rmSync(outdir, { recursive: true }));

function stackOf(): Stack {
  const stack = new Stack(new App({ outdir }), "Kinesis");
  const removalPolicy = RemovalPolicy.DESTROY;
  const partitionKey = { name: "device", type: AttributeType.STRING };
  const statistics = new TableV2(stack, "Statistics", { partitionKey, removalPolicy });
  const consumer = new ExactlyOnceStreamConsumer(stack, "Readings", {
    consumerName: "readings",
    table: new ExactlyOnceTable(stack, "Records", { removalPolicy }),
    source: { kinesis: new Stream(stack, "Stream") },
    strategy: "watermark",
    batchSize: 20,
    parallelizationFactor: 4,
    entry: join(import.meta.dirname, "fixtures", "kinesis-readings.ts"),
    timeout: Duration.seconds(5),
    environment: { STATISTICS_TABLE: statistics.tableName },
    removalPolicy,
    bundling,
  });
  consumer.grantState(statistics);
  return stack;
}

const DEVICES = 7;
const READINGS = 300;
const EVENT_RECORDS = 25;

function readingOf(index: number): Reading {
  const takenAt = new Date(Date.UTC(2026, 0, 5) + index * 60_000).toISOString();
  return {
    deviceId: `d-${(index * 3 + Math.floor(index / 10)) % DEVICES}`,
    takenAt,
    milliCelsius: ((index * 7919) % 40_000) - 10_000,
  };
}

/** Two shards, as a device's hash key would have it: each device is in one. */
function eventOf(readings: readonly Reading[], from: number): KinesisEvent {
  const Records = readings.map((reading, index) => {
    const sequenceNumber = String(49590338271490256608559692538361571095921575989136588898n + BigInt(from + index));
    const shardId = `shardId-00000000000${Number(reading.deviceId.slice(2)) % 2}`;
    return {
      eventID: `${shardId}:${sequenceNumber}`,
      eventSource: "aws:kinesis",
      eventSourceARN: "arn:aws:kinesis:eu-west-1:123456789012:stream/readings",
      awsRegion: "eu-west-1",
      kinesis: {
        partitionKey: reading.deviceId,
        sequenceNumber,
        data: Buffer.from(JSON.stringify(reading)).toString("base64"),
        approximateArrivalTimestamp: 1_767_600_000 + index,
      },
    };
  });
  return { Records };
}

it("folds each reading once, in its device's order, whatever comes again", { timeout: 90_000 }, async () => {
  const readings = Array.from({ length: READINGS }, (_, index) => readingOf(index));
  const events: KinesisEvent[] = [];
  for (let from = 0; from < READINGS; from += EVENT_RECORDS) {
    events.push(eventOf(readings.slice(from, from + EVENT_RECORDS), from));
  }
  const expected = new Map<string, Statistics>();
  for (const reading of readings) {
    expected.set(reading.deviceId, foldReading(expected.get(reading.deviceId) ?? NO_READINGS, reading));
  }

  let deliveries = 0;
  let crashes = 0;
  await using cloud = await startLocal(stackOf(), {
    observer(event) {
      if (event.kind === "invocation-started") deliveries += event.messages;
      if (event.kind === "invocation-ended" && event.outcome === "crash") crashes += 1;
    },
  });
  cloud.faults.inject({ fault: "reset-after", service: "dynamodb", probability: 0.2, limit: 6 });
  // The commit is under way when the worker dies, or done and its answer not there yet.
  cloud.faults.inject({ fault: "kill", atCall: [2, 2], when: "before", limit: 2 });
  cloud.faults.inject({ fault: "kill", atCall: [3, 3], when: "after", limit: 2 });
  const [first, second, ...others] = events;
  if (first === undefined || second === undefined) throw new Error("no events");
  await expect(cloud.replay("Nowhere", first)).rejects.toThrow(/stream "Nowhere" does not run here; running: Readings/);
  await cloud.replay("Readings", first, second, first);
  for (const event of others) await cloud.replay("Readings", event, event); // each is delivered twice
  await cloud.replay("Readings", ...events); // and the whole stream is read once more
  await cloud.idle({ timeoutMs: 60_000 });

  const found = (await cloud.items("Statistics")).map(({ device, state }) => [device, state] as const);
  expect(Object.fromEntries(found.map(([, state]) => [(state as Statistics).deviceId, state]))).toEqual(
    Object.fromEntries(expected),
  );
  expect(crashes).toBeGreaterThan(0);
  expect(deliveries).toBeGreaterThan(2 * READINGS);
  expect(await cloud.deadLetters("ReadingsDeadLetterQueue")).toEqual([]);
  expect(await cloud.items("Records")).toEqual([]);
});
