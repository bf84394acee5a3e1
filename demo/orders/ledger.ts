// What the ledger must hold, computed straight from the input, and how far the tables are off.
//
// Customers and articles count their lines, so a line that was counted twice or not at all shows as a count; money is
// compared apart. A line lost and another of the same amount doubled on the same two items would hide each other.

import type { OrderLine } from "../../functions/orders/order-line.ts";
import { totalPence } from "../../functions/orders/order-line.ts";

type Attributes = Readonly<Record<string, unknown>>;

/** All items of the three tables. */
export interface LedgerTables {
  readonly ledger: readonly Attributes[];
  readonly customers: readonly Attributes[];
  readonly articles: readonly Attributes[];
}

export interface LedgerCheck {
  /** Effects that should be there and are not. */
  readonly lostEffects: number;
  /** Effects that are there more often than they should. */
  readonly duplicatedEffects: number;
  /** Sum of all differences of customers' spend and articles' revenue. */
  readonly penceOff: number;
}

interface Totals {
  lines: number;
  pence: number;
}

export function checkLedger(lines: readonly OrderLine[], tables: LedgerTables): LedgerCheck {
  const posted = checkLines(lines, tables.ledger);
  const customers = checkTotals(
    totals(lines, ({ customerId }) => customerId),
    actualTotals(tables.customers, "customerId", "spentPence"),
  );
  const articles = checkTotals(
    totals(lines, ({ stockCode }) => stockCode),
    actualTotals(tables.articles, "stockCode", "revenuePence"),
  );
  const sum = (field: keyof LedgerCheck): number =>
    [posted, customers, articles].reduce((all, one) => all + one[field], 0);
  return {
    lostEffects: sum("lostEffects"),
    duplicatedEffects: sum("duplicatedEffects"),
    penceOff: sum("penceOff"),
  };
}

/** A line that is not as it was sent counts as lost, and what stands in its place as too much. */
function checkLines(lines: readonly OrderLine[], ledger: readonly Attributes[]): LedgerCheck {
  const expected = new Set(lines.map((line) => canonical({ ...line, totalPence: totalPence(line) })));
  let duplicatedEffects = 0;
  for (const item of ledger) if (!expected.delete(canonical(item))) duplicatedEffects++;
  return { lostEffects: expected.size, duplicatedEffects, penceOff: 0 };
}

function canonical(item: object): string {
  return JSON.stringify(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function totals(lines: readonly OrderLine[], keyOf: (line: OrderLine) => string | undefined): Map<string, Totals> {
  const result = new Map<string, Totals>();
  for (const line of lines) {
    const key = keyOf(line);
    if (key === undefined) continue;
    const total = result.get(key) ?? { lines: 0, pence: 0 };
    total.lines += 1;
    total.pence += totalPence(line);
    result.set(key, total);
  }
  return result;
}

function actualTotals(items: readonly Attributes[], keyName: string, penceName: string): Map<string, Totals> {
  return new Map(
    items.map((item) => [String(item[keyName]), { lines: Number(item["lines"]), pence: Number(item[penceName]) }]),
  );
}

const NONE: Totals = { lines: 0, pence: 0 };

function checkTotals(expected: Map<string, Totals>, actual: Map<string, Totals>): LedgerCheck {
  let [lostEffects, duplicatedEffects, penceOff] = [0, 0, 0];
  for (const key of new Set([...expected.keys(), ...actual.keys()])) {
    const [wanted, found] = [expected.get(key) ?? NONE, actual.get(key) ?? NONE];
    lostEffects += Math.max(0, wanted.lines - found.lines);
    duplicatedEffects += Math.max(0, found.lines - wanted.lines);
    penceOff += Math.abs(found.pence - wanted.pence);
  }
  return { lostEffects, duplicatedEffects, penceOff };
}
