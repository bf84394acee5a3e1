import { expect, test } from "vitest";
import { belongsElsewhere, type Evidence, judge } from "../../lib/redrive/judge.ts";
import { type Letter, originalRecord, outgoing } from "../../lib/redrive/letter.ts";

const rejection = (failure: object): Letter["attributes"] => ({
  "semel-failure": { DataType: "String", StringValue: JSON.stringify(failure) },
});
const FAILURE = { code: "SEMEL_SCHEMA", reason: "bad", consumer: "orders", messageId: "m-0" };
const letter = (more: Partial<Letter> = {}): Letter => ({
  ...{ messageId: "m-1", receiptHandle: "r", body: "{}", attributes: {}, system: {} },
  ...more,
});
const rejected = letter({ attributes: rejection(FAILURE) });

const base = { pk: "p", messageId: "m-0", attemptId: "a", fingerprint: "1:f", expiresAtSeconds: 1, committedAtMs: 0 };
const lookedUp = (more: Partial<Extract<Evidence, { kind: "looked-up" }>> = {}): Evidence => ({
  ...{ kind: "looked-up", found: undefined, fingerprint: "1:f", exact: true },
  ...more,
});
const completed = { kind: "record", record: { ...base, status: "COMPLETED" } } as const;

test("JU1: done is only a completed record, or an inserted item, of the same payload", () => {
  expect(judge(rejected, lookedUp({ found: completed })).letterClass).toBe("done");
  const other = judge(letter(), lookedUp({ found: completed, fingerprint: "1:g" }));
  expect(other).toMatchObject({ letterClass: "mismatch", reason: expect.stringMatching(/another payload$/) });
  const perhaps = judge(letter(), lookedUp({ found: completed, fingerprint: "1:g", exact: false }));
  expect(perhaps).toMatchObject({ letterClass: "mismatch", reason: expect.stringMatching(/--handler tells$/) });
  const record = { ...base, status: "COMPLETED" } as const;
  expect(judge(letter(), lookedUp({ inserted: { kind: "duplicate", record } })).letterClass).toBe("done");
  const inserted = { kind: "payloadMismatch", committedAtMs: 0 } as const;
  expect(judge(letter(), lookedUp({ inserted })).letterClass).toBe("mismatch");
});

test("JU2: never run is only what has no record where there would be one", () => {
  expect(judge(letter(), lookedUp()).letterClass).toBe("never-run");
  expect(judge(letter(), lookedUp({ inserted: { kind: "gone" } })).letterClass).toBe("never-run");
  const absence = { code: "no record", reason: "elsewhere" };
  expect(judge(letter(), lookedUp({ absence })).letterClass).toBe("unknown");
  const nothing = { kind: "nothing", code: "SEMEL_KEY", reason: "no key" } as const;
  expect(judge(letter(), nothing)).toMatchObject({ letterClass: "unknown", code: "SEMEL_KEY" });
  expect(judge(rejected, nothing)).toMatchObject({ letterClass: "rejected", code: "SEMEL_SCHEMA", reason: "bad" });
  const newer = { kind: "unreadable", formatVersion: "2", status: "COMPLETED" } as const;
  expect(judge(rejected, lookedUp({ found: newer })).letterClass).toBe("unknown");
  const foreign = lookedUp({ inserted: { kind: "foreign" } });
  expect([judge(letter(), foreign).letterClass, judge(rejected, foreign).letterClass]).toEqual(["unknown", "rejected"]);
});

test("a rejected record's reason stands in for that of a letter that tells none", () => {
  const record = { ...base, status: "REJECTED", code: "SEMEL_PERMANENT", reason: "no" } as const;
  const found = { kind: "record", record } as const;
  expect(judge(letter(), lookedUp({ found }))).toEqual({
    letterClass: "rejected",
    code: "SEMEL_PERMANENT",
    reason: "no",
  });
  expect(judge(rejected, lookedUp({ found }))).toMatchObject({ code: "SEMEL_SCHEMA" });
  const claim = { ...base, claimedAtMs: 0, fencingToken: 1, leaseUntilMs: 0, ownerDeadlineMs: 0, steps: {} };
  const claimed = { kind: "record", record: { ...claim, status: "RELEASED" } } as const;
  expect(judge(rejected, lookedUp({ found: claimed }))).toMatchObject({ letterClass: "claimed", code: "RELEASED" });
});

test("JU3: with several queues a letter has to tell that it is of the one that messages are moved to", () => {
  const destination = { arn: "arn:a", sourceArns: ["arn:a", "arn:b"], consumer: "orders" };
  const from = (arn: string) => letter({ system: { DeadLetterQueueSourceArn: arn } });
  expect(belongsElsewhere(from("arn:a"), destination)).toBeUndefined();
  expect(belongsElsewhere(from("arn:b"), destination)?.letterClass).toBe("elsewhere");
  expect(belongsElsewhere(rejected, destination)).toBeUndefined();
  expect(belongsElsewhere(rejected, { ...destination, consumer: "others" })?.letterClass).toBe("elsewhere");
  expect(belongsElsewhere(rejected, { ...destination, consumer: undefined })?.letterClass).toBe("elsewhere");
  expect(belongsElsewhere(letter(), destination)?.letterClass).toBe("elsewhere");
  for (const sourceArns of [["arn:a"], [], ["arn:b", "arn:c"]]) {
    expect(belongsElsewhere(from("arn:b"), { ...destination, sourceArns })).toBeUndefined();
  }
});

test("LT1, LT2: what goes back is what came, less the reason, under a deduplication id of the letter", () => {
  const attributes = {
    ...rejection(FAILURE),
    key: { DataType: "String", StringValue: "k" },
    bytes: { DataType: "Binary.x", BinaryValue: Uint8Array.of(1, 2) },
  };
  const given = letter({ attributes, system: { MessageGroupId: "g", MessageDeduplicationId: "old" } });
  const { key, bytes } = attributes;
  expect(outgoing(given, false)).toEqual({ body: "{}", attributes: { key, bytes }, groupId: "g" });
  expect(outgoing(given, true)).toMatchObject({ groupId: "g", deduplicationId: "semel-redrive-m-1" });
  expect(originalRecord(given, "arn:aws:sqs:eu-west-1:1:q")).toMatchObject({
    messageId: "m-0",
    messageAttributes: { key: { stringValue: "k" }, bytes: { binaryValue: "AQI=", dataType: "Binary.x" } },
    awsRegion: "eu-west-1",
  });
  const foreign = letter({ attributes: { "semel-failure": { DataType: "String", StringValue: "[1" } } });
  expect(originalRecord(foreign, "arn").messageId).toBe("m-1");
});
