// Keyed state on a FIFO queue, end to end: a construct that was told strategy and redrive, a function whose code says neither, and the
// local cloud, with answers that are lost, repeated deliveries and a message that can never be folded.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { AttributeType, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { ExactlyOnceConsumer, ExactlyOnceTable } from "semel/constructs";
import { startLocal } from "semel/testing";
import { afterAll, expect, it } from "vitest";
import { bundling } from "../../demo/app.ts";

const outdir = mkdtempSync(join(tmpdir(), "semel-fifo-states-"));
afterAll(() => rmSync(outdir, { recursive: true }));

function stackOf(): Stack {
  const stack = new Stack(new App({ outdir }), "FifoStates");
  const removalPolicy = RemovalPolicy.DESTROY;
  const states = new TableV2(stack, "States", {
    partitionKey: { name: "group", type: AttributeType.STRING },
    removalPolicy,
  });
  const consumer = new ExactlyOnceConsumer(stack, "Places", {
    consumerName: "places",
    table: new ExactlyOnceTable(stack, "Records", { removalPolicy }),
    fifo: true,
    strategy: "watermark",
    redrive: "never",
    entry: join(import.meta.dirname, "fixtures", "fifo-states.ts"),
    timeout: Duration.seconds(2),
    environment: { STATES_TABLE: states.tableName },
    removalPolicy,
    bundling,
  });
  consumer.grantState(states);
  return stack;
}

it("folds each group in its order, each message once", { timeout: 90_000 }, async () => {
  await using cloud = await startLocal(stackOf());
  cloud.faults.inject({ fault: "reset-after", service: "dynamodb", probability: 0.2, limit: 6 });
  cloud.faults.inject({ fault: "duplicate", probability: 0.5, limit: 10 });
  const places = Array.from({ length: 60 }, (_, index) => index);
  const messages = places.map((place) => ({
    body: place === 30 ? -1 : place,
    groupId: `g${place % 3}`,
    deduplicationId: String(place),
  }));
  await cloud.send("PlacesQueue", messages);
  await cloud.idle({ timeoutMs: 60_000 });
  const found = Object.fromEntries((await cloud.items("States")).map(({ group, state }) => [group, state]));
  const expected = ["g0", "g1", "g2"].map((group, rest) => {
    return [group, { places: places.filter((place) => place % 3 === rest && place !== 30) }];
  });
  expect(found).toEqual(Object.fromEntries(expected));
  expect((await cloud.deadLetters("PlacesQueue")).map(({ body, failure }) => [body, failure?.code])).toEqual([
    [-1, "SEMEL_PERMANENT"],
  ]);
  expect(await cloud.items("Records")).toEqual([]); // nothing that would need a lifetime
});
