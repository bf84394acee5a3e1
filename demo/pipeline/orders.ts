// Whole orders of order lines: those of one invoice, in their order.

import type { OrderLine } from "../../functions/orders/order-line.ts";
import type { Order } from "../../functions/pipeline/messages.ts";
import { generateInvoice } from "../orders/generate.ts";
import { readOrderLines } from "../orders/input.ts";
import type { Random } from "../random.ts";

export const GENERATED_ORDERS = 400;
const CUSTOMERS_MIN = 50;

export function generateOrders(random: Random, count: number = GENERATED_ORDERS): Order[] {
  const customers = Math.max(CUSTOMERS_MIN, count); // on a real day some two orders of three are their customer's only one
  return Array.from({ length: count }, (_, invoice) =>
    ordersOf(generateInvoice(random, invoice, { customers })),
  ).flat();
}

export function readOrders(file: string): Order[] {
  return ordersOf(readOrderLines(file));
}

/** An invoice's lines say the same of their customer; what the first says counts. */
export function ordersOf(lines: readonly OrderLine[]): Order[] {
  return [...Map.groupBy(lines, ({ invoiceNo }) => invoiceNo)].map(([orderId, own]) => {
    const [first] = own as [OrderLine, ...OrderLine[]];
    return {
      orderId,
      ...(first.customerId !== undefined && { customerId: first.customerId }),
      country: first.country,
      orderedAt: first.invoicedAt,
      lines: own.map(({ stockCode, description, quantity, unitPricePence }) => {
        return { stockCode, description, quantity, unitPricePence };
      }),
    };
  });
}
