// What goes from function to function: an order with all its lines, the shipment that is made of it, the notification of that. Money is
// in integer pence.

import { z } from "zod";

/** Some 250 KB of lines: an item takes 400 KB. The largest real invoices have hundreds of lines. */
const LINES_MAX = 2_000;

const Line = z.object({
  stockCode: z.string().min(1),
  description: z.string(),
  /** Below zero in a cancellation: what is to come back. */
  quantity: z.number().int(),
  unitPricePence: z.number().int(),
});

export const Order = z.object({
  /** The producer's own id: the same whenever it sends this order again. */
  orderId: z.string().min(1),
  /** Guests have none. */
  customerId: z.string().min(1).optional(),
  country: z.string(),
  orderedAt: z.iso.datetime({ local: true }),
  /** An article may be in several. */
  lines: z.array(Line).min(1).max(LINES_MAX),
});

export type Order = z.infer<typeof Order>;

export const Shipment = z.object({
  orderId: z.string().min(1),
  account: z.string().min(1),
  country: z.string(),
  /** What the warehouse needs, and no more: an order of 600 lines is a message of 25 KB. */
  lines: z.array(z.object({ stockCode: z.string().min(1), quantity: z.number().int() })).min(1),
});

export type Shipment = z.infer<typeof Shipment>;

export const Notification = z.object({
  orderId: z.string().min(1),
  account: z.string().min(1),
  /** Of the shipment that is told of. */
  shipmentId: z.string().min(1),
  units: z.number().int(),
});

export type Notification = z.infer<typeof Notification>;

export function totalPence({ lines }: Order): number {
  return lines.reduce((sum, { quantity, unitPricePence }) => sum + quantity * unitPricePence, 0);
}

/** Whom an order is counted for: its customer, or a guest of this one order. */
export function accountOf({ orderId, customerId }: Order): string {
  return customerId ?? `guest of ${orderId}`;
}

export function shipmentOf(order: Order): Shipment {
  const lines = order.lines.map(({ stockCode, quantity }) => ({ stockCode, quantity }));
  return { orderId: order.orderId, account: accountOf(order), country: order.country, lines };
}

export function notificationOf({ orderId, account, lines }: Shipment, shipmentId: string): Notification {
  return { orderId, account, shipmentId, units: lines.reduce((sum, { quantity }) => sum + quantity, 0) };
}
