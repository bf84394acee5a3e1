// Faults as users ask for them: rules, and plans of rules. Times are in ms.
import type { EngineName } from "../types.ts";

/** What happens to a request of a worker to an engine. */
export type CallFault =
  | "delay" // passed on after delayMs
  | "throttle" // refused for want of capacity
  | "server-error" // 500 or 503
  | "reset-before" // the connection breaks, nothing is applied
  | "reset-after" // applied, and the connection breaks in place of the answer
  | "reset-during" // applied, and the connection breaks in mid-answer
  | "applied-later" // the client hears a reset or nothing; applied after delayMs
  | "conflict" // TransactionConflict, at a position drawn
  | "in-progress" // TransactionInProgressException
  | "race" // a conditional write waits until another worker, with the same messages, has written its first item
  | "hang"; // applied, never answered

/** What happens to a worker. */
export type WorkerFault =
  | "kill" // SIGKILL
  | "freeze" // SIGSTOP in mid-invocation; SIGCONT after forMs. Its time limit stands still meanwhile
  | "freeze-after-response" // SIGSTOP between invocations; it wakes with the next one, not before forMs
  | "out-of-memory"; // its heap is exhausted

/** What happens to messages on their way to a function. */
export type DeliveryFault =
  | "duplicate" // a second worker has the same messages at the same time
  | "duplicate-late" // a message comes again, delayMs after it was deleted
  | "duplicate-in-batch" // a message is in its batch twice
  | "reorder" // a receive takes messages out of turn
  | "visibility-expiry" // a message becomes visible, delayMs after it was delivered, whoever works on it
  | "lost-delete" // a message that succeeded is not deleted
  | "redrive" // a dead-letter queue's messages go back to where they came from, as new messages
  | "pause"; // no receives for forMs

export type FaultName = CallFault | WorkerFault | DeliveryFault | "restart" | "skew";

/** A number, or the least and the most of what is drawn each time. */
export type Range = number | readonly [least: number, most: number];

export interface Limited {
  /** How often at most. @default - no limit */
  readonly limit?: number;
}

/** At most one of the two. @default - always */
export interface Occasional {
  readonly probability?: number;
  /** Counts what the rule could hit; the first is 1. */
  readonly nth?: readonly number[];
}

/** From the moment when the rule is there. */
export interface Timed {
  readonly everyMs?: number;
  readonly atMs?: number | readonly number[];
}

export interface CallRule extends Limited, Occasional {
  readonly fault: CallFault;
  readonly service: EngineName;
  /** @default - each that the fault suits */
  readonly operation?: string;
  /** Name or logical id. @default - each */
  readonly function?: string;
  /** Of an SQS request: name or logical id. @default - each */
  readonly queue?: string;
  /** delay, applied-later. */
  readonly delayMs?: Range;
  /** throttle: the error's name. @default - drawn each time */
  readonly error?: string;
  /** server-error. @default - drawn each time */
  readonly status?: 500 | 503;
  /** applied-later: what the client hears. @default "reset" */
  readonly answer?: "reset" | "none";
  /** conflict: the action's index in its transaction. @default - drawn each time */
  readonly position?: number;
  /** race: how long to wait for the other write at most. @default 2000 */
  readonly holdMs?: number;
}

export interface WorkerRule extends Limited, Occasional, Timed {
  readonly fault: WorkerFault;
  /** At the n-th request of a worker's life to the engines; drawn for each worker when it is a range. */
  readonly atCall?: Range;
  /** kill: whether that request is applied first. @default "before" */
  readonly when?: "before" | "after";
  readonly forMs?: Range;
  /** Name or logical id. @default - each */
  readonly function?: string;
}

export interface DeliveryRule extends Limited, Occasional, Timed {
  readonly fault: DeliveryFault;
  /** Name or logical id; for redrive the dead-letter queue's. @default - each */
  readonly queue?: string;
  readonly delayMs?: Range;
  readonly forMs?: Range;
}

export interface EngineRule extends Limited, Timed {
  readonly fault: "restart";
  readonly engine: EngineName;
  /** @default 300 */
  readonly downMs?: Range;
}

/** Each worker's clock is wrong by what is drawn when it starts. */
export interface SkewRule extends Limited {
  readonly fault: "skew";
  readonly skewMs: Range;
  /** Name or logical id. @default - each */
  readonly function?: string;
}

export type FaultRule = CallRule | WorkerRule | DeliveryRule | EngineRule | SkewRule;

/** What a faults file holds, as JSON. */
export interface FaultPlan {
  /** Each rule draws from a generator of its own, made of this and of its place in the plan. @default 1 */
  readonly seed?: number;
  readonly calls?: readonly CallRule[];
  readonly workers?: readonly WorkerRule[];
  readonly deliveries?: readonly DeliveryRule[];
  readonly engines?: readonly EngineRule[];
  readonly clock?: Omit<SkewRule, "fault">;
}

export interface FaultHandle {
  /** How often it was injected. */
  count(): number;
  /** From now on it is not. What it did already is not undone. */
  remove(): void;
}

export interface Faults {
  inject(rule: FaultRule): FaultHandle;
  /** How often each fault was injected, those of rules that are gone included. */
  counts(): Partial<Record<FaultName, number>>;
  /** Removes all rules and ends what lasts: frozen workers wake, pollers go on, engines come up, nobody hangs. */
  clear(): void;
}

/** What a fault hit, as far as it applies. */
export interface FaultHit {
  readonly functionName?: string;
  readonly workerId?: number;
  readonly requestId?: string;
  readonly messageIds?: readonly string[];
  readonly service?: EngineName;
  readonly operation?: string;
  readonly queue?: string;
  readonly engine?: EngineName;
  /** How long it lasts, or after how long it comes; for skew by how much the clock is wrong. */
  readonly ms?: number;
  /** The error's name, the status, the position, ... */
  readonly detail?: string;
}
