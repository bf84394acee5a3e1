// Attacks RJ1 and RJ2 of lib/protocol/rejection.ts: the message goes whatever it is, the reason where it fits.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SqsMessageAttribute } from "../../lib/aws/lambda.ts";
import { MESSAGE_BYTES_MAX } from "../../lib/aws/queues.ts";
import {
  type DeadLetter,
  FAILURE_ATTRIBUTE,
  type Failure,
  letterOf,
  type Received,
  deadLetter as toldWhy,
} from "../../lib/protocol/rejection.ts";

const failure = { code: "SEMEL_PERMANENT", reason: "why", consumer: "orders", messageId: "m-1" };
const text = (stringValue: string): SqsMessageAttribute => ({ stringValue, dataType: "String" });

/** What SQS counts: body, and name, type and value of every attribute. */
function bytesOf({ body, attributes }: DeadLetter): number {
  return Object.entries(attributes).reduce((sum, [name, { DataType, StringValue = "", BinaryValue = [] }]) => {
    return sum + Buffer.byteLength(name + DataType + StringValue) + BinaryValue.length;
  }, Buffer.byteLength(body));
}

function reasonIn({ attributes }: DeadLetter): string {
  return (JSON.parse(attributes[FAILURE_ATTRIBUTE]?.StringValue ?? "{}") as typeof failure).reason;
}

const deadLetter = (received: Received, reason: Failure) => toldWhy(letterOf(received), reason);

describe("a dead letter", () => {
  it("RJ1: has body and attributes as they came, and why", () => {
    const messageAttributes = { a: text("x"), n: { stringValue: "1", dataType: "Number.int" } };
    expect(deadLetter({ body: " {} ", messageAttributes }, failure)).toEqual({
      body: " {} ",
      attributes: {
        a: { DataType: "String", StringValue: "x" },
        n: { DataType: "Number.int", StringValue: "1" },
        [FAILURE_ATTRIBUTE]: { DataType: "String", StringValue: JSON.stringify(failure) },
      },
      tellsReason: true,
    });
  });

  it("RJ1: keeps every byte of a binary attribute", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1 }), (bytes) => {
        const seal = { binaryValue: Buffer.from(bytes).toString("base64"), dataType: "Binary" };
        const { attributes } = deadLetter({ body: "x", messageAttributes: { seal } }, failure);
        expect(Buffer.compare(attributes["seal"]?.BinaryValue ?? Buffer.of(), bytes)).toBe(0);
      }),
    );
  });

  it("RJ2: replaces the reason of an earlier rejection, and adds none to 10 attributes", () => {
    const names = Array.from({ length: 9 }, (_, index) => [`a${index}`, text("x")] as const);
    const redriven = { ...Object.fromEntries(names), [FAILURE_ATTRIBUTE]: text("old") };
    const letter = deadLetter({ body: "x", messageAttributes: redriven }, failure);
    expect(Object.keys(letter.attributes)).toHaveLength(10);
    expect(reasonIn(letter)).toBe("why");
    const full = deadLetter({ body: "x", messageAttributes: { ...Object.fromEntries(names), b: text("x") } }, failure);
    expect(full.tellsReason).toBe(false);
    expect(Object.keys(full.attributes)).toHaveLength(10);
    expect(full.attributes).not.toHaveProperty(FAILURE_ATTRIBUTE);
  });

  it("RJ2: never makes a message larger than SQS takes, and uses the room that is there", () => {
    const overhead = bytesOf(deadLetter({ body: "", messageAttributes: {} }, { ...failure, reason: "" }));
    const reason = "é".repeat(40);
    for (const room of [-1, 0, 1, 2, 3, 79, 80, 81]) {
      const body = "x".repeat(MESSAGE_BYTES_MAX - overhead - room);
      const letter = deadLetter({ body, messageAttributes: {} }, { ...failure, reason });
      expect(letter.tellsReason).toBe(room >= 0);
      expect(letter.body).toBe(body);
      expect(bytesOf(letter)).toBeLessThanOrEqual(MESSAGE_BYTES_MAX);
      if (letter.tellsReason) expect(reasonIn(letter)).toBe("é".repeat(Math.min(40, Math.floor(room / 2))));
    }
  });

  it("RJ2: counts names, types and values of the other attributes", () => {
    const messageAttributes = { name: text("value"), seal: { binaryValue: "AP8Q", dataType: "Binary" } };
    const overhead = bytesOf(deadLetter({ body: "", messageAttributes }, { ...failure, reason: "" }));
    const body = "x".repeat(MESSAGE_BYTES_MAX - overhead - 2);
    const letter = deadLetter({ body, messageAttributes }, failure);
    expect(reasonIn(letter)).toBe("wh");
    expect(bytesOf(letter)).toBe(MESSAGE_BYTES_MAX);
  });

  it("RJ2: takes any reason, without the characters that SQS refuses, cut between characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 5_000 }), (reason) => {
        const letter = deadLetter({ body: "x", messageAttributes: {} }, { ...failure, reason });
        const sent = letter.attributes[FAILURE_ATTRIBUTE]?.StringValue ?? "";
        expect([...sent].filter((character) => character < " " || /[\uFFFE\uFFFF]/.test(character))).toEqual([]);
        expect(sent.isWellFormed()).toBe(true);
        expect([...reasonIn(letter)].length).toBeLessThanOrEqual(2_048);
      }),
    );
  });
});
