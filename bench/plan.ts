// What is run: every model with every batch size, and the variants where they matter. Pure.

import type { DelayModel } from "./engine/delays.ts";
import { VARIANTS, type Variant } from "./events.ts";
import { type Contender, isOrderedContender } from "./names.ts";
import { EMBEDDED, type Model } from "./options.ts";
import { isOrdered } from "./ordered-events.ts";

export interface Scenario {
  readonly model: Model;
  readonly variant: Variant;
  readonly messages: number;
  /** Processes at work at a time; left out: one. */
  readonly consumers?: number;
}

/** The headline's model: honest about what transactions cost. */
const VARIANTS_MODEL: DelayModel = "R5";
const VARIANTS_MESSAGES_MAX = 100;
const CONSUMERS = 8;

export function scenarios(models: readonly Model[], batches: readonly number[]): Scenario[] {
  const distinct = models.flatMap((model) => batches.map((messages) => ({ model, variant: VARIANTS[0], messages })));
  const fake = models.filter((model) => model !== EMBEDDED);
  const model = fake.includes(VARIANTS_MODEL) ? VARIANTS_MODEL : fake.at(-1);
  const messages = batches.findLast((size) => size <= VARIANTS_MESSAGES_MAX) ?? batches[0];
  if (model === undefined || messages === undefined) return distinct;
  const alone = VARIANTS.filter((variant) => variant !== "distinct" && variant !== "scattered");
  return [...distinct, ...alone.map((variant) => ({ model, variant, messages }))];
}

/** A FIFO queue gives batches of 10 at most. */
const FIFO_BATCH = 10;
/** Of processors alone, and of what requests cost. */
const ORDERED_MODELS: readonly Model[] = ["U0", VARIANTS_MODEL];

/** Ordered sources; `largeBatch`: messages of a stream's batch. */
export function orderedScenarios(models: readonly Model[], largeBatch: number): Scenario[] {
  const known = models.filter((model) => ORDERED_MODELS.includes(model));
  return known.flatMap((model): Scenario[] => [
    { model, variant: "one-group", messages: FIFO_BATCH },
    { model, variant: "ten-groups", messages: FIFO_BATCH },
    { model, variant: "stream", messages: largeBatch },
  ]);
}

/** Who takes part in it. */
export function competes(contender: Contender, { variant }: Pick<Scenario, "variant">): boolean {
  return isOrderedContender(contender) === isOrdered(variant);
}

/** What consumers side by side lose to each other: only where transactions take their time, so that they meet. */
export function sideBySide(models: readonly Model[]): Scenario | undefined {
  if (!models.includes(VARIANTS_MODEL)) return undefined;
  return { model: VARIANTS_MODEL, variant: "scattered", messages: VARIANTS_MESSAGES_MAX, consumers: CONSUMERS };
}

/** Small batches are over too soon for one to tell anything. */
export function repeats({ messages, model, variant }: Scenario): number {
  // What takes a millisecond after it stood still for long shows how cold the process is, and little else.
  if (isOrdered(variant) && model === "U0") return Math.max(3, Math.round(500 / messages));
  return Math.min(10, Math.max(1, Math.round(200 / messages)));
}
