import { describe, expect, it } from "vitest";
import { replaceBetweenMarkers } from "../../demo/markdown.ts";
import { parseOptions } from "../../demo/options.ts";
import { generateOrderLines } from "../../demo/orders/generate.ts";
import { parseOrderLines } from "../../demo/orders/input.ts";
import { checkLedger } from "../../demo/orders/ledger.ts";
import { ordersService } from "../../demo/orders/service.ts";
import { withDuplicates } from "../../demo/producer.ts";
import { seededRandom } from "../../demo/random.ts";
import { OrderLine, totalPence } from "../../functions/orders/order-line.ts";

const HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
const parse = (...rows: string[]): OrderLine[] => parseOrderLines([HEADER, ...rows].join("\n"), "day.csv");
const good = "536365,85123A,HANGING HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom";

describe("a CSV of order lines", () => {
  it("becomes messages: pence, guests, cancellations, quotes, lines of an invoice counted", () => {
    const lines = parse(
      good,
      '536365,85123A,"HEART, ""RED""",1,2010-12-01 08:26:00,2.5,,EIRE',
      "C536379,D,Discount,-1,2010-12-01 09:41:00,27.50,14527.0,United Kingdom",
    );
    expect(lines).toMatchObject([
      {
        invoiceNo: "536365",
        lineNo: 1,
        quantity: 6,
        unitPricePence: 255,
        customerId: "17850",
        invoicedAt: "2010-12-01T08:26:00",
      },
      { lineNo: 2, description: 'HEART, "RED"', unitPricePence: 250, country: "EIRE" },
      { invoiceNo: "C536379", lineNo: 1, quantity: -1, unitPricePence: 2750 },
    ]);
    expect(lines[1]).not.toHaveProperty("customerId");
    for (const line of lines) expect(OrderLine.parse(line)).toEqual(line);
  });

  it.each([
    [[good.replace(",6,", ",six,")], /day\.csv, line 2, column Quantity: "six" is not a whole number/],
    [[good, good.replace("2.55", "2.555")], /line 3, column UnitPrice: "2\.555" is not a price/],
    [[good.replace("2010-12-01 08", "01.12.2010 08")], /line 2, column InvoiceDate/],
    [[good.replace("17850.0", "17850.5")], /line 2, column CustomerID/],
    [[good.replace("536365", "")], /line 2, column InvoiceNo: "" is not an invoice number/],
    [[`${good},more`], /day\.csv, line 2/],
    [['536365,"open'], /day\.csv, line 2/],
    [[], /no order lines after the header/],
  ])("%j gets an error with its line and column", (rows, message) => {
    expect(() => parse(...rows)).toThrow(message);
  });

  it("needs its header", () => {
    expect(() => parseOrderLines(`${HEADER.replace("Quantity", "Qty")}\n${good}`, "day.csv")).toThrow(
      /day\.csv, line 1, column 4: found "Qty", wanted "Quantity"/,
    );
    expect(() => parseOrderLines(`${HEADER},More\n`, "day.csv")).toThrow(
      /column 9: found "More", wanted no further column/,
    );
  });
});

describe("the generated day", () => {
  it("is of the shape of real ones, and the same for the same seed", () => {
    const lines = generateOrderLines(seededRandom(7), 1_500);
    expect(generateOrderLines(seededRandom(7), 1_500)).toEqual(lines);
    expect(generateOrderLines(seededRandom(8), 1_500)).not.toEqual(lines);
    for (const line of lines) expect(OrderLine.parse(line)).toEqual(line);
    expect(new Set(lines.map(({ invoiceNo, lineNo }) => `${invoiceNo}/${lineNo}`)).size).toBe(1_500);
    expect(lines.some(({ customerId }) => customerId === undefined)).toBe(true);
    expect(lines.some(({ quantity }) => quantity < 0)).toBe(true);
    const spread = withDuplicates(lines, 0.1, seededRandom(1));
    expect(spread.length).toBeGreaterThan(1_590);
    expect(spread.length).toBeLessThan(1_710);
    expect(new Set(spread).size).toBe(1_500);
  });
});

describe("the check of the ledger", () => {
  const lines = parse(good, good.replace("17850.0", ""));
  const tables = (): {
    ledger: Record<string, unknown>[];
    customers: Record<string, unknown>[];
    articles: Record<string, unknown>[];
  } => ({
    ledger: lines.map((line) => ({ ...line, totalPence: totalPence(line) })),
    customers: [{ customerId: "17850", lines: 1, spentPence: 1530 }],
    articles: [{ stockCode: "85123A", lines: 2, revenuePence: 3060, units: 12 }],
  });

  it("finds nothing where nothing is wrong", () => {
    expect(checkLedger(lines, tables())).toEqual({ lostEffects: 0, duplicatedEffects: 0, penceOff: 0 });
  });

  it.each<[string, (t: ReturnType<typeof tables>) => void, object]>([
    ["a lost line", (t) => t.ledger.pop(), { lostEffects: 1, duplicatedEffects: 0, penceOff: 0 }],
    [
      "a changed line",
      (t) => Object.assign(t.ledger[0] ?? {}, { quantity: 7 }),
      { lostEffects: 1, duplicatedEffects: 1, penceOff: 0 },
    ],
    ["a lost customer", (t) => t.customers.pop(), { lostEffects: 1, duplicatedEffects: 0, penceOff: 1530 }],
    [
      "a doubled increment",
      (t) => Object.assign(t.articles[0] ?? {}, { lines: 3, revenuePence: 4590 }),
      { lostEffects: 0, duplicatedEffects: 1, penceOff: 1530 },
    ],
    [
      "an unknown article",
      (t) => t.articles.push({ stockCode: "X", lines: 1, revenuePence: 5 }),
      { lostEffects: 0, duplicatedEffects: 1, penceOff: 5 },
    ],
  ])("finds %s", (_name, spoil, expected) => {
    const spoilt = tables();
    spoil(spoilt);
    expect(checkLedger(lines, spoilt)).toEqual(expected);
  });
});

describe("the figures in a Markdown file", () => {
  it("stand between the markers, and replace what stood there", () => {
    const text = "a\n<!-- demo:begin -->\nold\n<!-- demo:end -->\nb\n";
    expect(replaceBetweenMarkers(text, "new", "F.md")).toBe("a\n<!-- demo:begin -->\nnew\n<!-- demo:end -->\nb\n");
    expect(() => replaceBetweenMarkers("none", "new", "F.md")).toThrow(/F\.md has no <!-- demo:begin -->/);
  });
});

describe("the command line", () => {
  it("has the documented defaults", () => {
    expect(parseOptions([])).toEqual({
      service: ordersService,
      handlers: ["semel", "plain"],
      input: undefined,
      limit: undefined,
      duplicates: 0.1,
      crashes: 20,
      seed: 7,
      json: undefined,
      markdown: undefined,
    });
    expect(parseOptions(["--help"])).toBeUndefined();
    expect(parseOptions(["--function", "telemetry"])?.service.name).toBe("telemetry");
  });

  it.each([
    [["--duplicates", "2"], /--duplicates is "2"\. Use a number from 0 to 1/],
    [["--crashes", "1.5"], /--crashes is "1\.5"\. Use a whole number/],
    [["--limit", ""], /--limit is ""/],
    [["--function", "payments"], /--function is "payments"\. Use orders, transfers, telemetry/],
    [
      ["--function", "transfers", "--input", "day.csv"],
      /--input is for orders and pipeline: the messages of transfers are made/,
    ],
    [
      ["--function", "telemetry", "--handlers", "claim"],
      /--handlers names "claim"\. Of telemetry there are semel, plain/,
    ],
    [["--seeds", "1"], /Unknown option '--seeds'/],
    [["file.csv"], /Unexpected argument/],
  ])("%j is refused", (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});
