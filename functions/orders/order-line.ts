// One line of an order, as it travels on the queue. Money is in integer pence.

import { z } from "zod";

export const OrderLine = z.object({
  /** Begins with C for a cancellation, whose quantity is negative. */
  invoiceNo: z.string().min(1),
  /** Position in the invoice, from 1: one invoice may hold an article more than once. */
  lineNo: z.number().int().positive(),
  stockCode: z.string().min(1),
  description: z.string(),
  quantity: z.number().int(),
  unitPricePence: z.number().int(),
  /** Guests have none. */
  customerId: z.string().min(1).optional(),
  country: z.string(),
  invoicedAt: z.iso.datetime({ local: true }),
});

export type OrderLine = z.infer<typeof OrderLine>;

export function totalPence({ quantity, unitPricePence }: OrderLine): number {
  return quantity * unitPricePence;
}
