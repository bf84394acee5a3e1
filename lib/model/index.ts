// The entry semel/model: what a design promises and costs, before it runs. Re-exports only.

export { type BodyCostOptions, type BodyCosts, type BodySize, bodyCosts } from "./body-costs.ts";
export {
  type DedupHorizonInput,
  dedupHorizonSeconds,
  type StreamHorizonInput,
  streamHorizonSeconds,
} from "./dedup-horizon.ts";
export { type Entropy, type EntropyOptions, entropy } from "./entropy.ts";
export { PRICES_US_EAST_1, type Prices } from "./prices.ts";
