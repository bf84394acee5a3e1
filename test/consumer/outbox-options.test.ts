// The option outbox: what it takes, from where, and what it refuses.

import { describe, expect, it } from "vitest";
import { resolveOptions } from "../../lib/consumer/options.ts";
import type { ExactlyOnceOptions } from "../../lib/index.ts";

const names = { consumer: "orders", table: "Records", retentionDays: 40 };
const insert = { appendOnlyTable: "Orders", primaryKey: "orderId" };

const outboxOf = (options: ExactlyOnceOptions, environment: Record<string, string> = {}): unknown =>
  resolveOptions({ ...names, ...options }, environment).outbox;

describe("the option outbox", () => {
  it("comes from the option, else from the environment, else there is none", () => {
    const environment = { SEMEL_OUTBOX_TABLE: "FromEnvironment" };
    expect(outboxOf({ outbox: { table: "Outbox" } }, environment)).toEqual({ table: "Outbox" });
    expect(outboxOf({}, environment)).toEqual({ table: "FromEnvironment" });
    expect(outboxOf({})).toBeUndefined();
  });

  it("a variable is no mistake where nothing can be sent", () => {
    expect(outboxOf({ strategy: "insert", insert }, { SEMEL_OUTBOX_TABLE: "Outbox" })).toEqual({ table: "Outbox" });
  });

  it.each<[string, object, Record<string, string>, RegExp]>([
    ["no object", { outbox: "Outbox" }, {}, /of the option outbox, it is Outbox\. Use \{ table \}/],
    ["nothing", { outbox: null }, {}, /it is null/],
    ["a foreign field", { outbox: { table: "Outbox", queue: "q" } }, {}, /unknown field queue\. Known: table/],
    [
      "no name",
      { outbox: {} },
      {},
      /table is null\. Use its name, as the option or in the variable SEMEL_OUTBOX_TABLE/,
    ],
    ["an empty name", {}, { SEMEL_OUTBOX_TABLE: "" }, /table is ""/],
    ["the record table", { outbox: { table: "Records" } }, {}, /table is the record table, Records/],
    [
      "the record table by ARN",
      { outbox: { table: "arn:aws:dynamodb:eu-west-1:123456789012:table/Records" } },
      {},
      /is the record table/,
    ],
    [
      "the record table, both from the environment",
      { table: undefined },
      { SEMEL_TABLE: "T", SEMEL_OUTBOX_TABLE: "T" },
      /is the record table, T/,
    ],
    ["with strategy insert", { outbox: { table: "Outbox" }, strategy: "insert", insert }, {}, /strategy is "insert"/],
  ])("refuses %s", (_what, options, environment, reason) => {
    expect(() => outboxOf(options as ExactlyOnceOptions, environment)).toThrow(reason);
    expect(() => outboxOf(options as ExactlyOnceOptions, environment)).toThrow(/SEMEL_OPTIONS/);
  });
});
