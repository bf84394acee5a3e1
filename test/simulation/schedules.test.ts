// Random schedules of the real runtime: copies of messages, overlapping deliveries, up to 8 faults, dying workers, answers
// that are lost or applied later, handlers that give a message up for good, and come to another view later. Invariants I1, I2,
// I3 and what rejections promise (RE2, P4) after every round, I11 at the end. Under strategy claim with leases that run out
// while handlers run, and a step: what is outside DynamoDB has one idempotency key, and is not done again once it is kept.
//
// A bug that needs d particular events among k steps of n tasks is met by one run with a probability of at least
// 1/(n k^(d-1)) under random priorities: for n = 3, k = 16, d = 2 that is 1/48, so 2,500 runs miss it with e^-52.

import { it } from "vitest";
import { simulateOrders } from "./rounds.ts";
import type { Consumer } from "./world.ts";

const CONSUMERS: readonly (readonly [Consumer, number])[] = [
  [{ strategy: "commit" }, 2_500],
  [{ strategy: "claim", leaseSeconds: 1 }, 2_500],
];

it.each(CONSUMERS)("effects happen exactly once under every schedule: %o", { timeout: 120_000 }, simulateOrders);
