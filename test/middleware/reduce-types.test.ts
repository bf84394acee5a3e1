// The types of .reduce(): the state is that of `initial`, the body that of the schema, the record that of the event; with Middy, too.

import middy from "@middy/core";
import type { KinesisStreamEvent, KinesisStreamHandler, KinesisStreamRecord } from "aws-lambda";
import { expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";

const Reading = z.object({ celsius: z.number() });

const readings = createExactlyOnce<typeof Reading, KinesisStreamEvent>(
  { schema: Reading, strategy: "watermark", consumer: "c", table: "Records", retentionDays: 1 },
  { environment: {} },
);

it("infers state, body and record", () => {
  const handler: KinesisStreamHandler = readings.reduce({
    table: "States",
    partitionKey: "deviceId",
    initial: { count: 0, max: 0 },
    apply(state, { body, record }) {
      expectTypeOf(body.celsius).toEqualTypeOf<number>();
      expectTypeOf(record).toEqualTypeOf<KinesisStreamRecord>();
      return { count: state.count + 1, max: Math.max(state.max, body.celsius) };
    },
  });
  expect(handler).toBeTypeOf("function");
});

it("is the handler of a middy() that uses it, and of no other", () => {
  const fold = readings.reduce({
    table: "States",
    partitionKey: "deviceId",
    initial: { sum: 0 },
    apply: ({ sum }, { body, record }) => {
      expectTypeOf(record).toEqualTypeOf<KinesisStreamRecord>();
      return { sum: sum + body.celsius };
    },
  });
  const handler: KinesisStreamHandler = middy().use(readings).handler(fold);
  // @ts-expect-error the middleware is missing
  middy().handler(fold);
  expect(handler).toBeTypeOf("function");
});
