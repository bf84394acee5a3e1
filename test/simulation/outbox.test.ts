// The random schedules of schedules.test.ts with handlers that send: the outbox holds exactly what is committed, each message once
// under an id of its own, a group in the order of the commits (I1, I3; OX1 to OX4 of lib/consumer/outbox.ts; OC1).

import { it } from "vitest";
import { simulateOrders } from "./rounds.ts";
import type { Consumer } from "./world.ts";

const CONSUMERS: readonly (readonly [Consumer, number])[] = [
  [{ strategy: "commit", sends: true }, 800],
  [{ strategy: "claim", leaseSeconds: 1, sends: true }, 500],
];

it.each(CONSUMERS)("messages are sent exactly as they are committed: %o", { timeout: 120_000 }, simulateOrders);
