// The options about strategies: which one, and what belongs to one of them alone.

import { ENVIRONMENT, REDRIVE, STRATEGIES, type Strategy } from "../contract.ts";
import { SemelError } from "../errors.ts";

export type { Strategy } from "../contract.ts";

/** Key attributes of an item, as plain values. */
export type PrimaryKey = Readonly<Record<string, string | number>>;

/** Where each message's one item goes. */
export interface InsertOptions {
  /**
   * Name of the table. By naming it here you declare that no item of it is deleted, updated or overwritten within the dedup
   * horizon, by anybody: an item that is gone is inserted again by a duplicate.
   */
  readonly appendOnlyTable: string;
  /**
   * The primary key of a message's item, from its idempotency key alone: the name of the partition key attribute that takes the
   * idempotency key as it is, or a pure function that returns every key attribute.
   */
  readonly primaryKey: string | ((idempotencyKey: string) => PrimaryKey);
}

const LEASE_SECONDS_DEFAULT = 30;
const LEASE_SECONDS_MAX = 900;

/** `told`: the variable that the construct sets where it was told the strategy. What it checked then is for that one. */
export function strategy(value: unknown, told: string | undefined): Strategy {
  if (value === undefined && told === undefined) return "commit";
  const known = STRATEGIES.find((one) => one === (value ?? told));
  if (!known) {
    const where = value === undefined ? `the variable ${ENVIRONMENT.strategy}` : "strategy";
    const seen = JSON.stringify(value ?? told);
    throw invalid(`${where} is ${seen}. Use ${STRATEGIES.map((one) => `"${one}"`).join(", ")}`);
  }
  if (told === undefined || told === known) return known;
  throw invalid(
    `strategy is "${known}", but the construct was told "${told}" (${ENVIRONMENT.strategy}), and made queue, table and permissions ` +
      "for that. Let both name the same strategy, or leave the option out",
  );
}

/** How long a lease lasts without a renewal, seconds. */
export function leaseSeconds(value: unknown, chosen: unknown): number {
  if (value === undefined) return LEASE_SECONDS_DEFAULT;
  if (chosen !== "claim") throw invalid(`leaseSeconds needs strategy "claim". Leave it out, or set the strategy`);
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= LEASE_SECONDS_MAX)
    return value as number;
  throw invalid(`leaseSeconds is ${String(value)}. Use a whole number from 1 to ${LEASE_SECONDS_MAX}`);
}

/** Is it declared that no message of a FIFO queue is ever redriven or sent again? `told`: by the construct's variable. */
export function redriveNever(
  value: unknown,
  { strategy: chosen, told }: { readonly strategy: Strategy; readonly told: string | undefined },
): boolean {
  if (value === undefined) return chosen === "watermark" && told === REDRIVE.never;
  if (chosen !== "watermark") throw invalid(`redrive needs strategy "watermark". Leave it out, or set the strategy`);
  if (value !== "never") throw invalid(`redrive is ${JSON.stringify(value)}. Use "never", or leave it out`);
  if (told === undefined || told === REDRIVE.never) return true;
  throw invalid(
    `redrive is "never", but the construct lets messages come back from the dead-letter queue (${ENVIRONMENT.redrive} is ` +
      `${JSON.stringify(told)}). Set redrive: "never" on ExactlyOnceConsumer, which closes that way; the option may then be left out`,
  );
}

/**
 * Lifetime of the records, days. Strategy "watermark" writes nothing that has one: its watermarks stay, and what it rejects is
 * a list on them.
 */
export function retentionDays(value: unknown, chosen: Strategy): number {
  if (value === undefined && chosen === "watermark") return Number.POSITIVE_INFINITY;
  const days = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof days === "number" && Number.isFinite(days) && days > 0) return days;
  throw invalid(
    `retentionDays is ${JSON.stringify(value)}. Use the ExactlyOnceConsumer construct, which computes it, or set a ` +
      `number of days above 0 that covers the dedup horizon, as the option or in the variable ${ENVIRONMENT.retentionDays}`,
  );
}

const EPOCH = /^[\x21-\x7e]{1,128}$/;

/** Which life of its source the positions are of. */
export function epoch(value: unknown, chosen: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (chosen !== "watermark") throw invalid(`epoch needs strategy "watermark". Leave it out, or set the strategy`);
  if (typeof value === "string" && EPOCH.test(value)) return value;
  throw invalid(
    `epoch is ${JSON.stringify(value)}. Use 1 to 128 printable ASCII characters without a blank, for example "2026-01-05"`,
  );
}

/** Options of idempotency keys: under a watermark, the place of a message is all that tells whether it is done. */
const OF_KEYS = ["key", "fingerprint"] as const;

export function refuseKeysOfWatermarks(
  options: Readonly<Partial<Record<"key" | "fingerprint", unknown>>>,
  chosen: unknown,
): void {
  const given = OF_KEYS.filter((name) => options[name] !== undefined);
  if (chosen !== "watermark" || given.length === 0) return;
  throw invalid(
    `${given.join(" and ")} cannot be used with strategy "watermark": a message is done when its place in its order is ` +
      'passed, so what a producer sends twice takes effect twice. Leave it out, or use strategy "commit"',
  );
}

const KNOWN: Readonly<Record<keyof InsertOptions, true>> = { appendOnlyTable: true, primaryKey: true };

export function insertOptions(value: unknown, chosen: unknown): InsertOptions | undefined {
  if (chosen !== "insert") {
    if (value === undefined) return undefined;
    throw invalid(`the option insert needs strategy "insert". Leave it out, or set the strategy`);
  }
  if (typeof value !== "object" || value === null) {
    throw invalid(`strategy "insert" needs the option insert: { appendOnlyTable, primaryKey }; it is ${String(value)}`);
  }
  const unknown = Object.keys(value).filter((name) => !Object.hasOwn(KNOWN, name));
  if (unknown.length > 0) {
    throw invalid(`unknown field ${unknown.join(", ")} of insert. Known: ${Object.keys(KNOWN).join(", ")}`);
  }
  const { appendOnlyTable, primaryKey } = value as Partial<InsertOptions>;
  if (typeof appendOnlyTable !== "string" || appendOnlyTable === "") {
    throw invalid(`insert.appendOnlyTable is ${JSON.stringify(appendOnlyTable)}. Use the name of the table`);
  }
  const usable = typeof primaryKey === "function" || (typeof primaryKey === "string" && primaryKey !== "");
  if (usable) return { appendOnlyTable, primaryKey };
  throw invalid(
    `insert.primaryKey is ${JSON.stringify(primaryKey)}. Use the name of the partition key attribute, or a function of the ` +
      "idempotency key that returns every key attribute",
  );
}

function invalid(what: string): SemelError {
  return new SemelError(`Cannot start the consumer: ${what}`, { code: "SEMEL_OPTIONS", retryable: false });
}
