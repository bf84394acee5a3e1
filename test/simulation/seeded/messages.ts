// What is sent, and what the handlers do with it. A key tells by its name what kind of work it is.

import type { Tx } from "../../../lib/consumer/tx.ts";
import { PermanentError, RetryLater } from "../../../lib/errors.ts";
import type { Host } from "../../../lib/host.ts";
import { sendShipment } from "../outbox-checks.ts";
import type { Chance } from "./chance.ts";
import type { Charges } from "./charges.ts";
import type { Habits } from "./habits.ts";
import type { Strategy } from "./setup.ts";

export const CONSUMER = "simulated";
export const RECORDS = "Records";
export const EFFECTS = "Effects";
export const JOURNAL = "Journal";
export const OUTBOX = "Outbox";

/**
 * plain: adds to a counter that all share, so that increments fold. guarded: reads an item that all of its kind write.
 * stocked: has a condition of its own, which may not hold yet. disputed: some versions of the code give it up for good.
 * doomed: all do. huge: has more effects than a transaction takes. priced: reads what it does not write. once: a direct invocation.
 */
export const KINDS = ["plain", "guarded", "stocked", "disputed", "doomed", "huge", "priced", "once"] as const;
export type Kind = (typeof KINDS)[number];

/** No version of the code takes them. Under insert a message has one effect, so none has too many. */
export function isHopeless(key: string, strategy: Strategy): boolean {
  return kindOf(key) === "doomed" || (kindOf(key) === "huge" && strategy !== "insert");
}

export interface Order {
  readonly key: string;
  readonly payload: number;
}

export function kindOf(key: string): Kind {
  return KINDS.find((kind) => key.startsWith(kind)) ?? "plain";
}

/** The counter to which a commit of this kind adds 1. */
export function counterOf(kind: Kind): "hot" | "sum" | "sold" {
  if (kind === "guarded") return "sum";
  return kind === "stocked" ? "sold" : "hot";
}

/** Undefined: a poison message, whose body nobody can read, or one that the schema refuses. */
export function orderOf(body: string): Order | undefined {
  if (!body.startsWith("{")) return undefined;
  try {
    const order = JSON.parse(body) as Partial<Order>;
    return order.key === undefined ? undefined : (order as Order);
  } catch {
    return undefined;
  }
}

export interface HandlerMeans {
  readonly strategy: Strategy;
  readonly host: Host;
  readonly chance: Chance;
  readonly version: number;
  /** Nothing goes wrong any more. */
  readonly isQuiet: () => boolean;
  /** Until the gate of its invocation closes. */
  readonly gateLeftMs: () => number;
  /** Is told of every run of a handler. */
  readonly onRun: () => void;
  /** The effect outside DynamoDB. */
  readonly charges: Charges;
  readonly habits: Habits;
}

type Item = Record<string, unknown>;

/** What every put holds. V1 */
export const BYTES: readonly number[] = [1, 2, 3];
const STEP_MS_MAX = 3_000;
/** Effects of a message. */
const TOO_MANY = 100;
/** Longer than the invocation may take, as well. */
const HANDLER_MS_MAX = 12_000;

/** Spoils what it was given: another run gets a fresh one. */
export async function handle(order: { key: string; payload: number }, tx: Tx, means: HandlerMeans): Promise<void> {
  const { key, payload } = order;
  means.onRun();
  order.payload = -1;
  const { host, isQuiet, strategy } = means;
  const kind = kindOf(key);
  const bytes = new Uint8Array(BYTES);
  const stepped = strategy === "claim" ? await step(key, tx, means) : undefined;
  const isPriced = kind === "priced" || (kind === "once" && means.habits.pricedCalls);
  if (isPriced && strategy !== "insert") await readPrice(key, tx);
  const sum = { TableName: EFFECTS, Key: { id: "sum" } };
  const guard = (kind === "guarded" || kind === "once") && strategy !== "insert";
  const found = guard ? await tx.get<{ n: number }>(sum) : undefined;
  const workMs = isQuiet() ? 0 : drawWork(means);
  if (workMs > 0) await new Promise<void>((resolve) => host.after(workMs, resolve));
  complain(kind, means);
  if (strategy === "insert") return tx.insert({ TableName: JOURNAL, Item: { payload } });
  for (let more = kind === "huge" ? TOO_MANY : 0; more > 0; more--) {
    tx.put({ TableName: EFFECTS, Item: { id: `more ${key} ${more}` } });
  }
  tx.put({ TableName: EFFECTS, Item: { id: `put ${key}`, payload, bytes, ...stepped?.() } });
  if (means.habits.sends) sendShipment(key, tx, kind === "guarded" ? (found?.n ?? 0) : undefined);
  bytes.fill(0); // V1: what was declared stays
  tx.increment({ TableName: EFFECTS, Key: { id: `count ${key}` } }, { n: 2 });
  tx.increment({ TableName: EFFECTS, Key: { id: `count ${key}` } }, { n: -1 });
  if (kind === "guarded") {
    const ExpressionAttributeValues = { ":n": (found?.n ?? 0) + 1 };
    return tx.update({ ...sum, UpdateExpression: "SET n = :n", ExpressionAttributeValues });
  }
  if (kind === "stocked") {
    return tx.update({
      TableName: EFFECTS,
      Key: { id: "sold" },
      UpdateExpression: "SET n = n + :one",
      ConditionExpression: "n < stock",
      ExpressionAttributeValues: { ":one": 1 },
    });
  }
  const hot = { TableName: EFFECTS, Key: { id: "hot" } };
  if (!means.habits.writesHot || payload % 2 === 0) return tx.increment(hot, { n: 1 });
  const ExpressionAttributeValues = { ":one": 1, ":none": 0 };
  tx.update({ ...hot, UpdateExpression: "SET n = if_not_exists(n, :none) + :one", ExpressionAttributeValues });
}

/** What the put is to tell of the step, when it is declared: what it gave, that it is still under way, or that its failure was swallowed. */
async function step(key: string, tx: Tx, means: HandlerMeans): Promise<() => Item> {
  const { chance, charges, gateLeftMs, habits, isQuiet } = means;
  const isLoose = habits.loose > 0 && !isQuiet() && chance.happens(habits.loose);
  const manner = isLoose ? chance.pick(["slow", "late", "left", "swallowed"] as const) : "prompt";
  const drawnMs = manner === "late" ? Math.max(0, gateLeftMs()) + chance.below(80) : chance.spanMs(1, STEP_MS_MAX);
  const running = tx.step("charge", ({ idempotencyKey }) => charges.charge(key, idempotencyKey, isLoose ? drawnMs : 0));
  if (manner === "left") {
    await Promise.resolve();
    if (chance.happens(0.5)) throw new Error("this time");
    return () => ({ lingering: charges.isUnderWay() });
  }
  try {
    const charged = await running;
    charges.gave(key, charged);
    return () => ({ charged });
  } catch (error) {
    if (manner !== "swallowed") throw error;
    return () => ({ swallowed: true });
  }
}

/** The price stands in two attributes, read one after the other; both guards have to hold. */
async function readPrice(key: string, tx: Tx): Promise<void> {
  const price = { TableName: EFFECTS, Key: { id: "price" } };
  const pence = await tx.get<{ n: number }>(price, { attributes: ["n"] });
  // A handler that swallows what went wrong: the message has to fail all the same.
  const tax = await tx.get<{ m: number }>(price, { attributes: ["m"] }).catch(() => undefined);
  tx.put({ TableName: EFFECTS, Item: { id: `price of ${key}`, n: pence?.n ?? -1, m: tax?.m ?? -1 } });
}

/** Nothing, or any time, or until just before the gate closes. */
function drawWork({ chance, gateLeftMs, habits }: HandlerMeans): number {
  if (habits.working > 0 && chance.happens(habits.lateWork)) {
    return Math.max(0, gateLeftMs() - chance.below(habits.lateWorkMs));
  }
  return chance.happens(habits.working) ? chance.spanMs(1, HANDLER_MS_MAX) : 0;
}

function complain(kind: Kind, { chance, habits, version, isQuiet }: HandlerMeans): void {
  if (kind === "doomed") throw new PermanentError("for good");
  if (isQuiet()) return;
  const { fickle = version % 2 } = habits;
  if (kind === "disputed" && chance.happens(fickle)) throw new PermanentError("not in this version");
  if (chance.happens(habits.failing)) throw new Error("this time");
  if (chance.happens(0.02)) throw new RetryLater({ afterSeconds: chance.pick([0, 1, 60, 43_200]) });
}
