// What is known of an invocation while it runs.

import type { Fault } from "./faults.ts";
import { SKEW_MS_MAX, TIMEOUT_MS } from "./setup.ts";
import type { World } from "./world.ts";

export interface Invocation {
  readonly number: number;
  readonly messages: number;
  /** When nothing is committed any more. */
  readonly gateMs: number;
  over: boolean;
  /** Its process is dead. */
  dead: boolean;
  /** Lambda has its answer. */
  answered: boolean;
  /** It was frozen, or its clock jumped. */
  disturbed: boolean;
  jumped: boolean;
  /** A write of its claims met a fault. */
  leaseTrouble: boolean;
  refusals: number;
  /** An answer told what stands in the way of an insert. */
  sawItems: boolean;
  readonly faults: Fault[];
  readonly requests: Record<string, number>;
  /** Runs of handlers, and when each was done, by message id. */
  readonly runs: Map<string, number>;
  readonly finished: Map<string, number>;
  /** Ids whose handler has ended, however. */
  readonly ended: Set<string>;
  /** Received for the first time, as far as its receipt says. */
  readonly fresh: Set<string>;
  /** Keys that another invocation has a hand in, too. */
  readonly contended: Set<string>;
  /** Of messages that failed, as they were logged. */
  readonly codes: Map<string, string>;
  /** Keys whose handler was run; whose step is under way, or when it ended. */
  readonly handled: Set<string>;
  readonly stepping: Set<string>;
  readonly stepped: Map<string, number>;
  /** Keys of which a release was told that they are committed. */
  readonly learnt: Set<string>;
  /** Bodies that it sent to the dead-letter queue. */
  readonly letters: Set<string>;
  keys: ReadonlySet<string>;
}

export function newInvocation(number: number, messages: number, gateMs: number): Invocation {
  const flags = {
    over: false,
    dead: false,
    answered: false,
    disturbed: false,
    jumped: false,
    leaseTrouble: false,
    refusals: 0,
    sawItems: false,
  };
  const kept = {
    runs: new Map(),
    finished: new Map(),
    contended: new Set<string>(),
    fresh: new Set<string>(),
    ended: new Set<string>(),
    codes: new Map(),
    handled: new Set<string>(),
    stepping: new Set<string>(),
    stepped: new Map<string, number>(),
    learnt: new Set<string>(),
    letters: new Set<string>(),
  };
  return { number, messages, gateMs, ...flags, ...kept, faults: [], requests: {}, keys: new Set() };
}

/** Those under way, those that go on though they are over, and requests that are still to take effect. */
export function meetOthers(
  keys: ReadonlySet<string>,
  own: Invocation,
  { habits, invocations, onTheirWay }: World,
): void {
  own.keys = keys;
  const late = new Set([...onTheirWay].flatMap(({ keys: some }) => some));
  for (const key of keys) if (late.has(key)) own.contended.add(key);
  for (const other of invocations.values()) {
    const apartMs = 2 * TIMEOUT_MS + 2 * (other.dead ? (habits.skewMsMax ?? SKEW_MS_MAX) : 0);
    if ((other.dead || (other.over && !other.disturbed)) && own.gateMs - other.gateMs > apartMs) continue;
    for (const key of other.keys) {
      if (!keys.has(key)) continue;
      own.contended.add(key);
      other.contended.add(key);
    }
  }
}
