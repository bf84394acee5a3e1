// What is sent, and what handlers do with it.

import type { Reduction } from "../../../lib/consumer/state-store.ts";
import type { Tx } from "../../../lib/consumer/tx.ts";
import { PermanentError, RetryLater } from "../../../lib/errors.ts";
import type { Host } from "../../../lib/host.ts";
import type { Chance } from "../seeded/chance.ts";
import { EFFECTS, JOURNAL } from "../seeded/messages.ts";
import type { OrderedSetup } from "./setup.ts";

/** Of keyed states. */
export const STATES = JOURNAL;

/**
 * adds: to what all add to, so that it folds. appends: to the log of its lane, unread. reads: that log, under a guard, and writes it;
 * unguarded: the same without one; looks: by a client of its own, which semel does not see. moody: appends or adds, as an item says
 * which others write.
 */
export const ACTS = ["adds", "appends", "reads", "unguarded", "looks", "moody"] as const;
export type Act = (typeof ACTS)[number];

/**
 * disputed: some runs give it up for good. doomed: all do. huge: has more effects than a transaction takes. stocked: has a condition
 * of its own, which may not hold yet. needy: gives up for good where the effects of the one before it in its lane are not there.
 */
export type Kind = "plain" | "disputed" | "doomed" | "huge" | "stocked" | "needy";

export interface Body {
  /** Its name. */
  readonly key: string;
  readonly n: number;
  /** Scope and ordering key of its place. */
  readonly lane: string;
  readonly act: Act;
  readonly kind: Kind;
}

/** What no run can do. */
export function isHopeless({ kind }: Body, strategy: OrderedSetup["strategy"]): boolean {
  return kind === "doomed" || (kind === "huge" && strategy !== "reduce");
}

/** Of those that look by a client of their own, none is given up by one run and done by another (LR4 of lane-run.ts). */
export function kindOf(act: Act, chance: Chance, { rejected, kinds }: OrderedSetup): Kind {
  return act === "looks" || !chance.happens(rejected) ? "plain" : chance.weighted(kinds);
}

export interface HandlerMeans {
  readonly host: Host;
  readonly chance: Chance;
  readonly setup: OrderedSetup;
  readonly version: number;
  readonly isQuiet: () => boolean;
  /** The log of a lane, as it is now. */
  readonly look: (lane: string) => readonly number[];
  /** Are the effects of the one before it in its lane there, if there is one? */
  readonly isNext: (key: string) => boolean;
}

const TOO_MANY = 100;

export function logOf(lane: string): string {
  return `log ${lane}`;
}

export async function handle(body: Body, tx: Tx, means: HandlerMeans): Promise<void> {
  const { key, n, lane, act, kind } = body;
  const { host, chance, setup, isQuiet } = means;
  const log = { TableName: EFFECTS, Key: { id: logOf(lane) } };
  const read = act === "reads" || act === "unguarded";
  const found = read ? await tx.get<{ places?: number[] }>(log, { guard: act === "reads" }) : undefined;
  const mood = act === "moody" ? await tx.get<{ n: number }>({ TableName: EFFECTS, Key: { id: "mood" } }) : undefined;
  const logged = act === "moody" ? (mood?.n ?? 0) % 2 === 1 : act !== "adds";
  const seen = read ? (found?.places ?? []) : act === "looks" ? means.look(lane) : [];
  const workMs = !isQuiet() && chance.happens(setup.working) ? chance.spanMs(1, setup.workMsMax) : 0;
  if (workMs > 0) await new Promise<void>((resolve) => host.after(workMs, resolve));
  complain(body, means);
  tx.put({ TableName: EFFECTS, Item: { id: `put ${key}`, logged } });
  tx.increment({ TableName: EFFECTS, Key: { id: `count ${key}` } }, { n: 1 });
  for (let more = kind === "huge" ? TOO_MANY : 0; more > 0; more--) {
    tx.put({ TableName: EFFECTS, Item: { id: `more ${key} ${more}` } });
  }
  if (kind === "stocked") sell(tx);
  if (!logged) tx.increment({ TableName: EFFECTS, Key: { id: "all" } }, { n: 1 });
  else if (act === "appends" || act === "moody") append(log, n, tx);
  else tx.put({ TableName: EFFECTS, Item: { id: logOf(lane), places: [...seen, n] } });
}

function append(log: { readonly TableName: string; readonly Key: { readonly id: string } }, n: number, tx: Tx): void {
  tx.update({
    ...log,
    UpdateExpression: "SET places = list_append(if_not_exists(places, :none), :place)",
    ExpressionAttributeValues: { ":none": [], ":place": [n] },
  });
}

function sell(tx: Tx): void {
  tx.update({
    TableName: EFFECTS,
    Key: { id: "sold" },
    UpdateExpression: "SET n = n + :one",
    ConditionExpression: "n < stock",
    ExpressionAttributeValues: { ":one": 1 },
  });
}

function complain({ kind, key }: Body, { chance, isNext, isQuiet, setup, version }: HandlerMeans): void {
  if (kind === "doomed") throw new PermanentError("for good");
  if (kind === "needy" && setup.strategy !== "reduce" && !isNext(key))
    throw new PermanentError("what it needs is not there");
  if (isQuiet()) return;
  if (kind === "disputed" && chance.happens(version % 2 === 1 ? 0.8 : 0.1)) throw new PermanentError("in this run");
  if (chance.happens(setup.failing)) throw new Error("this time");
  if (chance.happens(0.01)) throw new RetryLater({ afterSeconds: chance.pick([0, 1, 60]) });
}

export interface State {
  /** What was folded, in its order. */
  folded: string[];
  /** How many, modulo 256: changed in place. */
  count: Uint8Array;
}

export function reductionOf(means: Omit<HandlerMeans, "look">): Reduction<State> {
  return {
    table: STATES,
    partitionKey: "id",
    initial: { folded: [], count: new Uint8Array(1) },
    apply(state, message) {
      const body = message.body as Body & { marked?: true };
      complain(body, { ...means, look: () => [] });
      state.folded.push(body.marked ? `${body.key} again` : body.key); // each fold is of a message made anew
      body.marked = true;
      state.count[0] = ((state.count[0] ?? 0) + 1) % 256;
      return state;
    },
  };
}
