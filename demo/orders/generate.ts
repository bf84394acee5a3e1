// A made-up day of orders, of the shape of real ones: a few hot customers and articles, guests, cancellations, articles
// that stand twice in one invoice, and a rare invoice of hundreds of lines.

import type { OrderLine } from "../../functions/orders/order-line.ts";
import type { Random } from "../random.ts";

export const GENERATED_LINES = 1_500;
const CUSTOMERS = 90;
const ARTICLES = 900;
const FIRST_INVOICE = 600_000;
const COUNTRIES = ["United Kingdom", "United Kingdom", "United Kingdom", "EIRE", "Germany", "France"];

export function generateOrderLines(random: Random, count: number = GENERATED_LINES): OrderLine[] {
  const lines: OrderLine[] = [];
  for (let invoice = 0; lines.length < count; invoice++) {
    lines.push(...generateInvoice(random, invoice, { linesMax: count - lines.length }));
  }
  return lines;
}

export interface InvoiceOptions {
  readonly linesMax?: number;
  /** From how many customers. */
  readonly customers?: number;
}

export function generateInvoice(
  random: Random,
  invoice: number,
  { linesMax = Number.MAX_SAFE_INTEGER, customers = CUSTOMERS }: InvoiceOptions = {},
): OrderLine[] {
  const size = Math.min(random.chance(0.01) ? random.int(200, 400) : random.int(1, 40), linesMax);
  const cancelled = random.chance(0.04);
  const customer = random.chance(0.3) ? {} : { customerId: String(12_000 + skewed(random, customers)) };
  const country = random.pick(COUNTRIES);
  const minute = Math.min(invoice * 4, 9 * 60);
  const time = `${String(8 + Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}:00`;
  return Array.from({ length: size }, (_, index) => {
    const article = skewed(random, ARTICLES);
    return {
      invoiceNo: `${cancelled ? "C" : ""}${FIRST_INVOICE + invoice}`,
      lineNo: index + 1,
      stockCode: String(20_000 + article),
      description: `ARTICLE NO. ${article}, "BOXED"`,
      quantity: (cancelled ? -1 : 1) * random.pick([1, 1, 2, 3, 6, 12, 24, 48]),
      unitPricePence: random.pick([42, 85, 125, 165, 210, 295, 375, 495, 795, 1275]),
      ...customer,
      country,
      invoicedAt: `2026-01-05T${time}`,
    };
  });
}

/** Small numbers are drawn far more often than large ones. */
function skewed(random: Random, count: number): number {
  return Math.min(random.int(0, count - 1), random.int(0, count - 1), random.int(0, count - 1));
}
