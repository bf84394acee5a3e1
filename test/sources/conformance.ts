// What every driver has to hold, whatever its source. The events and what AWS makes of a response come from
// test/support/source-events.ts, which knows nothing of the drivers.
//
//   CF1. Nothing unsettled is acknowledged, under any reading of AWS's page.
//   CF2. What is acknowledged is exactly what is settled, as far as the source can say it: see `exact`.
//   CF3. After a failure nothing of its ordering key is acknowledged.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { fromItem } from "../../lib/consumer/marshalling.ts";
import type { Place, Source } from "../../lib/sources/source.ts";
import { sourceOf } from "../../lib/sources/source-of.ts";
import type { TestRecord, TestSource } from "../support/source-events.ts";

export function recorded(name: string): never {
  return JSON.parse(readFileSync(join(import.meta.dirname, "events", `${name}.json`), "utf8")) as never;
}

export const driverOf: (event: unknown) => Source = sourceOf(fromItem);

export interface Expectations {
  readonly source: TestSource;
  /** What is to come again, by index, when these are not settled, where `from` is the index of the first of them. */
  exact(records: readonly TestRecord[], unsettled: ReadonlySet<number>): ReadonlySet<number>;
}

/** Keys of two lengths, in an order of their own; positions with gaps. */
const batches = fc
  .array(fc.record({ key: fc.constantFrom("a", "b", "c", "d-long"), gap: fc.integer({ min: 1, max: 7 }) }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((all) => {
    let at = 3;
    return all.map(({ key, gap }): TestRecord => {
      at += gap;
      return { key, at, body: { orderId: `o-${at}` } };
    });
  });

/** For each message, whether it is settled: any; and as the runtime makes it, in order within each key. */
function settlements(records: readonly TestRecord[], luck: readonly boolean[], inOrder: boolean): boolean[] {
  const failed = new Set<string>();
  return records.map(({ key }, index) => {
    if (inOrder && failed.has(key)) return false;
    const settled = luck[index % luck.length] ?? false;
    if (!settled) failed.add(key);
    return settled;
  });
}

export function conformance({ source: test, exact }: Expectations): void {
  /** Deliveries in the order of the records: Kafka's lists are by partition. */
  function placesOf(records: readonly TestRecord[]): { driver: Source; event: unknown; byRecord: Place[] } {
    const event = test.event(records);
    const driver = driverOf(event);
    const places = driver.deliveries(event);
    const byRecord = records.map(({ key, at }) => {
      const found = places.find(({ messageId }) => places.length > 0 && idEnds(messageId, at));
      if (!found) throw new Error(`no delivery of ${key} at ${at}`);
      return found;
    });
    return { driver, event, byRecord };
  }
  const idEnds = (messageId: string, at: number): boolean =>
    messageId === `m-${at}` || messageId.endsWith(`/${at}`) || messageId.endsWith(`:${test.number(at)}`);

  it("CF1, CF2, CF3: the response", () => {
    const luck = fc.array(fc.boolean(), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(batches, luck, fc.boolean(), (records, lucky, anyOrder) => {
        const inOrder = test.ordered && !(anyOrder && test.name !== "Kafka");
        const settled = settlements(records, lucky, inOrder);
        const { driver, event, byRecord } = placesOf(records);
        const places = driver.deliveries(event);
        const outcomes = byRecord.map(({ messageId }, index) => ({ messageId, acknowledged: settled[index] ?? false }));
        const foreign = [{ messageId: "foreign", acknowledged: false }];
        const response = driver.response(places, [...outcomes, ...foreign]);
        const unsettled = new Set(records.flatMap((_, index) => (settled[index] ? [] : [index])));
        const readings = test.again(records, response);
        for (const again of readings) {
          for (const index of unsettled) expect(again.has(index)).toBe(true); // CF1
          if (!test.ordered) continue;
          for (const [index, { key }] of records.entries()) {
            const stopped = [...unsettled].some((other) => other <= index && records[other]?.key === key);
            if (stopped) expect(again.has(index)).toBe(true); // CF3
          }
        }
        expect(readings[0]).toEqual(exact(records, unsettled)); // CF2
      }),
      { numRuns: 500 },
    );
  });

  it("Q3: what has no outcome is not acknowledged; two outcomes of a message have to agree (Q2)", () => {
    fc.assert(
      fc.property(batches, (records) => {
        const { driver, event, byRecord } = placesOf(records);
        const places = driver.deliveries(event);
        const all = new Set(records.keys());
        for (const again of test.again(records, driver.response(places, []))) expect(again).toEqual(all);
        const twice = byRecord.flatMap(({ messageId }, index) => {
          const first = index % 2 === 0;
          return [first, !first].map((acknowledged) => ({ messageId, acknowledged }));
        });
        for (const again of test.again(records, driver.response(places, twice))) expect(again).toEqual(all);
      }),
      { numRuns: 50 },
    );
  });

  it("is explicit when nothing failed", () => {
    const { driver, event, byRecord } = placesOf([{ key: "a", at: 9, body: 1 }]);
    const outcomes = byRecord.map(({ messageId }) => ({ messageId, acknowledged: true }));
    expect(driver.response(driver.deliveries(event), outcomes)).toEqual({ batchItemFailures: [] });
  });

  it("places: ids are stable and distinct, ordering keys are those of the messages, positions compare as numbers do", () => {
    fc.assert(
      fc.property(batches, (records) => {
        const { driver, event, byRecord } = placesOf(records);
        const again = driver.deliveries(structuredClone(event));
        expect(again.map(({ messageId }) => messageId)).toEqual(
          driver.deliveries(event).map(({ messageId }) => messageId),
        );
        expect(new Set(byRecord.map(({ messageId }) => messageId)).size).toBe(records.length);
        expect(driver.ordered).toBe(test.ordered);
        for (const [index, { key, at }] of records.entries()) {
          const place = byRecord[index];
          const sameKey = records.flatMap((other, i) => (other.key === key ? [byRecord[i]?.orderingKey] : []));
          expect(new Set(sameKey).size).toBe(1);
          expect(place?.orderingKey === undefined).toBe(!test.ordered);
          if (!test.ordered) continue;
          expect(BigInt(place?.position ?? "")).toBe(BigInt(test.number(at)));
          const before = byRecord[index - 1];
          if (before) expect((before.position ?? "") < (place?.position ?? "")).toBe(true);
          expect(before?.position?.length ?? place?.position?.length).toBe(place?.position?.length);
        }
        const keys = new Set(records.map(({ key }) => key));
        if (test.ordered) expect(new Set(byRecord.map(({ orderingKey }) => orderingKey)).size).toBe(keys.size);
      }),
      { numRuns: 100 },
    );
  });

  it("deliveries are in the order of the event within each key, and decode anew each time", () => {
    const event = test.event([1, 2, 3].map((at) => ({ key: "a", at: at + 8, body: { at } })));
    const deliveries = driverOf(event).deliveries(event);
    expect(deliveries).toHaveLength(3);
    const [first] = deliveries;
    expect(first?.decode()).toEqual(first?.decode());
    expect(first?.decode()).not.toBe(first?.decode());
    const positions = deliveries.map(({ position, messageId }) => position ?? messageId.padStart(9));
    expect(positions).toEqual([...positions].sort());
  });
}
