// The demo's check of the pipeline finds what it is to find, its orders are whole invoices, and the relay's figures come from its log.

import { describe, expect, it } from "vitest";
import { appliedTo, checkPipeline, type PipelineTables } from "../../demo/pipeline/check.ts";
import { generateOrders, ordersOf } from "../../demo/pipeline/orders.ts";
import { seededRandom } from "../../demo/random.ts";
import { watchRelay } from "../../demo/relay-figures.ts";
import { Order, totalPence } from "../../functions/pipeline/messages.ts";

describe("orders", () => {
  it("are whole invoices: lines in their order, guests without a customer", () => {
    const line = {
      description: "A",
      quantity: 2,
      unitPricePence: 5,
      country: "EIRE",
      invoicedAt: "2010-12-01T08:26:00",
    };
    const orders = ordersOf([
      { ...line, invoiceNo: "1", lineNo: 1, stockCode: "a", customerId: "7" },
      { ...line, invoiceNo: "2", lineNo: 1, stockCode: "a" },
      { ...line, invoiceNo: "1", lineNo: 2, stockCode: "a", customerId: "7", quantity: -3 },
    ]);
    expect(orders).toMatchObject([
      {
        orderId: "1",
        customerId: "7",
        country: "EIRE",
        orderedAt: line.invoicedAt,
        lines: [{ quantity: 2 }, { quantity: -3 }],
      },
      { orderId: "2", lines: [{ stockCode: "a", description: "A", unitPricePence: 5 }] },
    ]);
    expect(orders[1]).not.toHaveProperty("customerId");
    for (const order of orders) expect(Order.parse(order)).toEqual(order);
  });

  it("are made up in any number, the same for the same seed, each with its own id", () => {
    const orders = generateOrders(seededRandom(7), 300);
    expect(generateOrders(seededRandom(7), 300)).toEqual(orders);
    expect(new Set(orders.map(({ orderId }) => orderId)).size).toBe(300);
    for (const order of orders) expect(Order.parse(order)).toEqual(order);
    expect(orders.some(({ lines }) => lines.length > 100)).toBe(true); // more than a transaction holds
  });
});

type Item = Record<string, unknown>;
type Spoilt = { -readonly [Table in keyof PipelineTables]: Item[] };

describe("the check of the pipeline", () => {
  const lines = [{ stockCode: "a", description: "A", quantity: 2, unitPricePence: 5 }];
  const order = { orderId: "1", customerId: "c", country: "EIRE", orderedAt: "2010-12-01T08:26:00", lines };
  const orders: Order[] = [order, { ...order, orderId: "2" }];
  const tables = (): Spoilt => ({
    orders: orders.map((one) => ({ ...one, totalPence: totalPence(one) })),
    shipments: orders.map(({ orderId }) => {
      const shipped = [{ stockCode: "a", quantity: 2 }];
      return { orderId, account: "c", country: "EIRE", lines: shipped, units: 2, shipmentId: `s${orderId}` };
    }),
    notifications: orders.map(({ orderId }) => {
      return { orderId, account: "c", units: 2, shipmentId: `s${orderId}`, notificationId: `n${orderId}` };
    }),
    accounts: [
      { account: "c", stage: "orders", spentPence: 20, lines: 2, orders: 2 },
      { account: "c", stage: "shipments", shipments: 2, shippedUnits: 4 },
      { account: "c", stage: "notifications", notifications: 2 },
    ],
    outbox: [],
  });
  const clean = checkPipeline([], { orders: [], shipments: [], notifications: [], accounts: [], outbox: [] });

  it("finds nothing where nothing is wrong", () => {
    expect(new Set(Object.values(clean))).toEqual(new Set([0]));
    expect(checkPipeline(orders, tables())).toEqual(clean);
    expect(appliedTo(orders, tables()).get("2")).toEqual({ orders: 1, shipments: 1, notifications: 1 });
  });

  it.each<[string, (spoilt: Spoilt) => unknown, object]>([
    ["an order that is not there", (all) => all.orders.pop(), { ordersLost: 1 }],
    ["an order with another line", ({ orders: [one] }) => Object.assign(one ?? {}, { lines: [] }), { ordersLost: 1 }],
    ["a shipment that is not there", (all) => all.shipments.pop(), { shipmentsLost: 1, notificationsLost: 1 }],
    [
      "a second shipment",
      (all) => all.shipments.push({ ...all.shipments[0], shipmentId: "x" }),
      { shipmentsDoubled: 1 },
    ],
    [
      "a shipment without its lines",
      ({ shipments: [one] }) => Object.assign(one ?? {}, { lines: [] }),
      { shipmentsLost: 1 },
    ],
    ["a notification that is not there", (all) => all.notifications.pop(), { notificationsLost: 1 }],
    [
      "a second notification",
      (all) => all.notifications.push({ ...all.notifications[0], notificationId: "x" }),
      { notificationsDoubled: 1 },
    ],
    [
      "a notification of another shipment",
      ({ notifications: [one] }) => Object.assign(one ?? {}, { shipmentId: "s2" }),
      { notificationsLost: 1 },
    ],
    ["a penny", ({ accounts: [one] }) => Object.assign(one ?? {}, { spentPence: 21 }), { penceOff: 1 }],
    ["a stage counted twice", ({ accounts: [, one] }) => Object.assign(one ?? {}, { shipments: 3 }), { countsOff: 1 }],
    ["a stage not counted", (all) => all.accounts.pop(), { countsOff: 2 }],
    ["a stranger", (all) => all.shipments.push({ orderId: "3" }), { strangers: 1 }],
    ["what was not sent", (all) => all.outbox.push({ pk: "m#1" }), { unsent: 1 }],
  ])("finds %s", (_name, spoil, found) => {
    const spoilt = tables();
    spoil(spoilt);
    expect(checkPipeline(orders, spoilt)).toEqual({ ...clean, ...found });
  });
});

describe("the relay's figures", () => {
  it("are those of its log; a line that was cut is passed over", () => {
    const watch = watchRelay();
    expect(watch.figures()).toBeUndefined();
    const tell = (text: string): void => watch.line({ source: "relay", level: "info", text });
    tell(JSON.stringify({ RelayLatency: [5, 7], RelayedMessages: [4] }));
    tell(JSON.stringify({ RelayLatency: [1], RelayedMessages: [1] }));
    tell('{"RelayLatency":[1,');
    for (const other of ["something else", "null"]) tell(other);
    expect(watch.figures()).toEqual({ relayed: 5, latencyMs: { p50: 5, p99: 7, max: 7 }, backlogMax: 0 });
  });
});
