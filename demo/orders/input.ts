// Reads order lines from a CSV file. Whatever is wrong in it is named with its line and column.

import { readFileSync } from "node:fs";
import { CsvError, parse } from "csv-parse/sync";
import type { OrderLine } from "../../functions/orders/order-line.ts";

const COLUMNS = [
  "InvoiceNo",
  "StockCode",
  "Description",
  "Quantity",
  "InvoiceDate",
  "UnitPrice",
  "CustomerID",
  "Country",
] as const;
type Column = (typeof COLUMNS)[number];
type Row = Readonly<Record<Column, string>>;

interface ParsedRow {
  readonly record: Row;
  readonly info: { readonly lines: number };
}

export function readOrderLines(file: string): OrderLine[] {
  return parseOrderLines(readFileSync(file, "utf8"), file);
}

export function parseOrderLines(text: string, file: string): OrderLine[] {
  const rows = parseRows(text, file);
  if (rows.length === 0) throw new Error(`${file}: no order lines after the header`);
  const linesOf = new Map<string, number>();
  return rows.map(({ record, info }) => {
    const lineNo = (linesOf.get(record.InvoiceNo) ?? 0) + 1;
    linesOf.set(record.InvoiceNo, lineNo);
    return toOrderLine(record, lineNo, (column, wanted) => {
      const where = `${file}, line ${info.lines}, column ${column}`;
      throw new Error(`${where}: "${record[column]}" is not ${wanted}`);
    });
  });
}

function parseRows(text: string, file: string): ParsedRow[] {
  try {
    return parse(text, {
      bom: true,
      columns: (header: string[]) => checkHeader(header, file),
      info: true,
      skip_empty_lines: true,
    }) as unknown as ParsedRow[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const { lines, column } = error as { lines?: number; column?: unknown };
    throw new Error(`${file}, line ${lines ?? "?"}, column ${String(column ?? "?")}: ${error.message}`, {
      cause: error,
    });
  }
}

function checkHeader(header: readonly string[], file: string): string[] {
  const wrong = COLUMNS.findIndex((name, index) => header[index] !== name);
  if (wrong >= 0 || header.length !== COLUMNS.length) {
    const at = wrong >= 0 ? wrong : COLUMNS.length;
    const found = header[at] === undefined ? "nothing" : `"${header[at]}"`;
    const wanted = COLUMNS[at] === undefined ? "no further column" : `"${COLUMNS[at]}"`;
    throw new Error(
      `${file}, line 1, column ${at + 1}: found ${found}, wanted ${wanted}. The columns are ${COLUMNS.join(",")}`,
    );
  }
  return [...header];
}

type Refuse = (column: Column, wanted: string) => never;

function toOrderLine(row: Row, lineNo: number, refuse: Refuse): OrderLine {
  const matched = (column: Column, pattern: RegExp, wanted: string): RegExpExecArray =>
    pattern.exec(row[column]) ?? refuse(column, wanted);
  const quantity = matched("Quantity", /^-?\d{1,9}$/, "a whole number")[0];
  const [, sign = "", pounds = "0", pence = ""] = matched(
    "UnitPrice",
    /^(-?)(\d{1,9})(?:\.(\d{1,2})0*)?$/,
    "a price in pounds with at most 2 decimals",
  );
  const [, date = "", time = ""] = matched(
    "InvoiceDate",
    /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/,
    "a time like 2010-12-01 08:26:00",
  );
  const customerId = matched("CustomerID", /^(\d*)(?:\.0)?$/, "a customer number, or empty")[1];
  return {
    invoiceNo: matched("InvoiceNo", /^[A-Z]?\d+$/, "an invoice number")[0],
    lineNo,
    stockCode: matched("StockCode", /\S/, "an article's code").input.trim(),
    description: row.Description,
    quantity: Number(quantity),
    unitPricePence: Number(`${sign}${pounds}${pence.padEnd(2, "0")}`),
    ...(customerId === "" || customerId === undefined ? {} : { customerId }),
    country: matched("Country", /\S/, "a country").input,
    invoicedAt: `${date}T${time}`,
  };
}
