// Whose records tell what is done: a consumer's, by its own module, or by name and table.
//
//   LO1. A consumer's module is imported for what it announces. None of its handlers runs, and nothing is written.

import { pathToFileURL } from "node:url";
import { type ConsumerDoor, doorOf, listening } from "../consumer/door.ts";
import { resolveOptions } from "../consumer/options.ts";
import { strategy } from "../consumer/strategy-options.ts";
import { ENVIRONMENT } from "../contract.ts";
import { SemelError } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Lookup } from "./letter-judge.ts";

export interface LookupOptions {
  /** Path of the consumer's module. */
  readonly handler: string | undefined;
  readonly consumer: string | undefined;
  readonly table: string | undefined;
  readonly strategy: string | undefined;
  /** Of the process: what the module will read. */
  readonly environment: Record<string, string | undefined>;
}

/** Undefined: nothing can be looked up. Rejects with a SemelError. */
export async function findLookup(options: LookupOptions, host: Host): Promise<Lookup | undefined> {
  if (options.handler !== undefined) return imported(options.handler, options);
  const { environment } = options;
  const consumer = options.consumer ?? environment[ENVIRONMENT.consumer];
  const table = options.table ?? environment[ENVIRONMENT.table];
  if (consumer === undefined && table === undefined) return undefined;
  if (consumer === undefined || table === undefined) {
    const [named, missing] = consumer === undefined ? ["table", "consumer"] : ["consumer", "table"];
    throw wrong(`--${named} needs --${missing}: records are those of a consumer in a table. Name both, or --handler`);
  }
  const resolved = resolveOptions({ consumer, table, retentionDays: NOTHING_WRITTEN }, {});
  const door = {
    ...doorOf(resolved, host),
    strategy: strategy(options.strategy ?? environment[ENVIRONMENT.strategy], undefined),
  };
  return { door, isImported: false, table };
}

/** A consumer cannot start without it; a redrive writes no record. */
const NOTHING_WRITTEN = 1;

async function imported(
  path: string,
  { consumer, environment, strategy: stated, table }: LookupOptions,
): Promise<Lookup> {
  if (stated !== undefined) throw wrong("--strategy goes without --handler, which tells it. Leave it out");
  const given = { [ENVIRONMENT.consumer]: consumer, [ENVIRONMENT.table]: table };
  for (const [name, value] of Object.entries(given)) if (value !== undefined) environment[name] ??= value;
  environment[ENVIRONMENT.retentionDays] ??= String(NOTHING_WRITTEN);
  let doors: readonly ConsumerDoor[];
  try {
    doors = await listening(() => import(pathToFileURL(path).href));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw wrong(
      `--handler ${path} cannot be imported: ${why}. It must be a module that Node.js runs as it is (a bundle of cdk.out does), with ` +
        `its environment variables set; --table and --consumer stand for ${ENVIRONMENT.table} and ${ENVIRONMENT.consumer}`,
      cause,
    );
  }
  const door = oneOf(doors, consumer, path);
  return { door, isImported: true, table: table ?? door.table };
}

function oneOf(doors: readonly ConsumerDoor[], consumer: string | undefined, path: string): ConsumerDoor {
  const named = doors.filter((door) => consumer === undefined || door.consumer === consumer);
  const [only, ...more] = named;
  if (only && more.length === 0) return only;
  const names = [...new Set(doors.map((door) => door.consumer))].join(", ");
  if (doors.length === 0) throw wrong(`--handler ${path} calls no exactlyOnce() of this version when it is imported`);
  if (!only) throw wrong(`--handler ${path} has no consumer ${consumer}. It has: ${names}`);
  throw wrong(`--handler ${path} has ${named.length} consumers: ${names}. Name one of them by --consumer`);
}

function wrong(what: string, cause?: unknown): SemelError {
  return new SemelError(`Cannot redrive: ${what}`, { code: "SEMEL_OPTIONS", retryable: false, cause });
}
