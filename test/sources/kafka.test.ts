// Kafka: what its records become. Events as on https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html and
// https://docs.aws.amazon.com/lambda/latest/dg/with-kafka.html

import { describe, expect, it } from "vitest";
import type { KafkaEvent, KafkaRecord } from "../../lib/aws/lambda.ts";
import { base64 } from "../support/source-events.ts";
import { driverOf, recorded } from "./conformance.ts";

const CLUSTER = "arn:aws:kafka:us-east-1:0123456789019:cluster/SalesCluster/abcd1234-abcd-cafe-abab-9876543210ab-4";

function deliveriesOf(event: unknown) {
  return driverOf(event).deliveries(event);
}

function withRecord(fields: Partial<Record<keyof KafkaRecord, unknown>>) {
  const event = recorded("kafka-msk") as KafkaEvent;
  const [record] = event.records["mytopic-0"] ?? [];
  const [delivery] = deliveriesOf({ ...event, records: { "mytopic-0": [{ ...record, ...fields }] } });
  if (!delivery) throw new Error("no delivery");
  return delivery;
}

describe("Kafka", () => {
  it("a recorded event of MSK: key, value and headers decoded", () => {
    const [delivery] = deliveriesOf(recorded("kafka-msk"));
    expect(delivery).toMatchObject({
      messageId: `${CLUSTER}/mytopic/0/15`,
      identifier: { partition: "mytopic-0", offset: 15 },
      origin: `${CLUSTER}/mytopic/0`,
      orderingKey: "recordKey",
      position: "00000000000000000015",
      sentAtMs: 1545084650987,
      messageAttributes: { headerKey: { stringValue: "headerValue", dataType: "String" } },
    });
    expect(delivery?.text()).toBe('{"key":"value"}');
    expect(delivery?.decode()).toEqual({ key: "value" });
  });

  it("of a self-managed cluster: the order of its servers tells nothing", () => {
    const event = recorded("kafka-self-managed") as KafkaEvent;
    const turned = { ...event, bootstrapServers: event.bootstrapServers?.split(",").reverse().join(",") };
    const [[one], [other]] = [deliveriesOf(event), deliveriesOf(turned)];
    expect(one?.messageId).toMatch(/^b-1\.demo.*,b-2\.demo.*\/mytopic\/0\/15$/);
    expect(other?.messageId).toBe(one?.messageId);
    expect(one?.text()).toBe("Hello, this is a test.");
  });

  it("a tombstone is null, and the dead letter of one can be sent", () => {
    for (const value of [null, undefined]) {
      expect(withRecord({ value }).decode()).toBeNull();
      expect(withRecord({ value }).letter?.().body).toBe("null");
    }
    expect(() => withRecord({ value: "" }).decode()).toThrow(/not JSON/); // an empty value is no tombstone
    expect(withRecord({ value: "" }).letter?.()).toMatchObject({
      body: "=",
      messageAttributes: { "semel-body-encoding": { stringValue: "base64" } },
    });
  });

  it("KF2: different keys never share an ordering key", () => {
    const bytes = (...all: number[]) => Buffer.from(all).toString("base64");
    const keys = [
      null,
      "",
      base64("a"),
      base64("base64:"),
      base64("base64:/w=="),
      bytes(0xff),
      bytes(0xfe),
      bytes(0xef, 0xbf, 0xbd),
    ];
    const orderingKeys = keys.map((key) => withRecord({ key }).orderingKey);
    expect(new Set(orderingKeys).size).toBe(keys.length);
    expect(withRecord({ key: undefined }).orderingKey).toBe(withRecord({ key: null }).orderingKey);
  });

  it("takes the key that is stamped as a header, and bytes as Java has them", () => {
    const stamped = [...Buffer.from("ördering-1")].map((byte) => (byte > 127 ? byte - 256 : byte));
    const headers = [
      { "semel-idempotency-key": [1] },
      { "semel-idempotency-key": stamped },
      { raw: [255, 0] },
      {},
      { nothing: null },
    ];
    const { key, messageAttributes } = withRecord({ headers });
    expect(key.value).toBe("ördering-1");
    expect(messageAttributes).toEqual({
      "semel-idempotency-key": { stringValue: "ördering-1", dataType: "String" },
      raw: { binaryValue: "/wA=", dataType: "Binary" },
    });
    expect(withRecord({ headers: undefined }).key.value).toBeUndefined();
  });

  it("PL2: a dead letter carries the headers that SQS takes, the key first, ten attributes with the reason", () => {
    const many = Array.from({ length: 12 }, (_, index) => ({ [`h-${index}`]: [...Buffer.from("x")] }));
    const refused = [
      { "with space": [1] },
      { "aws.x": [65] },
      { empty: [] },
      { control: [1] },
      { "semel-origin": [65] },
      { "a..b": [65] },
    ];
    const headers = [
      ...refused,
      ...many,
      { "semel-idempotency-key": [65] },
      { big: Array.from({ length: 1_100_000 }, () => 65) },
    ];
    const messageAttributes = withRecord({ headers }).letter?.().messageAttributes ?? {};
    expect(Object.keys(messageAttributes)).toEqual([
      "semel-idempotency-key",
      "h-0",
      "h-1",
      "h-2",
      "h-3",
      "h-4",
      "semel-origin",
      "semel-position",
    ]);
    expect(messageAttributes["semel-origin"]?.stringValue).toBe(`${CLUSTER}/mytopic/0`);
  });

  it("several topics and partitions: each named by its own", () => {
    const event = recorded("kafka-msk") as KafkaEvent;
    const [record] = event.records["mytopic-0"] ?? [];
    const at = (topic: string, partition: number, offset: number) => ({ ...record, topic, partition, offset });
    const records = {
      "b-1": [at("b", 1, 9), at("b", 1, 10), at("b", 1, 100)],
      "a-0": [at("a", 0, 9)],
    };
    const all = { ...event, records };
    const driver = driverOf(all);
    const places = driver.deliveries(all);
    const outcomes = [{ messageId: `${CLUSTER}/b/1/10`, acknowledged: true }];
    expect(driver.response(places, outcomes)).toEqual({
      batchItemFailures: [
        { itemIdentifier: { partition: "a-0", offset: 9 } },
        { itemIdentifier: { partition: "b-1", offset: 9 } },
        { itemIdentifier: { partition: "b-1", offset: 100 } },
      ],
    });
  });

  it.each([
    [{ offset: 2 ** 53 }, /offset of record mytopic-0\[0\] is 9007199254740992, not a whole number/],
    [{ partition: "x" }, /partition of record mytopic-0\[0\] is "x"/],
    [{ topic: "" }, /record mytopic-0\[0\] has no topic/],
    [
      { value: { orderId: "1" } },
      /value of record mytopic-0\[0\] is of type object: another middleware has already decoded it/,
    ],
    [{ key: 5 }, /key of record mytopic-0\[0\] is of type number/],
  ])("%j is a clear error", (fields, message) => {
    expect(() => withRecord(fields)).toThrow(message);
  });

  it("takes a partition that is written as a text, as in some of AWS's samples", () => {
    expect(withRecord({ partition: "0" }).identifier).toEqual({ partition: "mytopic-0", offset: 15 });
  });

  it.each([
    ["empty", { eventSource: "aws:kafka", eventSourceArn: CLUSTER, records: {} }, /records are empty/],
    [
      "no list",
      { eventSource: "aws:kafka", eventSourceArn: CLUSTER, records: { "a-0": 1 } },
      /records of "a-0" are no list/,
    ],
    ["no cluster", { eventSource: "aws:kafka", records: { "a-0": [] } }, /eventSourceArn undefined/],
  ])("an event that is %s is a clear error", (_name, event, message) => {
    expect(() => deliveriesOf(event)).toThrow(message);
  });
});
