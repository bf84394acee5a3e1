// What the strategy asks of a consumer, as far as the construct was told it. Pure.
//
//   WR1. A watermark tells by its place whether a message is done: it needs an order, and a queue that gives no message a new place:
//        none is redriven. The runtime asks for the same; here it is told before anything is deployed.
//   WR2. What is said to happen never is not counted: no redrive, no redrives in the dedup horizon.

import { REDRIVE, STRATEGIES, type Strategy } from "../contract.ts";
import type { Rule } from "./rules.ts";

export interface StrategySettings {
  /** Undefined: as the code says. */
  readonly strategy: Strategy | undefined;
  readonly given: { readonly recordLifetime: boolean };
}

export interface RedriveSettings extends StrategySettings {
  readonly isFifo: boolean;
  /** As the user gave them. */
  readonly redrive: string | undefined;
  readonly redrivesGiven: number | undefined;
}

/** Nothing of this consumer has a lifetime, so none has to cover its horizon. */
export function hasNoRecords({ strategy }: Pick<StrategySettings, "strategy">): boolean {
  return strategy === "watermark";
}

/** Of every consumer, whatever feeds it. */
export function strategyRules({ strategy, given }: StrategySettings): Rule[] {
  return [
    {
      condition: strategy === undefined || STRATEGIES.includes(strategy),
      message: `strategy is "${strategy}"; set it to ${STRATEGIES.map((one) => `"${one}"`).join(", ")}, or leave it out`,
    },
    {
      condition: !hasNoRecords({ strategy }) || !given.recordLifetime,
      message: 'recordLifetime is set, but strategy "watermark" writes nothing that has a lifetime; leave it out',
    },
  ];
}

/** Of a consumer of a queue. */
export function redriveRules({ strategy, isFifo, redrive, redrivesGiven }: RedriveSettings): Rule[] {
  const isWatermark = strategy === "watermark";
  return [
    {
      condition: !isWatermark || isFifo, // WR1
      message: 'strategy is "watermark", which needs an order; set fifo to true, or strategy to another one',
    },
    {
      condition: !isWatermark || redrive !== undefined, // WR1
      message:
        'strategy is "watermark", and a message that is redriven, or sent again, has a new place in its order and would take effect ' +
        'twice; set redrive to "never" if that never happens, or strategy to "commit", with a business key',
    },
    {
      condition: redrive === undefined || redrive === REDRIVE.never,
      message: `redrive is "${redrive}"; set it to "never", or leave it out`,
    },
    {
      condition: redrive === undefined || redrivesGiven === undefined || redrivesGiven === 0, // WR2
      message: `redrives is ${redrivesGiven}, but redrive is "never"; leave redrives out, or redrive`,
    },
  ];
}
