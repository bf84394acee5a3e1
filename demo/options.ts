// The demo's command line.

import { parseArgs } from "node:util";
import { HANDLER_NAMES, type HandlerName } from "./app.ts";

export interface DemoOptions {
  /** CSV file of order lines; undefined: a generated day. */
  readonly input: string | undefined;
  /** Lines to take; undefined: all. */
  readonly limit: number | undefined;
  /** Share of messages sent twice, 0 to 1. */
  readonly duplicates: number;
  /** How many times a busy worker is killed. */
  readonly crashes: number;
  readonly seed: number;
  /** Which handlers run, one after the other. */
  readonly handlers: readonly HandlerName[];
  /** File to write the figures to. */
  readonly json: string | undefined;
  /** Markdown file to write the table into, between its markers. */
  readonly markdown: string | undefined;
}

export const HANDLERS_DEFAULT = "semel,plain";

export const USAGE = `npm run demo -- [options]

  --input FILE.csv   order lines with the columns InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice,
                     CustomerID, Country (default: a generated day of 1,500 lines)
  --limit N          take the first N lines (default: all)
  --duplicates P     share of messages that are sent twice, 0 to 1 (default: 0.1)
  --crashes N        how many times a busy worker is killed (default: 20)
  --seed N           of all randomness (default: 7)
  --handlers A,B     which handlers run: semel, ungrouped (a transaction a message), claim, plain (no protection)
                     (default: semel,plain)
  --json FILE        write the figures there
  --markdown FILE    write the table there, between <!-- demo:begin --> and <!-- demo:end -->
  --help`;

/** Undefined when help was asked for. Throws an Error with what is wrong. */
export function parseOptions(args: readonly string[]): DemoOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      input: { type: "string" },
      limit: { type: "string" },
      duplicates: { type: "string", default: "0.1" },
      crashes: { type: "string", default: "20" },
      seed: { type: "string", default: "7" },
      handlers: { type: "string", default: HANDLERS_DEFAULT },
      json: { type: "string" },
      markdown: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  return {
    input: values.input,
    limit: values.limit === undefined ? undefined : number("limit", values.limit, 1, 1_000_000, true),
    duplicates: number("duplicates", values.duplicates, 0, 1, false),
    crashes: number("crashes", values.crashes, 0, 10_000, true),
    seed: number("seed", values.seed, -(2 ** 31), 2 ** 31 - 1, true),
    handlers: values.handlers.split(",").map(handlerName),
    json: values.json,
    markdown: values.markdown,
  };
}

function handlerName(text: string): HandlerName {
  const known = HANDLER_NAMES.find((name) => name === text.trim());
  if (known) return known;
  throw new Error(`--handlers names "${text}". Use ${HANDLER_NAMES.join(", ")}`);
}

function number(name: string, text: string, min: number, max: number, whole: boolean): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
  throw new Error(`--${name} is "${text}". Use a ${whole ? "whole " : ""}number from ${min} to ${max}`);
}
