// Kafka end to end: the construct with a topic of MSK, the real runtime, and recorded events in the local cloud: partitions mixed in a
// batch, redeliveries, workers that die, lost answers, and a record that can never be folded.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { AttributeType, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import type { KafkaEvent, KafkaRecord } from "semel";
import { ExactlyOnceStreamConsumer, ExactlyOnceTable } from "semel/constructs";
import { startLocal } from "semel/testing";
import { afterAll, expect, it } from "vitest";
import { bundling } from "../../demo/app.ts";

const outdir = mkdtempSync(join(tmpdir(), "semel-kafka-"));
afterAll(() => rmSync(outdir, { recursive: true }));

const TOPIC = "places";
const CLUSTER_ARN = "arn:aws:kafka:eu-west-1:123456789012:cluster/places/0b6b0b6b-6b0b-4b6b-8b6b-0b6b0b6b0b6b-1";

function stackOf(): Stack {
  const stack = new Stack(new App({ outdir }), "Kafka");
  const removalPolicy = RemovalPolicy.DESTROY;
  const partitionKey = { name: "group", type: AttributeType.STRING };
  const states = new TableV2(stack, "States", { partitionKey, removalPolicy });
  const consumer = new ExactlyOnceStreamConsumer(stack, "Places", {
    consumerName: "places",
    table: new ExactlyOnceTable(stack, "Records", { removalPolicy }),
    source: { mskClusterArn: CLUSTER_ARN, topic: TOPIC, retentionPeriod: Duration.days(7) },
    strategy: "watermark",
    batchSize: 20,
    entry: join(import.meta.dirname, "fixtures", "fifo-states.ts"),
    timeout: Duration.seconds(5),
    environment: { STATES_TABLE: states.tableName },
    removalPolicy,
    bundling,
  });
  consumer.grantState(states);
  return stack;
}

const PARTITIONS = 3;
const KEYS = 7;
const RECORDS = 240;
const EVENT_RECORDS = 30;
/** Of one key: what is behind it must not wait for ever. */
const POISON = 100;

/** A key is in one partition. Offsets have gaps, as compaction leaves them. */
function recordOf(place: number): KafkaRecord {
  const key = (place * place) % KEYS;
  return {
    topic: TOPIC,
    partition: key % PARTITIONS,
    offset: place * 2,
    timestamp: 1_767_600_000_000 + place,
    timestampType: "CREATE_TIME",
    key: Buffer.from(`k${key}`).toString("base64"),
    value: Buffer.from(JSON.stringify(place === POISON ? -1 : place)).toString("base64"),
    headers: [],
  };
}

function eventOf(records: readonly KafkaRecord[]): KafkaEvent {
  return {
    eventSource: "aws:kafka",
    eventSourceArn: "arn:aws:kafka:eu-west-1:999999999999:cluster/production/1c7c1c7c-1",
    records: Object.fromEntries(Map.groupBy(records, ({ partition }) => `${TOPIC}-${partition}`)),
  };
}

it("folds each record once, in its key's order, whatever comes again", { timeout: 90_000 }, async () => {
  const records = Array.from({ length: RECORDS }, (_, place) => recordOf(place));
  const events: KafkaEvent[] = [];
  for (let from = 0; from < RECORDS; from += EVENT_RECORDS)
    events.push(eventOf(records.slice(from, from + EVENT_RECORDS)));

  let deliveries = 0;
  let crashes = 0;
  let mixed = 0;
  await using cloud = await startLocal(stackOf(), {
    observer(event) {
      if (event.kind === "invocation-started") {
        deliveries += event.messages;
        mixed += Number(Object.keys(JSON.parse(event.payload).records).length > 1);
      }
      if (event.kind === "invocation-ended" && event.outcome === "crash") crashes += 1;
    },
  });
  cloud.faults.inject({ fault: "reset-after", service: "dynamodb", probability: 0.2, limit: 6 });
  // The commit is under way when the worker dies, or done and its answer not there yet.
  cloud.faults.inject({ fault: "kill", atCall: [2, 2], when: "before", limit: 2 });
  cloud.faults.inject({ fault: "kill", atCall: [3, 3], when: "after", limit: 2 });
  for (const event of events) await cloud.replay("Places", event, event); // each is delivered twice
  await cloud.replay("Places", ...events); // and the whole topic is read once more
  await cloud.idle({ timeoutMs: 60_000 });

  const found = Object.fromEntries((await cloud.items("States")).map(({ group, state }) => [group, state]));
  const keys = Array.from({ length: KEYS }, (_, key) => key).filter((key) =>
    records.some((_, place) => (place * place) % KEYS === key),
  );
  const expected = keys.map((key) => {
    const places = records.flatMap((_, place) => ((place * place) % KEYS === key && place !== POISON ? [place] : []));
    return [`k${key}`, { places }];
  });
  const byKey = Object.entries(found).map(([group, state]) => [/k\d/.exec(group)?.[0], state]);
  expect(Object.fromEntries(byKey)).toEqual(Object.fromEntries(expected));
  const letters = await cloud.deadLetters("PlacesDeadLetterQueue");
  expect(letters.map(({ body, failure }) => [body, failure?.code])).toEqual([[-1, "SEMEL_PERMANENT"]]);
  expect(cloud.logs().filter(({ text }) => text.includes("given up"))).toEqual([]); // it is the consumer that lets the poison go
  expect(crashes).toBeGreaterThan(0);
  expect(mixed).toBeGreaterThan(0);
  expect(deliveries).toBeGreaterThan(2 * RECORDS);
});
