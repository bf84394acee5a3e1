// What is run: every model with every batch size, and the variants where they matter. Pure.

import type { DelayModel } from "./engine/delays.ts";
import { VARIANTS, type Variant } from "./events.ts";
import { EMBEDDED, type Model } from "./options.ts";

export interface Scenario {
  readonly model: Model;
  readonly variant: Variant;
  readonly messages: number;
}

/** The headline's model: honest about what transactions cost. */
const VARIANTS_MODEL: DelayModel = "R5";
const VARIANTS_MESSAGES_MAX = 100;

export function scenarios(models: readonly Model[], batches: readonly number[]): Scenario[] {
  const distinct = models.flatMap((model) => batches.map((messages) => ({ model, variant: VARIANTS[0], messages })));
  const fake = models.filter((model) => model !== EMBEDDED);
  const model = fake.includes(VARIANTS_MODEL) ? VARIANTS_MODEL : fake.at(-1);
  const messages = batches.findLast((size) => size <= VARIANTS_MESSAGES_MAX) ?? batches[0];
  if (model === undefined || messages === undefined) return distinct;
  return [...distinct, ...VARIANTS.slice(1).map((variant) => ({ model, variant, messages }))];
}

/** Small batches are over too soon for one to tell anything. */
export function repeats({ messages }: Scenario): number {
  return Math.min(10, Math.max(1, Math.round(200 / messages)));
}
