// A rule at work: when it fires, and how often it did.
import type { Random } from "./random.ts";
import type { FaultHit, FaultRule, Occasional } from "./types.ts";

export interface LiveRule<R extends FaultRule = FaultRule> {
  readonly rule: R;
  readonly random: Random;
  /** Removed, or at its limit. */
  isOver(): boolean;
  /** Whether it fires at this occasion, one of those that it suits. */
  fires(): boolean;
  /** It was injected: counts and tells. */
  hit(what: FaultHit): void;
}

export interface LiveRuleOptions {
  readonly random: Random;
  readonly onHit: (what: FaultHit) => void;
}

export interface OwnedRule extends LiveRule {
  count(): number;
  end(): void;
}

export function createLiveRule(rule: FaultRule, { random, onHit }: LiveRuleOptions): OwnedRule {
  const { probability, nth }: Occasional = "probability" in rule || "nth" in rule ? rule : {};
  let seen = 0;
  let count = 0;
  let ended = false;
  const isOver = (): boolean => ended || count >= (rule.limit ?? Number.POSITIVE_INFINITY);
  return {
    rule,
    random,
    isOver,
    fires() {
      seen += 1;
      if (isOver()) return false;
      if (nth !== undefined) return nth.includes(seen);
      return probability === undefined || random() < probability;
    },
    hit(what) {
      count += 1;
      onHit(what);
    },
    count: () => count,
    end: () => {
      ended = true;
    },
  };
}
