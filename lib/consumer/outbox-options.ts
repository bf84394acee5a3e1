// The option about the outbox: where messages wait for the relay.

import { ENVIRONMENT, OUTBOX_TABLE } from "../contract.ts";
import { SemelError } from "../errors.ts";
import { tableOf } from "../protocol/effects.ts";

export interface OutboxOptions {
  /** Name of the table: partition key `pk` and sort key `sk`, both strings. */
  readonly table: string;
}

interface Given {
  readonly outbox?: unknown;
  readonly table?: unknown;
  readonly strategy?: unknown;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Undefined: nothing can be sent. */
export function outboxOptions(given: Given, environment: Environment): OutboxOptions | undefined {
  const { outbox, strategy } = given;
  const table = outbox === undefined ? environment[ENVIRONMENT.outboxTable] : tableIn(outbox);
  if (table === undefined) return undefined;
  if (outbox !== undefined && strategy === "insert") {
    throw invalid(
      'strategy is "insert", under which the one insert is all that a message does. Leave it out, or use "commit"',
    );
  }
  if (typeof table !== "string" || table === "") {
    throw invalid(
      `table is ${JSON.stringify(table)}. Use its name, as the option or in the variable ${ENVIRONMENT.outboxTable}`,
    );
  }
  const records = given.table ?? environment[ENVIRONMENT.table];
  if (typeof records === "string" && tableOf(records) === tableOf(table)) {
    throw invalid(`table is the record table, ${table}. Use a table of its own`);
  }
  return { table };
}

/** Of the outbox table, whose key is known without a look. */
export function keyNamesOf(outbox: OutboxOptions | undefined): ReadonlyMap<string, readonly string[]> {
  const { partitionKey, sortKey } = OUTBOX_TABLE;
  return new Map(outbox ? [[tableOf(outbox.table), [partitionKey, sortKey]]] : []);
}

function tableIn(outbox: unknown): unknown {
  if (typeof outbox !== "object" || outbox === null) throw invalid(`it is ${String(outbox)}. Use { table }`);
  const unknown = Object.keys(outbox).filter((name) => name !== "table");
  if (unknown.length > 0) throw invalid(`unknown field ${unknown.join(", ")}. Known: table`);
  return (outbox as { table?: unknown }).table ?? null;
}

function invalid(what: string): SemelError {
  return new SemelError(`Cannot start the consumer: of the option outbox, ${what}`, {
    code: "SEMEL_OPTIONS",
    retryable: false,
  });
}
