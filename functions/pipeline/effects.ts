// The effects of the three stages. Keys of shipments and notifications hold the idempotency key, so that one that was made twice would
// stand there twice. Accounts count each stage, in an item of its own: stages do not wait for each other at a busy customer's.

import type { Tx } from "semel";
import { accountOf, type Notification, type Order, type Shipment, totalPence } from "./messages.ts";
import { ACCOUNTS, NOTIFICATIONS, ORDERS, SHIPMENTS } from "./names.ts";

/** A whole order: one item however many lines it has, so that it fits a transaction of 100 actions. */
export function takeOrder(order: Order, tx: Tx): void {
  const spentPence = totalPence(order);
  tx.put({ TableName: ORDERS, Item: { ...order, totalPence: spentPence } });
  tx.increment(countsOf(accountOf(order), "orders"), { spentPence, lines: order.lines.length, orders: 1 });
}

export function ship(shipment: Shipment, tx: Tx): void {
  const units = shipment.lines.reduce((sum, { quantity }) => sum + quantity, 0);
  tx.put({ TableName: SHIPMENTS, Item: { ...shipment, shipmentId: tx.key, units } });
  tx.increment(countsOf(shipment.account, "shipments"), { shipments: 1, shippedUnits: units });
}

export function notify(notification: Notification, tx: Tx): void {
  tx.put({ TableName: NOTIFICATIONS, Item: { ...notification, notificationId: tx.key } });
  tx.increment(countsOf(notification.account, "notifications"), { notifications: 1 });
}

function countsOf(account: string, stage: "orders" | "shipments" | "notifications") {
  return { TableName: ACCOUNTS, Key: { account, stage } };
}
