// The effects of one order line: it is in the ledger, and its customer's and its article's sums count it.

import type { Tx } from "semel";
import { type OrderLine, totalPence } from "./order-line.ts";
import { ARTICLES, CUSTOMERS, LEDGER } from "./tables.ts";

export function postLine(line: OrderLine, tx: Tx): void {
  tx.put({ TableName: LEDGER, Item: { ...line, totalPence: totalPence(line) } });
  if (line.customerId !== undefined) {
    const customer = { TableName: CUSTOMERS, Key: { customerId: line.customerId } };
    tx.increment(customer, { spentPence: totalPence(line), lines: 1 });
  }
  const article = { TableName: ARTICLES, Key: { stockCode: line.stockCode } };
  tx.increment(article, { units: line.quantity, revenuePence: totalPence(line), lines: 1 });
}

/** Names the line: one invoice may hold an article more than once. */
export function lineKey({ invoiceNo, lineNo }: OrderLine): string {
  return `${invoiceNo}/${lineNo}`;
}
