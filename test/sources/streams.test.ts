// Kinesis and DynamoDB Streams: what their records become. Events as on AWS's pages:
// https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html and https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html

import { describe, expect, it } from "vitest";
import type { DynamoDbEvent, KinesisEvent } from "../../lib/aws/lambda.ts";
import { driverOf, recorded } from "./conformance.ts";

const STREAM = "arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream";
const TABLE = "arn:aws:dynamodb:us-east-2:123456789012:table/my-table/stream/2024-06-10T19:26:16.525";

function deliveriesOf(event: unknown) {
  return driverOf(event).deliveries(event);
}

function kinesisWith(data: Uint8Array | string, fields: object = {}) {
  const { Records } = recorded("kinesis") as KinesisEvent;
  const [record] = Records;
  if (!record) throw new Error("no record");
  const kinesis = { ...record.kinesis, data: Buffer.from(data).toString("base64") };
  const [delivery] = deliveriesOf({ Records: [{ ...record, kinesis, ...fields }] });
  if (!delivery) throw new Error("no delivery");
  return delivery;
}

describe("Kinesis", () => {
  it("a recorded event", () => {
    const sequenceNumber = "49590338271490256608559692538361571095921575989136588898";
    expect(deliveriesOf(recorded("kinesis"))).toMatchObject([
      {
        messageId: `${STREAM}/shardId-000000000006:${sequenceNumber}`,
        identifier: sequenceNumber,
        origin: STREAM,
        orderingKey: "1",
        position: sequenceNumber.padStart(129, "0"),
        sentAtMs: 1545084650987,
        messageAttributes: {},
      },
      {},
    ]);
    const texts = deliveriesOf(recorded("kinesis")).map((delivery) => delivery.text());
    expect(texts).toEqual(["Hello, this is a test.", "This is only a test."]);
    for (const { receiveCount } of deliveriesOf(recorded("kinesis"))) expect(receiveCount).toBeUndefined();
  });

  it("KN2: a consumer with enhanced fan-out reads the same messages", () => {
    const [eventSourceARN] = [`${STREAM}/consumer/con1:1540591608`];
    expect(kinesisWith("1", { eventSourceARN }).messageId).toBe(kinesisWith("1").messageId);
  });

  it("KN2: one sequence number in two shards is two messages", () => {
    const eventID = "shardId-000000000007:49590338271490256608559692538361571095921575989136588898";
    expect(kinesisWith("1", { eventID }).messageId).not.toBe(kinesisWith("1").messageId);
  });

  it("decodes JSON; what is none, or no UTF-8, is that message's failure", () => {
    expect(kinesisWith('{"orderId":"ü"}').decode()).toEqual({ orderId: "ü" });
    expect(() => kinesisWith("{").decode()).toThrow(/not JSON.*SEMEL_BODY/s);
    expect(() => kinesisWith(new Uint8Array([0xff, 0xfe])).decode()).toThrow(/2 bytes are not UTF-8.*SEMEL_BODY/s);
  });

  it("KN1: an aggregated record fails closed, and is not one that can be rejected", () => {
    const aggregated = new Uint8Array([0xf3, 0x89, 0x9a, 0xc2, 1, 2]);
    expect(() => kinesisWith(aggregated).decode()).toThrow(/Producer Library aggregated.*SEMEL_EVENT/s);
  });

  it("a dead letter tells origin and position; what SQS refuses as text goes as base64", () => {
    const { letter } = kinesisWith('{"orderId":"1"}');
    expect(letter?.()).toEqual({
      body: '{"orderId":"1"}',
      messageAttributes: {
        "semel-origin": { stringValue: STREAM, dataType: "String" },
        "semel-position": { stringValue: expect.stringMatching(/^4959/) as string, dataType: "String" },
      },
    });
    for (const data of ["\u0000", "\uFFFE", new Uint8Array([0xff]), ""]) {
      const refused = kinesisWith(data);
      const { body, messageAttributes } = refused.letter?.() ?? { body: "", messageAttributes: {} };
      expect(messageAttributes["semel-body-encoding"]).toEqual({ stringValue: "base64", dataType: "String" });
      expect(Buffer.from(body, "base64").equals(Buffer.from(data))).toBe(true);
      expect(body).not.toBe(""); // SQS refuses it
    }
  });

  it.each([
    ["no eventID", { eventID: undefined }, /record 0 has no eventID/],
    ["no ARN", { eventSourceARN: "" }, /record 0 has no eventSourceARN/],
    [
      "parsed data",
      { kinesis: { partitionKey: "1", sequenceNumber: "1", data: {} } },
      /data of record 0 is of type object: another middleware has already decoded it/,
    ],
    [
      "decoded data",
      { kinesis: { partitionKey: "1", sequenceNumber: "1", data: "a text" } },
      /data of record 0 is not base64/,
    ],
    ["no partition key", { kinesis: { sequenceNumber: "1", data: "" } }, /record 0 has no partitionKey/],
    [
      "a position that is none",
      { kinesis: { partitionKey: "1", sequenceNumber: "-1", data: "" } },
      /is "-1", not a number/,
    ],
  ])("%s is a clear error", (_name, fields, message) => {
    const { Records } = recorded("kinesis") as KinesisEvent;
    expect(() => deliveriesOf({ Records: [{ ...Records[0], ...fields }] })).toThrow(message);
  });
});

it.each(["kinesis", "dynamodb-streams"])("%s: records of two streams are a clear error", (name) => {
  const { Records } = recorded(name) as KinesisEvent;
  const other = { ...Records[0], eventSourceARN: "arn:aws:kinesis:us-east-2:123456789012:stream/other" };
  expect(() => deliveriesOf({ Records: [...Records, other] })).toThrow(/records of two streams.*other/s);
});

describe("DynamoDB Streams", () => {
  it("a recorded event: the body is the change, as documents", () => {
    const deliveries = deliveriesOf(recorded("dynamodb-streams"));
    expect(deliveries).toMatchObject([
      {
        messageId: `${TABLE}/111`,
        identifier: "111",
        origin: TABLE,
        orderingKey: '{"Id":{"N":"101"}}',
        position: "111".padStart(129, "0"),
      },
      { identifier: "222", orderingKey: '{"Id":{"N":"101"}}' },
    ]);
    expect(deliveries.map((delivery) => delivery.decode())).toEqual([
      { eventName: "INSERT", keys: { Id: 101 }, newImage: { Id: 101, Message: "New item!" } },
      {
        eventName: "MODIFY",
        keys: { Id: 101 },
        newImage: { Id: 101, Message: "This item has changed" },
        oldImage: { Id: 101, Message: "New item!" },
      },
    ]);
  });

  function withImage(NewImage: object, fields: object = {}) {
    const { Records } = recorded("dynamodb-streams") as DynamoDbEvent;
    const [record] = Records;
    const [delivery] = deliveriesOf({
      Records: [{ ...record, dynamodb: { ...record?.dynamodb, NewImage, ...fields } }],
    });
    if (!delivery) throw new Error("no delivery");
    return delivery;
  }

  it("DS1: no value is rounded, and binary is bytes, at every depth", () => {
    const image = {
      big: { N: "123456789012345678901234567890" },
      bytes: { B: Buffer.from([0, 255]).toString("base64") },
      deep: { M: { list: { L: [{ B: "AQ==" }, { BS: ["Ag=="] }] } } },
      names: { SS: ["a", "b"] },
      none: { NULL: true },
      yes: { BOOL: true },
    };
    const delivery = withImage(image);
    expect(delivery.decode()).toMatchObject({
      newImage: {
        big: 123456789012345678901234567890n,
        bytes: new Uint8Array([0, 255]),
        deep: { list: [new Uint8Array([1]), new Set([new Uint8Array([2])])] },
        names: new Set(["a", "b"]),
        none: null,
        yes: true,
      },
    });
    expect(delivery.payload).toMatchObject({ eventName: "INSERT", NewImage: image });
    expect(JSON.parse(delivery.letter?.().body ?? "")).toEqual(delivery.payload);
  });

  it("the ordering key does not depend on the order of the key's attributes", () => {
    const [pk, sk] = [{ S: "a" }, { N: "1" }];
    expect(withImage({}, { Keys: { pk, sk } }).orderingKey).toBe(withImage({}, { Keys: { sk, pk } }).orderingKey);
    expect(withImage({}, { Keys: { pk, sk } }).orderingKey).not.toBe(withImage({}, { Keys: { pk } }).orderingKey);
  });

  it("names a leading zero as it came", () => {
    const { identifier } = withImage({}, { SequenceNumber: "000000000000000000018" });
    expect(identifier).toBe("000000000000000000018");
  });

  it.each([
    ["no keys", { dynamodb: { SequenceNumber: "1" } }, /record 0 has no Keys/],
    [
      "unmarshalled keys",
      { dynamodb: { SequenceNumber: "1", Keys: { Id: 101 } } },
      /Keys of record 0 are no attribute values/,
    ],
    ["another event name", { eventName: "PUT" }, /record 0 has eventName "PUT"/],
    ["no sequence number", { dynamodb: { Keys: {} } }, /SequenceNumber of record 0 is undefined/],
  ])("%s is a clear error", (_name, fields, message) => {
    const { Records } = recorded("dynamodb-streams") as DynamoDbEvent;
    expect(() => deliveriesOf({ Records: [{ ...Records[0], ...fields }] })).toThrow(message);
  });
});
