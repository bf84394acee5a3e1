// Attacks OB1 to OB4 of lib/protocol/outbox.ts and OC1 to OC3 of lib/protocol/outbox-counter.ts.

import { hash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Item } from "../../lib/aws/dynamodb.ts";
import { itemBytes } from "../../lib/protocol/item-size.ts";
import {
  aloneBytes,
  type DeclaredMessage,
  eventDetail,
  groupKey,
  idPrefix,
  isGroup,
  messageId,
  OUTBOX_ITEM_BYTES_MAX,
  type OutboxMessage,
  outboxItems,
  readOutboxItem,
} from "../../lib/protocol/outbox.ts";
import {
  advanceCounter,
  counterKey,
  nextSequence,
  readCounter,
  sequenceText,
} from "../../lib/protocol/outbox-counter.ts";

const sha256 = (text: string): string => hash("sha256", text, "hex");
const QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/shipments";

const attributes = fc.dictionary(
  fc.stringMatching(/^[a-z]{1,5}$/),
  fc.oneof(
    fc.string({ minLength: 1 }).map((StringValue) => ({ DataType: "String", StringValue })),
    fc.uint8Array({ minLength: 1, maxLength: 9 }).map((BinaryValue) => ({ DataType: "Binary", BinaryValue })),
  ),
  { minKeys: 1, maxKeys: 3, noNullPrototype: true },
);
const some = <T>(value: fc.Arbitrary<T>, name: string): fc.Arbitrary<object> =>
  fc.option(value, { nil: undefined }).map((one) => (one === undefined ? {} : { [name]: one }));
/** Short ones, and some of which few fit into an item. */
const body = fc.oneof(
  fc.string({ minLength: 1, unit: "grapheme", maxLength: 40 }),
  fc.integer({ min: 1, max: 299 }).map((kilobytes) => "é".repeat(kilobytes * 512)),
);
const groups = fc.constantFrom("a", "b");
const declared = fc.oneof(
  fc
    .tuple(
      body,
      some(attributes, "attributes"),
      some(fc.integer({ min: 0, max: 900 }), "delaySeconds"),
      some(groups, "groupId"),
    )
    .map(
      ([text, ...rest]) =>
        ({ kind: "sqs", target: QUEUE, body: text, ...Object.assign({}, ...rest) }) as DeclaredMessage,
    ),
  fc.tuple(body, groups).map(([text, groupId]) => ({ kind: "sqs", target: `${QUEUE}.fifo`, body: text, groupId })),
  fc.tuple(body, groups, some(fc.constant("line"), "subject")).map(([text, groupId, rest]) => ({
    kind: "sns",
    target: "arn:aws:sns:eu-west-1:1:t.fifo",
    body: text,
    groupId,
    ...rest,
  })),
  body.map((text) => ({
    kind: "eventbridge",
    target: "bus",
    source: "shop",
    detailType: "Shipped",
    body: JSON.stringify({ text }),
  })),
) as fc.Arbitrary<DeclaredMessage>;

function itemsOf(messages: readonly DeclaredMessage[], commit = ["orders#1"], sequence = "0007"): Item[] {
  const prefix = idPrefix(commit, sha256);
  return outboxItems(messages, { prefix, createdAtMs: 1_767_600_000_000, sequenceOf: () => sequence, sha256 });
}

function messagesIn(items: readonly Item[]): OutboxMessage[] {
  return items.flatMap((item) => {
    const found = readOutboxItem(item);
    if (found.kind !== "messages") throw new Error(found.kind);
    return found.item.messages;
  });
}

const placeOf = ({ id }: OutboxMessage): number => Number(id.split("-")[1]);

describe("items", () => {
  it("OB1, OB2, OB3: every message once, as it was, in order, within the limit, groups apart", () => {
    fc.assert(
      fc.property(fc.array(declared, { maxLength: 12 }), (messages) => {
        const fitting = messages.filter((message) => aloneBytes(message) <= OUTBOX_ITEM_BYTES_MAX);
        const items = itemsOf(fitting);
        const found = messagesIn(items);
        const byPlace = found.toSorted((one, other) => placeOf(one) - placeOf(other));
        const prefix = idPrefix(["orders#1"], sha256);
        expect(byPlace).toEqual(fitting.map((message, place) => ({ ...message, id: messageId(prefix, place) })));
        for (const item of items) {
          expect(itemBytes(item)).toBeLessThanOrEqual(OUTBOX_ITEM_BYTES_MAX);
          const own = messagesIn([item]);
          expect(own.map(placeOf)).toEqual(own.map(placeOf).toSorted((one, other) => one - other));
          const pks = new Set(own.map((message) => groupKey(message, sha256)));
          expect(pks.size).toBe(1);
          const [pk] = pks;
          expect(item["pk"]?.S === pk || (pk === undefined && !isGroup(item["pk"]?.S ?? ""))).toBe(true);
        }
        const keys = items.map(({ pk, sk }) => `${pk?.S} ${sk?.S}`);
        expect(new Set(keys).size).toBe(items.length);
        const inOrder = items.toSorted((one, other) => ((one["sk"]?.S ?? "") < (other["sk"]?.S ?? "") ? -1 : 1));
        for (const [pk, own] of Map.groupBy(inOrder, (item) => item["pk"]?.S)) {
          const places = messagesIn(own).map(placeOf);
          expect([pk, places]).toEqual([pk, places.toSorted((one, other) => one - other)]);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("OB2: fills items before it begins another", () => {
    const messages = Array.from(
      { length: 700 },
      (): DeclaredMessage => ({ kind: "sqs", target: QUEUE, body: "x".repeat(400) }),
    );
    expect(itemsOf(messages)).toHaveLength(1);
    expect(itemsOf([...messages, ...messages])).toHaveLength(2);
  });

  it("OB1: other commits have other ids and other keys, the same commit the same", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
        fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
        (one, other) => {
          const message: DeclaredMessage = { kind: "sqs", target: `${QUEUE}.fifo`, groupId: "g", body: "b" };
          const same = JSON.stringify(one) === JSON.stringify(other);
          const [first, second] = [one, other].map((commit) => itemsOf([message, message], commit));
          const ids = new Set([...messagesIn(first ?? []), ...messagesIn(second ?? [])].map(({ id }) => id));
          expect(ids.size).toBe(same ? 2 : 4);
          expect(first?.[0]?.["sk"]?.S === second?.[0]?.["sk"]?.S).toBe(same);
          for (const id of ids) expect(id).toMatch(/^[0-9a-f-]{1,128}$/);
        },
      ),
    );
  });

  it("OB3: only FIFO targets have an order to keep; a group is one of its target", () => {
    const key = (message: Partial<DeclaredMessage>): string | undefined =>
      groupKey(
        { kind: "sqs", target: `${QUEUE}.fifo`, groupId: "g", body: "b", ...message } as DeclaredMessage,
        sha256,
      );
    expect(key({ target: QUEUE })).toBeUndefined();
    const keys = [key({}), key({ groupId: "h" } as Partial<DeclaredMessage>), key({ target: `${QUEUE}2.fifo` })];
    expect(new Set(keys).size).toBe(3);
    const byAnotherHost = key({ target: "http://127.0.0.1:4566/123456789012/shipments.fifo" });
    expect(byAnotherHost).toBe(keys[0]); // a queue's URL may name any of its hosts
    expect(keys.every((one) => one !== undefined && isGroup(one))).toBe(true);
    expect(
      groupKey({ kind: "eventbridge", target: "b.fifo", source: "s", detailType: "d", body: "{}" }, sha256),
    ).toBeUndefined();
  });

  it("OB4: what it does not know is unreadable", () => {
    const [item = {}] = itemsOf([{ kind: "sqs", target: QUEUE, body: "b" }]);
    expect(readOutboxItem(item).kind).toBe("messages");
    const wrong: Item[] = [
      { ...item, formatVersion: { N: "2" } },
      { ...item, messages: { L: [] } },
      { ...item, targets: { L: [{ M: { kind: { S: "mail" }, target: { S: "a@b" } } }] } },
      { ...item, messages: { L: [{ M: { body: { S: "b" }, target: { N: "0" } } }] } },
      { ...item, createdAt: { S: "soon" } },
      Object.fromEntries(Object.entries(item).filter(([name]) => name !== "idPrefix")),
    ];
    expect(wrong.map((one) => readOutboxItem(one).kind)).toEqual(wrong.map(() => "unreadable"));
    expect(readOutboxItem({ ...counterKey("g#1"), formatVersion: { N: "9" } })).toEqual({ kind: "counter" });
  });

  it("are spread over the shards of what is not sent", () => {
    const shards = Array.from({ length: 200 }, (_, index) =>
      itemsOf([{ kind: "sqs", target: QUEUE, body: "b" }], [String(index)]),
    );
    expect(new Set(shards.flat().map((item) => item["unsent"]?.S))).toEqual(new Set("0123456789"));
  });
});

it("an event's detail has the id as its first field", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true }), (detail) => {
      const text = JSON.stringify(detail);
      const stamped: unknown = JSON.parse(eventDetail({ id: "i-1", body: text }));
      expect(JSON.stringify(stamped)).toBe(JSON.stringify({ "semel-idempotency-key": "i-1", ...JSON.parse(text) }));
    }),
  );
});

describe("counters", () => {
  const times = { nowMs: 1_767_600_000_000, expiresAtSeconds: 5 };
  const advanced = (seen: Parameters<typeof advanceCounter>[1]): ReturnType<typeof advanceCounter> =>
    advanceCounter({ table: "Outbox", groupPk: "g#1" }, seen, times);

  it("OC1: the number behind the one that was seen, on the condition that it still is", () => {
    const { expressions, key } = advanced({ kind: "at", sequence: 41 });
    expect(key).toEqual({ pk: { S: "g#1" }, sk: { S: "counter" } });
    expect(expressions.condition).toBe("formatVersion = :semelFormat AND #semelSequence = :semelSeen");
    expect(expressions.values).toMatchObject({ ":semelSeen": { N: "41" }, ":semelNext": { N: "42" } });
    expect(advanced({ kind: "none" }).expressions.condition).toBe("attribute_not_exists(pk)");
  });

  it("OC2: a new one begins with the time; texts compare as numbers do", () => {
    expect(nextSequence({ kind: "none" }, 17)).toBe(17);
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (one, other) => {
        expect(sequenceText(one) < sequenceText(other)).toBe(one < other);
        expect(sequenceText(one) < "counter").toBe(true);
      }),
    );
  });

  it("OC3: reads only its own format", () => {
    expect(readCounter(undefined)).toEqual({ kind: "none" });
    expect(readCounter({ formatVersion: { N: "1" }, sequence: { N: "3" } })).toEqual({ kind: "at", sequence: 3 });
    expect(readCounter({ formatVersion: { N: "2" }, sequence: { N: "3" } })).toEqual({
      kind: "unreadable",
      formatVersion: "2",
    });
    expect(readCounter({ sequence: { N: "3" } }).kind).toBe("unreadable");
    expect(readCounter({ formatVersion: { N: "1" } }).kind).toBe("unreadable");
  });
});
