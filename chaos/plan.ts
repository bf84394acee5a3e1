// All faults at once: one request in ten, a kill every 5 s, freezes, restarts, redrives, clocks that are minutes apart.

import type { CallRule, DeliveryRule, FaultPlan } from "semel/local";

/** Together 14 in a hundred: some suit only some operations, so that one request in ten is hit. */
const DYNAMODB: readonly Omit<CallRule, "service">[] = [
  { fault: "delay", probability: 0.03, delayMs: [5, 400] },
  { fault: "throttle", probability: 0.02 },
  { fault: "server-error", probability: 0.02 },
  { fault: "reset-before", probability: 0.012 },
  { fault: "reset-after", probability: 0.012 },
  { fault: "reset-during", probability: 0.006 },
  { fault: "applied-later", probability: 0.01, delayMs: [10, 4_000] },
  { fault: "applied-later", probability: 0.003, delayMs: [500, 15_000], answer: "none" },
  { fault: "conflict", probability: 0.02 },
  { fault: "in-progress", probability: 0.008 },
  { fault: "race", probability: 0.004 },
  { fault: "hang", probability: 0.001 },
];

const SQS: readonly Omit<CallRule, "service">[] = [
  { fault: "delay", probability: 0.02, delayMs: [5, 400] },
  { fault: "throttle", probability: 0.02 },
  { fault: "server-error", probability: 0.02 },
  { fault: "reset-before", probability: 0.015 },
  { fault: "reset-after", probability: 0.015 },
  { fault: "applied-later", probability: 0.01, delayMs: [10, 4_000] },
];

const DELIVERIES: readonly DeliveryRule[] = [
  { fault: "duplicate", probability: 0.01 },
  { fault: "duplicate-late", probability: 0.005, delayMs: [100, 30_000] },
  { fault: "duplicate-in-batch", probability: 0.005 },
  { fault: "reorder", probability: 0.05 },
  { fault: "visibility-expiry", probability: 0.005, delayMs: [0, 2_000] },
  { fault: "lost-delete", probability: 0.005 },
];

export function chaosPlan(seed: number): FaultPlan {
  return {
    seed,
    calls: [
      ...DYNAMODB.map((rule): CallRule => ({ ...rule, service: "dynamodb" })),
      ...SQS.map((rule): CallRule => ({ ...rule, service: "sqs" })),
    ],
    workers: [
      { fault: "kill", everyMs: 5_000 },
      { fault: "kill", atCall: [10, 400] },
      { fault: "kill", atCall: [10, 400], when: "after" },
      { fault: "freeze", everyMs: 7_000, forMs: [500, 15_000] },
      { fault: "freeze-after-response", probability: 0.002, forMs: [100, 5_000] },
      { fault: "out-of-memory", everyMs: 31_000 },
    ],
    deliveries: [
      ...DELIVERIES,
      { fault: "redrive", everyMs: 20_000 },
      { fault: "pause", everyMs: 45_000, forMs: [500, 3_000] },
    ],
    engines: [
      { fault: "restart", engine: "dynamodb", everyMs: 40_000, downMs: [100, 1_000] },
      { fault: "restart", engine: "sqs", everyMs: 55_000, downMs: [100, 1_000] },
    ],
    clock: { skewMs: [-120_000, 120_000] },
  };
}

/** Of the pipeline: any worker dies every 2 s, the relay's beside that; answers get lost, and messages come again. */
export function pipelinePlan(seed: number): FaultPlan {
  return {
    seed,
    calls: [
      { fault: "reset-before", service: "dynamodb", probability: 0.003 },
      { fault: "reset-after", service: "dynamodb", probability: 0.003 },
      { fault: "throttle", service: "dynamodb", probability: 0.005 },
      { fault: "reset-before", service: "sqs", probability: 0.005 },
      { fault: "reset-after", service: "sqs", probability: 0.005 },
      { fault: "server-error", service: "sqs", probability: 0.005 },
    ],
    workers: [
      { fault: "kill", everyMs: 2_000 },
      { fault: "kill", everyMs: 5_000, function: "OutboxFunction" },
      { fault: "kill", atCall: [5, 200], when: "after", function: "OutboxFunction" },
    ],
    deliveries: DELIVERIES,
  };
}
