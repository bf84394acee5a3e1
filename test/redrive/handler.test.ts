// What a consumer's module tells of messages without a stamped key. It is imported, and no handler runs.

import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { systemHost } from "../../lib/host.ts";
import { findLookup } from "../../lib/redrive/index.ts";
import { type Scene, startScene, summary } from "./scene.ts";

const FIXTURES = join(import.meta.dirname, "fixtures");

let scene: Scene;
beforeAll(async () => {
  scene = await startScene();
  for (const name of ["SEMEL_CONSUMER", "SEMEL_TABLE", "SEMEL_RETENTION_DAYS"]) vi.stubEnv(name, undefined);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await scene[Symbol.asyncDispose]();
});

test("key, schema and fingerprint are the consumer's own", async () => {
  const pair = await scene.pair();
  const order = (orderId: string, pence: number) => ({ orderId, pence, sentAt: Math.random() });
  const fingerprint = ({ body }: { body: unknown }) => (body as { pence: number }).pence;
  for (const body of [order("done", 1), order("other", 2)]) await pair.send(undefined, body);
  await pair.consume(undefined, { key: "orderId", fingerprint });
  const again = [order("done", 1), order("other", 3), order("never", 4), { orderId: 5 }];
  for (const body of again) await pair.send(undefined, body);
  await pair.exhaust();
  expect(summary(await pair.run({ dryRun: true }))).toEqual({ unknown: 4 });
  const seen = await pair.run({ dryRun: true, handler: join(FIXTURES, "handler.ts") });
  expect(summary(seen)).toEqual({ done: 1, mismatch: 1, "never-run": 1, unknown: 1 });
  const unknown = seen.classes.find(({ letterClass }) => letterClass === "unknown");
  expect(unknown?.reasons).toMatchObject([{ code: "SEMEL_SCHEMA" }]);
});

test("under strategy insert the item tells", async () => {
  const pair = await scene.pair();
  vi.stubEnv("SEMEL_CONSUMER", pair.consumer);
  await pair.send("i-done", { n: 1 });
  await pair.consumeInserts({ strategy: "insert", insert: { appendOnlyTable: "Lines", primaryKey: "lineId" } });
  await pair.send("i-done", { n: 1 });
  await pair.send("i-done", { n: 2 });
  await pair.send("i-never", { n: 3 });
  await pair.exhaust();
  const handler = join(FIXTURES, "insert-handler.ts");
  expect(summary(await pair.run({ dryRun: true, handler }))).toEqual({ done: 1, mismatch: 1, "never-run": 1 });
});

test("a module that is no consumer, or cannot be imported, is an error", async () => {
  const lookup = (handler: string, more: object = {}) =>
    findLookup(
      { handler, consumer: undefined, table: undefined, strategy: undefined, environment: {}, ...more },
      systemHost,
    );
  await expect(lookup(join(FIXTURES, "none.ts"))).rejects.toThrow(/none\.ts cannot be imported: .*cdk\.out/);
  await expect(lookup(import.meta.filename.replace("handler.test", "scene"))).rejects.toThrow(/calls no exactlyOnce/);
  await expect(lookup("x", { strategy: "claim" })).rejects.toThrow(/--strategy goes without --handler/);
});
