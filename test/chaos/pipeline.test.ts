// What a chaos run of the pipeline makes of the tables.

import { describe, expect, it } from "vitest";
import { complaints } from "../../chaos/ledger.ts";
import { conclude, pipeline } from "../../chaos/pipeline.ts";
import type { PipelineTables } from "../../demo/pipeline/check.ts";
import { seededRandom } from "../../demo/random.ts";
import { type Order, totalPence } from "../../functions/pipeline/messages.ts";

const lines = [{ stockCode: "a", description: "A", quantity: 2, unitPricePence: 5 }];
const orders: Order[] = ["1", "2", "3"].map((orderId) => {
  return { orderId, customerId: "c", country: "EIRE", orderedAt: "2010-12-01T08:26:00", lines };
});
const shipped = [{ stockCode: "a", quantity: 2 }];
const tables: PipelineTables = {
  orders: orders.map((order) => ({ ...order, totalPence: totalPence(order) })),
  shipments: orders.map(({ orderId }) => {
    return { orderId, account: "c", country: "EIRE", lines: shipped, units: 2, shipmentId: orderId };
  }),
  notifications: orders.map(({ orderId }) => {
    return { orderId, account: "c", units: 2, shipmentId: orderId, notificationId: orderId };
  }),
  accounts: [{ account: "c", orders: 3, lines: 3, spentPence: 30, shipments: 3, shippedUnits: 6, notifications: 3 }],
  outbox: [],
};

describe("the ledger of the pipeline", () => {
  it("counts an order that went through all stages once", () => {
    const { ledger, once } = conclude(orders, tables, new Set());
    expect(complaints(ledger)).toEqual([]);
    expect(ledger).toMatchObject({ messages: 3, appliedOnce: 3 });
    expect(once).toEqual(["1", "2", "3"]);
  });

  it("tells lost from doubled, and counts that are off", () => {
    const [first, second] = tables.notifications;
    const notifications = [{ ...first }, { ...first, notificationId: "x" }, { ...second }];
    const { ledger, once } = conclude(orders, { ...tables, notifications, outbox: [{}] }, new Set());
    expect(ledger).toMatchObject({ appliedOnce: 1, doubled: ["1"], lost: ["3"], surplus: 1, halves: 1 });
    expect(once).toEqual(["2"]);
  });

  it("does not call lost what is in a dead-letter queue, nor passes over what is nobody's", () => {
    const shipments = [...tables.shipments, { orderId: "4" }];
    const left = conclude(
      orders,
      { ...tables, notifications: tables.notifications.slice(1), shipments },
      new Set(["1"]),
    );
    expect(left.ledger).toMatchObject({ lost: [], deadLettered: ["1"], unexpected: ["1 items of no order"] });
  });
});

describe("the scenario of the pipeline", () => {
  it("has as many orders as it is asked for, and reads their keys from all its messages", () => {
    const scenario = pipeline({ count: 30, seed: 7, files: [] })(seededRandom(7));
    expect(scenario.messages).toHaveLength(30);
    for (const { key, body } of scenario.messages) expect(scenario.keyOf(body)).toBe(key);
    expect(scenario.keyOf("{")).toBeUndefined();
    expect(scenario.keyOf('{"orderId":7}')).toBeUndefined();
    expect([scenario.isEnd("Chaos-NotificationsFunction1"), scenario.isEnd("Chaos-OrdersFunction1")]).toEqual([
      true,
      false,
    ]);
  });
});
