// What is said of a message before it is sent is what an SQS says of it: the local cloud's, which has its own account of the rules.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MESSAGE_BYTES_MAX } from "../../lib/aws/queues.ts";
import { systemHost } from "../../lib/host.ts";
import {
  deduplicationId,
  isFifoId,
  type MessageAttributes,
  messageBytes,
  messageFault,
} from "../../lib/protocol/queue-message.ts";
import { createDriver } from "../local/sqs/driver.ts";

const text = fc.oneof(
  { weight: 4, arbitrary: fc.string({ maxLength: 12 }) },
  fc.string({ unit: "binary", maxLength: 4 }),
  fc.constantFrom("", "\u0000", "\uFFFE", "\uD800", "\u{10FFFF}", "1e5", "-.5", "1,5"),
);
const good = fc.constantFrom(
  { DataType: "String", StringValue: "ä" },
  { DataType: "Number.int", StringValue: "7" },
  { DataType: "Binary", BinaryValue: new Uint8Array(2) },
);
const odd = fc.record(
  {
    DataType: fc.constantFrom("String", "Number", "Binary", "String.json", "Number.", "text", "", "x".repeat(257)),
    StringValue: text,
    BinaryValue: fc.uint8Array({ maxLength: 3 }),
  },
  { requiredKeys: ["DataType"] },
);
const value = fc.oneof({ weight: 8, arbitrary: good }, odd);
const name = fc.oneof(
  { weight: 8, arbitrary: fc.stringMatching(/^[A-Za-z]{1,4}$/) },
  fc.stringMatching(/^[A-Za-z._-]{1,4}$/),
  fc.constantFrom("AWS.x", "amazon.y", "aws", "n".repeat(256), "n".repeat(257), "é", "a..b"),
);
const attributesOf: fc.Arbitrary<MessageAttributes> = fc.dictionary(name, value, { maxKeys: 12 });

/** As on the wire. */
function onWire(attributes: MessageAttributes): object {
  const entries = Object.entries(attributes).map(([key, { BinaryValue, ...rest }]) => [
    key,
    BinaryValue === undefined ? rest : { ...rest, BinaryValue: Buffer.from(BinaryValue).toString("base64") },
  ]);
  return Object.fromEntries(entries);
}

function isTaken(body: string, attributes: MessageAttributes): boolean {
  const driver = createDriver();
  const QueueUrl = driver.create("q");
  try {
    driver.act("SendMessage", { QueueUrl, MessageBody: body, MessageAttributes: onWire(attributes) });
    return true;
  } catch {
    return false;
  }
}

describe("what SQS takes", () => {
  it("QM1: a message is said to fit exactly where it is taken", () => {
    const seen = { fits: 0, not: 0 };
    fc.assert(
      fc.property(text, attributesOf, (body, attributes) => {
        const fits = messageFault(body, attributes) === undefined;
        expect(fits).toBe(isTaken(body, attributes));
        seen[fits ? "fits" : "not"] += 1;
      }),
      { numRuns: 500 },
    );
    expect(Math.min(seen.fits, seen.not)).toBeGreaterThan(50);
  });

  it("QM1: to the byte, names, types and values of attributes among them", () => {
    const named: MessageAttributes = {
      note: { DataType: "String.ü", StringValue: "ä" },
      raw: { DataType: "Binary", BinaryValue: new Uint8Array(10) },
    };
    const left = MESSAGE_BYTES_MAX - messageBytes("", named);
    for (const [bytes, fits] of [
      [left, true],
      [left + 1, false],
    ] as const) {
      expect(messageFault("x".repeat(bytes), named) === undefined).toBe(fits);
      expect(isTaken("x".repeat(bytes), named)).toBe(fits);
    }
    expect(messageFault("x".repeat(left + 1), named)).toMatch(
      /1048577 bytes with its attributes. The queue takes 1048576/,
    );
  });
});

it("QM1: 10 attributes are taken, 11 are not", () => {
  for (const count of [10, 11]) {
    const attributes = Object.fromEntries(
      Array.from({ length: count }, (_, index) => [`a${index}`, { DataType: "String", StringValue: "x" }]),
    );
    expect(isTaken("body", attributes)).toBe(count === 10);
    expect(messageFault("body", attributes) === undefined).toBe(count === 10);
  }
});

describe("a deduplication id", () => {
  const key = fc.oneof(
    fc.string({ minLength: 1 }),
    fc.string({ unit: "binary", minLength: 1, maxLength: 200 }),
    fc.string({ minLength: 120, maxLength: 140 }),
    fc.stringMatching(/^sha256:[0-9a-f]{1,64}$/),
  );

  it("QM2: is one that SQS takes, the key itself where that is one, and different for different keys", () => {
    fc.assert(
      fc.property(key, key, (one, other) => {
        const ids = [one, other].map((each) => deduplicationId(each, systemHost.sha256));
        expect(ids.every(isFifoId)).toBe(true);
        expect(ids[0] === ids[1]).toBe(one === other);
      }),
    );
    expect(deduplicationId("A-1/7", systemHost.sha256)).toBe("A-1/7");
  });

  it("QM2: no key can be the hash of another one", () => {
    const long = "x".repeat(129);
    const hash = deduplicationId(long, systemHost.sha256);
    expect(hash).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(deduplicationId(hash, systemHost.sha256)).not.toBe(hash);
    expect(deduplicationId(`${long}y`, systemHost.sha256)).not.toBe(hash);
  });
});
