// Handlers that compute and give no promise: while one does, no timer fires. Attacks L2 of lib/consumer/deadline.ts, LN2 of lane.ts and
// LA2 of process-lanes.ts.

import { describe, expect, it } from "vitest";
import { dynamoDbSource, fifoSource, kafkaSource, kinesisSource, sqsSource } from "../support/source-events.ts";
import { orderedScene, records } from "./ordered.ts";
import { watermarkScene } from "./watermarks.ts";

/** Of one key, or each of its own. */
const keysOf = (count: number, keys: number): string =>
  Array.from({ length: count }, (_, at) => `k${at % keys}`).join(" ");

describe("LN2: a lane whose handlers compute longer than the time that is left", () => {
  it.each([fifoSource, kinesisSource, dynamoDbSource, kafkaSource])(
    "commits what is done by then: $name",
    async (source) => {
      const scene = watermarkScene(source, { options: { backoff: false } });
      const batch = records(keysOf(300, 1));
      const again = await scene.deliver(batch, () => scene.host.compute(100), { timeLeftMs: 10_000 });
      expect(scene.trace.length).toBeLessThan(2 * 102);
      expect(again.length).toBeLessThan(250);
      expect(again.length).toBeGreaterThan(200);
      const later = await scene.deliver(again, () => {}, { timeLeftMs: 10_000 });
      expect(later).toEqual([]);
    },
  );
});

it("LA2: ordering keys whose handlers compute longer than the time that is left commit what is done by then", async () => {
  const scene = watermarkScene(kinesisSource, { options: { backoff: false } });
  const batch = records(keysOf(300, 300));
  await scene.deliver(
    batch,
    ({ key }, tx) => {
      scene.host.compute(100);
      tx.increment({ TableName: "Counters", Key: { id: key } }, { n: 1 });
    },
    { timeLeftMs: 10_000 },
  );
  const done = scene.memory.items("Counters").reduce((sum, { n }) => sum + Number(n?.N), 0);
  expect(scene.trace.length).toBeLessThan(2 * 102);
  expect(done).toBeGreaterThan(50);
});

it.each(["commit", "watermark"] as const)("L2: no handler starts when the time is up: %s", async (strategy) => {
  const scene = strategy === "commit" ? orderedScene(sqsSource) : watermarkScene(fifoSource);
  const again = await scene.deliver(records(keysOf(100, 100)), () => scene.host.compute(1_000), { timeLeftMs: 10_000 });
  expect(scene.trace.length).toBeLessThanOrEqual(2 * 10);
  expect(again.length).toBeGreaterThanOrEqual(90);
});
