import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type ExactlyOnceOptions, resolveOptions } from "../../lib/consumer/options.ts";
import { exactlyOnce } from "../../lib/index.ts";

const complete = { consumer: "orders", table: "Records", retentionDays: 40 };
const environment = { SEMEL_CONSUMER: "from-environment", SEMEL_TABLE: "T", SEMEL_RETENTION_DAYS: "36.5" };

describe("options", () => {
  it("option > environment > error", () => {
    expect(resolveOptions({}, environment)).toMatchObject({
      consumer: "from-environment",
      table: "T",
      retentionDays: 36.5,
    });
    expect(resolveOptions(complete, environment)).toMatchObject(complete);
    const url = "https://sqs.eu-west-1.amazonaws.com/123456789012/dlq";
    const fromEnvironment = resolveOptions(complete, { SEMEL_DEAD_LETTER_QUEUE_URL: url });
    expect(fromEnvironment.deadLetterQueueUrl).toBe(url);
    expect(() => resolveOptions({}, {})).toThrow(/no consumer is named.*SEMEL_CONSUMER/s);
    expect(() => resolveOptions({ consumer: "a" }, {})).toThrow(/no table.*SEMEL_TABLE/s);
    expect(() => resolveOptions({ consumer: "a", table: "T" }, {})).toThrow(
      /retentionDays is undefined.*SEMEL_RETENTION_DAYS/s,
    );
  });

  it("has the documented defaults", () => {
    const resolved = resolveOptions(complete, {});
    expect(resolved).toMatchObject({
      concurrency: 10,
      groupCommit: true,
      lanes: 10,
      deadlineMarginMs: 500,
      key: undefined,
      schema: undefined,
      deadLetterQueueUrl: undefined,
      backoff: { baseSeconds: 30, capSeconds: 900 },
      sqsClient: undefined,
    });
    expect(resolved.logger).toBe(console);
  });

  it.each<[Record<string, unknown>, RegExp]>([
    [{ retentionDay: 1 }, /unknown option retentionDay\. Known options: consumer, table/],
    [{ consumer: "a b" }, /consumer is "a b"\. Use 1 to 128 letters/],
    [{ consumer: "" }, /consumer is ""/],
    [{ table: "" }, /no table/],
    [{ retentionDays: 0 }, /retentionDays is 0/],
    [{ retentionDays: Number.NaN }, /retentionDays is null/],
    [{ retentionDays: "" }, /retentionDays is ""/],
    [{ concurrency: 0 }, /concurrency is 0\. Use a whole number from 1 to 10000/],
    [{ concurrency: 1.5 }, /concurrency is 1.5/],
    [{ lanes: 0 }, /lanes is 0\. Use a whole number from 1 to 100/],
    [{ groupCommit: 1 }, /groupCommit is 1\. Use true or false/],
    [{ deadlineMarginMs: 1 }, /deadlineMarginMs is 1\. Use a whole number from 10/],
    [{ schema: {} }, /schema is no Standard Schema validator/],
    [{ schema: null }, /schema is no Standard Schema validator/],
    [{ key: "" }, /key is ""/],
    [{ key: "a..b" }, /key is "a\.\.b"/],
    [{ key: 7 }, /key is 7/],
    [{ fingerprint: "x" }, /fingerprint is of type string/],
    [{ logger: { info() {} } }, /logger has no debug, warn, error method/],
    [{ metrics: {} }, /metrics has no addMetric method/],
    [{ client: {} }, /client has no send method/],
    [{ sqsClient: {} }, /sqsClient has no send method/],
    [{ deadLetterQueueUrl: "" }, /deadLetterQueueUrl is ""\. Use the URL of a queue/],
    [{ deadLetterQueueUrl: "arn:aws:sqs:eu-west-1:1:dlq" }, /deadLetterQueueUrl is "arn/],
    [{ backoff: 5 }, /backoff is 5\. Use true, false or/],
    [{ backoff: null }, /backoff is null/],
    [{ backoff: { base: 5 } }, /unknown field base of backoff\. Known: baseSeconds, capSeconds/],
    [{ backoff: { baseSeconds: 0 } }, /backoff\.baseSeconds is 0\. Use a whole number from 1 to 43200/],
    [{ backoff: { baseSeconds: 60, capSeconds: 59 } }, /backoff\.capSeconds is 59\. Use a whole number from 60/],
    [{ backoff: { capSeconds: 43_201 } }, /backoff\.capSeconds is 43201/],
    [{ epoch: "2" }, /epoch needs strategy "watermark"/],
    [{ strategy: "watermark", epoch: "" }, /epoch is ""\. Use 1 to 128 printable/],
    [{ strategy: "watermark", epoch: "a b" }, /epoch is "a b"/],
    [{ strategy: "watermark", epoch: 2 }, /epoch is 2\. Use/],
    [{ strategy: "watermark", epoch: null }, /epoch is null/],
    [{ strategy: "watermark", epochs: "2" }, /unknown option epochs/],
  ])("%j is refused at start", (options, message) => {
    expect(() => resolveOptions({ ...complete, ...options } as ExactlyOnceOptions, {})).toThrow(message);
    expect(() => exactlyOnce({ ...complete, ...options } as ExactlyOnceOptions)).toThrow(/SEMEL_OPTIONS/);
  });

  it("takes any Standard Schema, callable ones too", () => {
    const callable = Object.assign(() => {}, { "~standard": z.string()["~standard"] });
    expect(resolveOptions({ ...complete, schema: callable }, {}).schema).toBe(callable);
  });
});
