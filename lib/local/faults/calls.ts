// Faults between a worker and an engine.
//
//   FC1. A request that is said to be applied was answered by the engine before its client hears of it; one that is said not
//        to be applied never reaches the engine.
//   FC2. The first rule of the plan that fires takes the request; the others do not see it.
//   FC3. What is to be applied later is applied, whatever became of its worker, its rule and its connection.
import type { Call } from "../call.ts";
import { createCallActs } from "./call-acts.ts";
import { hitOf } from "./hit.ts";
import type { LiveRule } from "./live-rule.ts";
import { isConditional, type Races } from "./race.ts";
import { CANCELLATION_THROTTLE, operationsFor } from "./specs.ts";
import type { CallRule } from "./types.ts";

export interface CallFaultsOptions {
  readonly races: Races;
  /** Whether a rule's name for a queue means the one at this URL. */
  readonly isQueue: (name: string, url: unknown) => boolean;
}

export interface CallFaults {
  /** Gives what takes it away again. */
  add(live: LiveRule<CallRule>): () => void;
  isOn(): boolean;
  /** True when a fault took the request. */
  intercept(call: Call): boolean;
  /** Requests that are still to be applied. */
  pending(): number;
  /** Nobody waits for an answer that never comes. */
  clear(): void;
}

export function createCallFaults(options: CallFaultsOptions): CallFaults {
  const rules = new Set<LiveRule<CallRule>>();
  const unanswered = new Set<Call>();
  let pending = 0;

  const later = (ms: number, act: () => Promise<unknown>): void => {
    pending += 1;
    setTimeout(() => {
      const done = () => {
        pending -= 1;
      };
      act().then(done, done); // FC3: a dead engine takes it like any other request
    }, ms);
  };
  const leaveUnanswered = (call: Call): void => {
    unanswered.add(call);
    call.onEnd(() => unanswered.delete(call));
  };
  const acts = createCallActs({ races: options.races, later, leaveUnanswered });

  const suits = ({ rule }: LiveRule<CallRule>, call: Call): boolean => {
    const { seat, operation, service } = call;
    if (rule.service !== service || (rule.operation ?? operation) !== operation) return false;
    if (rule.function !== undefined && rule.function !== seat.functionName && rule.function !== seat.logicalId)
      return false;
    if (operationsFor(rule.fault, service)?.includes(operation) === false) return false;
    if (rule.queue !== undefined && !options.isQueue(rule.queue, call.input()["QueueUrl"])) return false;
    if (rule.error === CANCELLATION_THROTTLE && operation !== "TransactWriteItems") return false;
    return rule.fault !== "race" || canRace(call);
  };

  return {
    add(live) {
      rules.add(live);
      return () => void rules.delete(live);
    },
    isOn: () => rules.size > 0,
    intercept(call) {
      for (const live of rules) {
        if (live.isOver() || !suits(live, call) || !live.fires()) continue;
        const { service, operation, seat } = call;
        const who = hitOf(seat);
        live.hit({ ...who, service, operation, ...acts[live.rule.fault]({ call, live }) });
        return true; // FC2
      }
      return false;
    },
    pending: () => pending,
    clear() {
      for (const call of unanswered) call.reset();
      options.races.clear();
    },
  };
}

/** Only the first worker of a batch from a queue: a second one is called for with the same messages. */
function canRace({ operation, seat, input }: Call): boolean {
  const { invocation } = seat;
  return invocation?.repeat !== undefined && !invocation.isCopy && isConditional(operation, input());
}
