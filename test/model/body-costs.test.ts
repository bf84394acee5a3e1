// Attacks BC1 and BC2 of lib/model/body-costs.ts, by bills added up message by message.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bodyCosts } from "../../lib/model/body-costs.ts";
import { PRICES_US_EAST_1 } from "../../lib/model/prices.ts";

const KB = 1_024;

describe("what a body costs", () => {
  it("of ten small messages is three requests, a KB in an item, and two of them in a transaction", () => {
    expect(bodyCosts({ queueBytes: 600 })).toEqual({
      sqsRequests: 0.3,
      recordWriteUnits: 2,
      insertWriteUnits: 1,
      outboxWriteUnits: 2,
      centsPerMillion: { sqs: 12, insert: 62.5, outbox: 125 },
    });
  });

  it.each([
    [64 * KB, 1, 3],
    [64 * KB + 1, 1, 5],
    [64 * KB, 10, 2.1],
    [6_553, 10, 0.3],
    [6_554, 10, 0.5],
    [512 * KB, 10, 16.5], // two of them fill a request
    [1_024 * KB, 10, 33],
  ])("BC1: %i bytes in batches of %i are %d requests a message", (queueBytes, batchSize, requests) => {
    expect(bodyCosts({ queueBytes }, { batchSize }).sqsRequests).toBeCloseTo(requests, 9);
  });

  it("BC1: is what a day's bill divided by its messages is", () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 1_024 * KB }),
      fc.integer({ min: 1, max: 10 }),
      (queueBytes, batchSize) => {
        let [inRequest, bytes, billed] = [0, 0, 0];
        const close = (): void => {
          const chunks = Math.max(1, Math.ceil(bytes / (64 * KB)));
          billed += chunks + chunks + 1;
          [inRequest, bytes] = [0, 0];
        };
        const together = Math.max(1, Math.min(batchSize, Math.floor((1_024 * KB) / queueBytes)));
        const messages = together * 7;
        for (let message = 0; message < messages; message += 1) {
          if (inRequest === batchSize || bytes + queueBytes > 1_024 * KB) close();
          inRequest += 1;
          bytes += queueBytes;
        }
        close();
        expect(bodyCosts({ queueBytes }, { batchSize }).sqsRequests).toBeCloseTo(billed / messages, 9);
      },
    );
    fc.assert(property);
  });

  it("BC2: counts each KB that an item begins", () => {
    for (const [itemBytes, units] of [
      [1, 1],
      [KB, 1],
      [KB + 1, 2],
      [100 * KB, 100],
    ] as const) {
      const { insertWriteUnits, outboxWriteUnits } = bodyCosts({ queueBytes: 10, itemBytes });
      expect([insertWriteUnits, outboxWriteUnits]).toEqual([units, 2 * units]);
    }
  });

  it("takes the prices of FIFO queues, and other ones", () => {
    expect(bodyCosts({ queueBytes: 1 }, { fifo: true }).centsPerMillion.sqs).toBeCloseTo(15, 9);
    const prices = { ...PRICES_US_EAST_1, writeUnitUsdPerMillion: 1 };
    expect(bodyCosts({ queueBytes: 1 }, { prices }).centsPerMillion.insert).toBe(100);
  });

  it.each([
    [{ queueBytes: 0 }, {}],
    [{ queueBytes: 2_000_000 }, {}],
    [{ queueBytes: 1, itemBytes: 0.5 }, {}],
    [{ queueBytes: 1 }, { batchSize: 11 }],
  ])("refuses %j %j", (size, options) => {
    expect(() => bodyCosts(size, options)).toThrow(RangeError);
  });
});
