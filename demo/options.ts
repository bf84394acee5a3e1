// The demo's command line.

import { parseArgs } from "node:util";
import type { Service } from "./service.ts";
import { SERVICES } from "./services.ts";

export interface DemoOptions {
  readonly service: Service;
  /** CSV file of order lines; undefined: made from the seed. */
  readonly input: string | undefined;
  /** Messages to take; undefined: all. */
  readonly limit: number | undefined;
  /** Share of messages sent twice, 0 to 1. */
  readonly duplicates: number;
  /** How many times a busy worker is killed. */
  readonly crashes: number;
  readonly seed: number;
  /** Which handlers run, one after the other. */
  readonly handlers: readonly string[];
  /** File to write the figures to. */
  readonly json: string | undefined;
  /** Markdown file to write the table into, between its markers. */
  readonly markdown: string | undefined;
}

export const FUNCTION_DEFAULT = "orders";
export const HANDLERS_DEFAULT = "semel,plain";

export const USAGE = `npm run demo -- [options]

  --function NAME    orders: order lines on a queue, into a ledger and totals (default)
                     transfers: between accounts, on a FIFO queue; many are refused, no penny may get lost
                     telemetry: readings of devices, on the stream of a table, folded into hourly statistics
                     pipeline: whole orders on a queue, a shipment of each, a notification of each: three functions and the relay
  --input FILE.csv   orders, pipeline: order lines with the columns InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice,
                     CustomerID, Country (default: a generated day)
  --limit N          take the first N messages (default: all)
  --duplicates P     share of messages that are sent twice, 0 to 1 (default: 0.1)
  --crashes N        how many times a busy worker is killed, of any function (default: 20)
  --seed N           of all randomness (default: 7)
  --handlers A,B     which handlers run: semel, plain (no protection; of pipeline: sends after its commit); of orders also ungrouped (a transaction a message)
                     and claim (default: semel,plain)
  --json FILE        write the figures there
  --markdown FILE    write the table there, between <!-- demo:begin --> and <!-- demo:end -->, of another function
                     <!-- demo-NAME:begin --> and <!-- demo-NAME:end -->
  --help`;

/** Undefined when help was asked for. Throws an Error with what is wrong. */
export function parseOptions(args: readonly string[]): DemoOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      function: { type: "string", default: FUNCTION_DEFAULT },
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
  const service = serviceNamed(values.function);
  if (values.input !== undefined && !service.readsFiles) {
    throw new Error(
      `--input is for orders and pipeline: the messages of ${service.name} are made from the seed. Leave it out`,
    );
  }
  return {
    service,
    input: values.input,
    limit: values.limit === undefined ? undefined : number("limit", values.limit, 1, 1_000_000, true),
    duplicates: number("duplicates", values.duplicates, 0, 1, false),
    crashes: number("crashes", values.crashes, 0, 10_000, true),
    seed: number("seed", values.seed, -(2 ** 31), 2 ** 31 - 1, true),
    handlers: values.handlers.split(",").map((text) => handlerName(text.trim(), service)),
    json: values.json,
    markdown: values.markdown,
  };
}

function serviceNamed(text: string): Service {
  const known = SERVICES.find(({ name }) => name === text);
  if (known) return known;
  throw new Error(`--function is "${text}". Use ${SERVICES.map(({ name }) => name).join(", ")}`);
}

function handlerName(text: string, { handlers, name }: Service): string {
  if (Object.hasOwn(handlers, text)) return text;
  throw new Error(`--handlers names "${text}". Of ${name} there are ${Object.keys(handlers).join(", ")}`);
}

function number(name: string, text: string, min: number, max: number, whole: boolean): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
  throw new Error(`--${name} is "${text}". Use a ${whole ? "whole " : ""}number from ${min} to ${max}`);
}
