import { expect, test } from "vitest";
import { doorOf, listening } from "../../lib/consumer/door.ts";
import { type ExactlyOnceOptions, resolveOptions } from "../../lib/consumer/options.ts";
import { systemHost } from "../../lib/host.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { sqsRecord } from "../support/sqs-event.ts";

const OPTIONS = { consumer: "orders", table: "Records", retentionDays: 30 };
const door = (options: ExactlyOnceOptions) => doorOf(resolveOptions({ ...OPTIONS, ...options }, {}), systemHost);

test("DO1: consumers are heard while somebody listens, however their handlers are exported", async () => {
  createExactlyOnce({ ...OPTIONS, consumer: "before" });
  const heard = await listening(async () => {
    createExactlyOnce({ ...OPTIONS, strategy: "claim" });
  });
  createExactlyOnce({ ...OPTIONS, consumer: "after" });
  expect(heard).toMatchObject([{ consumer: "orders", table: "Records", strategy: "claim" }]);
});

test("DO2: a message is identified as its consumer would run it; what it cannot run, as far as it can", async () => {
  const record = sqsRecord({ body: { orderId: "A-1" } });
  const { identify } = door({ key: "orderId" });
  const prefix = /^orders#[0-9a-f]{64}$/;
  expect(await identify(record)).toMatchObject({
    kind: "identified",
    key: "A-1",
    pk: expect.stringMatching(prefix),
    exact: true,
  });
  expect(await door({ key: () => "" }).identify(record)).toMatchObject({ kind: "unidentified", code: "SEMEL_KEY" });
  expect(await identify(sqsRecord({ body: "[" }))).toMatchObject({ kind: "unidentified", code: "SEMEL_BODY" });
  const stamped = sqsRecord({
    body: "[",
    messageAttributes: { "semel-idempotency-key": { dataType: "String", stringValue: "k" } },
  });
  expect(await door({}).identify(stamped)).toMatchObject({ kind: "identified", key: "k", exact: true });
  // A rejection of it has the fingerprint of the text; another one may have what the option picks.
  const picking = door({ fingerprint: () => "picked" });
  expect(await picking.identify(stamped)).toMatchObject({ kind: "identified", key: "k", exact: false });
});

test("what cannot be read now has no fingerprint that tells anything", async () => {
  const hash = "0".repeat(64);
  const record = sqsRecord({
    body: `s3://large/${hash}/${hash}`,
    messageAttributes: {
      "semel-idempotency-key": { dataType: "String", stringValue: "k" },
      "semel-encoding": { dataType: "String", stringValue: "s3" },
    },
  });
  expect(await door({}).identify(record)).toMatchObject({ kind: "identified", key: "k", exact: false });
});
