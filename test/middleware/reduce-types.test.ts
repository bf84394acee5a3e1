// The types of .reduce(): the state is that of `initial`, the body that of the schema, the record that of the event.

import type { KinesisStreamEvent, KinesisStreamHandler, KinesisStreamRecord } from "aws-lambda";
import { expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";

const Reading = z.object({ celsius: z.number() });

it("infers state, body and record", () => {
  const readings = createExactlyOnce<typeof Reading, KinesisStreamEvent>(
    { schema: Reading, strategy: "watermark", consumer: "c", table: "Records", retentionDays: 1 },
    { environment: {} },
  );
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
