// What the construct told by its variables, and what the code says: they agree, or the consumer does not start.

import { describe, expect, it } from "vitest";
import { type ExactlyOnceOptions, resolveOptions } from "../../lib/consumer/options.ts";

const base = { SEMEL_CONSUMER: "orders", SEMEL_TABLE: "Records" };
const lived = { ...base, SEMEL_RETENTION_DAYS: "40" };

const resolved = (options: Record<string, unknown>, variables: Record<string, string> = {}) =>
  resolveOptions(options as ExactlyOnceOptions, { ...lived, ...variables });

describe("the strategy", () => {
  it("is the code's, the construct's, or both", () => {
    expect(resolved({}).strategy).toBe("commit");
    expect(resolved({ strategy: "claim" }).strategy).toBe("claim");
    expect(resolved({}, { SEMEL_STRATEGY: "claim" }).strategy).toBe("claim");
    expect(resolved({ strategy: "watermark" }, { SEMEL_STRATEGY: "watermark" }).strategy).toBe("watermark");
  });

  it("is refused where the two differ, or where there is none of that name", () => {
    expect(() => resolved({ strategy: "commit" }, { SEMEL_STRATEGY: "watermark" })).toThrow(
      /strategy is "commit", but the construct was told "watermark" \(SEMEL_STRATEGY\).*Let both name the same/s,
    );
    expect(() => resolved({}, { SEMEL_STRATEGY: "twice" })).toThrow(
      /the variable SEMEL_STRATEGY is "twice"\. Use "commit", "claim", "insert", "watermark"/,
    );
    expect(() => resolved({ strategy: "twice" }, { SEMEL_STRATEGY: "commit" })).toThrow(/strategy is "twice"\. Use/);
  });

  it("brings its own options with it, wherever it was told", () => {
    const told = { SEMEL_STRATEGY: "claim" };
    expect(resolved({ leaseSeconds: 60 }, told).leaseMs).toBe(60_000);
    expect(() => resolved({ leaseSeconds: 60 })).toThrow(/leaseSeconds needs strategy "claim"/);
    expect(() => resolved({ key: "orderId" }, { SEMEL_STRATEGY: "watermark" })).toThrow(
      /key cannot be used with strategy "watermark"/,
    );
    expect(() => resolved({}, { SEMEL_STRATEGY: "insert" })).toThrow(/strategy "insert" needs the option insert/);
    expect(() => resolved({ storeResult: true }, { SEMEL_STRATEGY: "watermark" })).toThrow(
      /storeResult needs strategy/,
    );
  });
});

describe("redrive: never", () => {
  const watermark = { strategy: "watermark" };

  it("is stated by the code, the construct, or both", () => {
    expect(resolved(watermark).redriveNever).toBe(false);
    expect(resolved({ ...watermark, redrive: "never" }).redriveNever).toBe(true);
    expect(resolved(watermark, { SEMEL_REDRIVE: "never" }).redriveNever).toBe(true);
    expect(resolved({ ...watermark, redrive: "never" }, { SEMEL_REDRIVE: "never" }).redriveNever).toBe(true);
    expect(resolved(watermark, { SEMEL_REDRIVE: "allowed" }).redriveNever).toBe(false);
    expect(resolved({}, { SEMEL_REDRIVE: "never" }).redriveNever).toBe(false); // another strategy does not need it
  });

  it("is refused where the construct left the way back open", () => {
    expect(() => resolved({ ...watermark, redrive: "never" }, { SEMEL_REDRIVE: "allowed" })).toThrow(
      /redrive is "never", but the construct lets messages come back.*SEMEL_REDRIVE is "allowed".*on ExactlyOnceConsumer/s,
    );
  });
});

describe("the lifetime of records", () => {
  it("is not asked for under a watermark, whose items have none", () => {
    expect(resolveOptions({ strategy: "watermark" }, base).retentionDays).toBe(Number.POSITIVE_INFINITY);
    expect(resolveOptions({}, { ...base, SEMEL_STRATEGY: "watermark" }).retentionDays).toBe(Number.POSITIVE_INFINITY);
    expect(() => resolveOptions({}, base)).toThrow(/retentionDays is undefined/);
  });

  it("is checked where it is given", () => {
    expect(resolved({ strategy: "watermark" }).retentionDays).toBe(40);
    expect(() => resolved({ strategy: "watermark", retentionDays: 0 })).toThrow(/retentionDays is 0/);
  });
});
