import { expect, it } from "vitest";
import {
  type Batch,
  type Body,
  earlierEvent,
  ITEMS,
  messageNumbers,
  sqsEvent,
  type Variant,
} from "../../bench/events.ts";
import type { SqsEvent } from "../../lib/aws/lambda.ts";

const batch = (variant: Variant, messages = 100, first = 9_950): Batch => ({ variant, first, messages });
const items = ({ Records }: SqsEvent): string[] => Records.map(({ body }) => (JSON.parse(body) as Body).item);
const ids = ({ Records }: SqsEvent): string[] => Records.map(({ messageId }) => messageId);

it("distinct: an item a message, of 10,000 in all", () => {
  const event = sqsEvent(batch("distinct"));
  expect(new Set(items(event)).size).toBe(100);
  expect(new Set(ids(event)).size).toBe(100);
  expect(new Set(items(sqsEvent(batch("distinct", ITEMS + 100)))).size).toBe(ITEMS);
  expect(event.Records[0]?.body.length).toBeGreaterThan(160);
});

it("pairs: 2 messages an item", () => {
  const counts = Map.groupBy(items(sqsEvent(batch("pairs"))), (item) => item);
  expect(counts.size).toBe(50);
  expect([...counts.values()].every(({ length }) => length === 2)).toBe(true);
});

it("hot: one item", () => {
  expect(new Set(items(sqsEvent(batch("hot")))).size).toBe(1);
});

it("scattered: as good as random among 10,000 items, the same for the same message", () => {
  const event = sqsEvent(batch("scattered", ITEMS));
  const distinct = new Set(items(event)).size; // random: 1 - 1/e of them
  expect(distinct).toBeGreaterThan(6_000);
  expect(distinct).toBeLessThan(6_650);
  expect(items(sqsEvent(batch("scattered", ITEMS)))).toEqual(items(event));
});

it("redelivered: a tenth came before, as the same messages with a receive count of 1", () => {
  const event = sqsEvent(batch("redelivered"));
  const earlier = earlierEvent(batch("redelivered"));
  const again = event.Records.filter(({ attributes }) => attributes.ApproximateReceiveCount === "2");
  expect(again).toHaveLength(10);
  expect(earlier?.Records.map(({ messageId, body }) => ({ messageId, body }))).toEqual(
    again.map(({ messageId, body }) => ({ messageId, body })),
  );
  expect(earlier?.Records.every(({ attributes }) => attributes.ApproximateReceiveCount === "1")).toBe(true);
  expect(earlierEvent(batch("distinct"))).toBeUndefined();
});

it("no number of a message comes twice, whatever the sizes of batches", () => {
  const next = messageNumbers();
  const batches = [10, 1_000, 3, 10, 1].map((messages) => ({ messages, first: next(messages) }));
  const all = batches.flatMap(({ messages, first }) => Array.from({ length: messages }, (_, index) => first + index));
  expect(new Set(all).size).toBe(1_024);
});
