// What .reduce() takes, checked, and how it stands in the place of a handler and its commits.

import { SemelError } from "../errors.ts";
import { tableOf } from "../protocol/effects.ts";
import { MARK, STATE, watermarkOf } from "../protocol/keyed-state.ts";
import { TOUCHES_NOTHING } from "../protocol/ordered-run.ts";
import type { StateWriter } from "../store/state-writer.ts";
import { andThen } from "./concurrency.ts";
import { type Attempt, afterThrown, type Placed } from "./lane-member.ts";
import type { LaneContext } from "./lane-run.ts";
import { type Message, readMessage } from "./message.ts";
import type { ResolvedOptions } from "./options.ts";
import { scopeOf } from "./order.ts";
import type { Shell } from "./process-message.ts";
import type { RejectContext } from "./rejection.ts";
import type { RunContext } from "./run.ts";
import { commitState, type FoldedMessage, type Reduction, readState, type StateOptions } from "./state-store.ts";

const KNOWN: Readonly<Record<keyof Reduction, true>> = { table: true, partitionKey: true, initial: true, apply: true };

/** Throws a SemelError, at start, for what is missing or wrong. */
export function resolveReduction(
  given: Reduction,
  { strategy, table, outbox }: Pick<ResolvedOptions, "strategy" | "table" | "outbox">,
): Reduction {
  if (strategy !== "watermark")
    throw wrong(`strategy is "${strategy}". Set strategy: "watermark", whose rules it follows`);
  if (typeof given !== "object" || given === null)
    throw wrong(`got ${String(given)}. Pass { table, partitionKey, initial, apply }`);
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(KNOWN, name));
  if (unknown.length > 0) {
    // A key of another kind than the ordering key has no order: its messages come in several ones, side by side.
    throw wrong(
      `unknown field ${unknown.join(", ")}. Known: ${Object.keys(KNOWN).join(", ")}; the key of a state is the ordering key`,
    );
  }
  if (typeof given.apply !== "function")
    throw wrong(`apply is ${typeof given.apply}. Use a function of the state and a message`);
  if (given.initial === undefined) throw wrong("initial is undefined. Give the state before the first message");
  for (const name of ["table", "partitionKey"] as const) {
    if (typeof given[name] !== "string" || given[name] === "")
      throw wrong(`${name} is ${JSON.stringify(given[name])}. Use its name`);
  }
  if ([STATE, MARK].includes(given.partitionKey))
    throw wrong(`partitionKey is "${given.partitionKey}", which is semel's own. Use another one`);
  if (tableOf(given.table) === tableOf(table))
    throw wrong(`table is the record table, ${table}. Use a table of its own`);
  if (outbox && tableOf(given.table) === tableOf(outbox.table))
    throw wrong(`table is the outbox table, ${outbox.table}. Use a table of its own`);
  return given;
}

function wrong(what: string): SemelError {
  return new SemelError(`Cannot reduce: ${what}`, { code: "SEMEL_OPTIONS", retryable: false });
}

const NONE: readonly never[] = [];

/** What stands in place of a handler and a store, for the messages of one ordering key. */
export function reducer(
  messages: readonly Placed[],
  reduction: Reduction,
  context: RejectContext & Pick<RunContext, "bodies"> & Pick<Shell, "states"> & { readonly writer: StateWriter },
): Pick<LaneContext, "attempt" | "store"> {
  const { deadline, host, options, states, store, writer } = context;
  const [first] = messages;
  const { orderingKey = "" } = first?.delivery ?? {};
  const scope = first ? scopeOf(first.delivery, options.epoch) : "";
  /** By their places. */
  const came: (Message | undefined)[] = [];
  const state: StateOptions = {
    reduction,
    key: {
      tableName: reduction.table,
      partitionKey: reduction.partitionKey,
      orderingKey,
      consumer: options.consumer,
      origin: host.sha256(scope),
    },
    pk: JSON.stringify([tableOf(reduction.table), orderingKey]),
    store,
    host,
    states,
    writer,
    options,
    async messagesOf({ first: from, position: to, passedOver }) {
      const passed = new Set(passedOver.map(({ position }) => position));
      const folded: FoldedMessage[] = [];
      for (const { delivery, place, position } of messages) {
        if (position < from || position > to || passed.has(position)) continue;
        const unused = came[place];
        came[place] = undefined; // SS1
        folded.push({ position, message: unused ?? (await readMessage(delivery, context)) });
      }
      return folded;
    },
  };

  function taken(placed: Placed, message: Message): Attempt {
    deadline.throwIfOver(); // L2 of deadline.ts
    if (orderingKey === "") throw keyless();
    came[placed.place] = message;
    const member = { ...placed, effects: NONE, guards: NONE, touches: TOUCHES_NOTHING, unguarded: false };
    return { kind: "ready", member };
  }

  return {
    attempt(placed) {
      const failed = (thrown: unknown): Attempt => afterThrown(placed, thrown, context);
      try {
        const made = andThen(readMessage(placed.delivery, context), (message) => taken(placed, message));
        return made instanceof Promise ? made.catch(failed) : made;
      } catch (thrown) {
        return failed(thrown);
      }
    },
    store: {
      ...store,
      commit(message, control) {
        const { record } = message;
        return record.status === "WATERMARK" ? commitState(record, state, control) : store.commit(message, control);
      },
      async readRecord(pk, control) {
        const found = await readState(state, control);
        if (found === undefined || found.kind === "foreign") return undefined;
        if (found.kind === "unreadable") return found;
        const watermark = watermarkOf(pk, state.key, found.item);
        return watermark && { kind: "watermark", watermark };
      },
    },
  };
}

function keyless(): SemelError {
  return new SemelError("Cannot fold the message: it has no ordering key. Give its record a key", {
    code: "SEMEL_KEY",
    retryable: true,
  });
}
