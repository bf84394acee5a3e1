// Faults between a worker and an engine.
//
//   FC1. A request that is said to be applied was answered by the engine before its client hears of it; one that is said not
//        to be applied never reaches the engine.
//   FC2. The first rule of the plan that fires takes the request; the others do not see it.
//   FC3. What is to be applied later is applied, whatever became of its worker, its rule and its connection.
import type { Call, EngineAnswer } from "../call.ts";
import { actionsOf } from "../differences/items.ts";
import { cancellation, dynamodbRefusal, sqsRefusal } from "../refusals.ts";
import { hitOf } from "./hit.ts";
import type { LiveRule } from "./live-rule.ts";
import { isConditional, type Races } from "./race.ts";
import { drawFrom, pick } from "./random.ts";
import { CANCELLATION_THROTTLE, operationsFor, THROTTLES } from "./specs.ts";
import type { CallFault, CallRule, FaultHit } from "./types.ts";

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

interface Strike {
  readonly call: Call;
  readonly live: LiveRule<CallRule>;
}

const HOLD_MS_DEFAULT = 2_000;

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
  /** FC1 */
  const apply = (call: Call, then: (answer: EngineAnswer) => void): void =>
    void call.send().then(then, () => call.reset());

  const acts: Readonly<Record<CallFault, (strike: Strike) => FaultHit>> = {
    delay({ call, live }) {
      const ms = drawFrom(live.rule.delayMs ?? 0, live.random);
      later(ms, () => call.pass().catch(() => call.reset()));
      return { ms };
    },
    throttle({ call, live }) {
      const detail = live.rule.error ?? pick(throttlesFor(call), live.random);
      call.reply(throttled(call, detail, live));
      return { detail };
    },
    "server-error"({ call, live }) {
      const status = live.rule.status ?? pick([500, 503], live.random);
      call.reply(serverError(call, status));
      return { detail: String(status) };
    },
    "reset-before"({ call }) {
      call.reset();
      return {};
    },
    "reset-after"({ call }) {
      apply(call, () => call.reset());
      return {};
    },
    "reset-during"({ call }) {
      apply(call, (answer) => call.replyHalf(answer));
      return {};
    },
    "applied-later"({ call, live }) {
      const ms = drawFrom(live.rule.delayMs ?? 0, live.random);
      later(ms, () => call.send());
      if (live.rule.answer === "none") leaveUnanswered(call);
      else call.reset();
      return { ms };
    },
    conflict({ call, live }) {
      if (call.service !== "dynamodb" || !call.operation.startsWith("Transact")) {
        call.reply(dynamodbRefusal("TransactionConflictException"));
        return {};
      }
      const size = Math.max(1, actionsOf(call.input()).length);
      const position = Math.min(live.rule.position ?? drawFrom([0, size - 1], live.random), size - 1);
      call.reply(cancellation(codesAt(position, size, "TransactionConflict")));
      return { detail: `position ${position}` };
    },
    "in-progress"({ call }) {
      call.reply(dynamodbRefusal("TransactionInProgressException"));
      return {};
    },
    race({ call, live }) {
      pending += 1;
      call.seat.invocation?.repeat?.();
      const pass = (): void => {
        pending -= 1;
        call.pass().catch(() => call.reset());
      };
      options.races.hold(call, live.rule.holdMs ?? HOLD_MS_DEFAULT).then(pass, pass);
      return {};
    },
    hang({ call }) {
      apply(call, () => leaveUnanswered(call));
      return {};
    },
  };

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

function throttlesFor({ service, operation }: Call): readonly [string, ...string[]] {
  const names = THROTTLES[service];
  return operation === "TransactWriteItems" ? [...names, CANCELLATION_THROTTLE] : names;
}

function throttled(call: Call, name: string, { random }: LiveRule): EngineAnswer {
  if (call.service === "sqs") return sqsRefusal(name);
  if (name !== CANCELLATION_THROTTLE) return dynamodbRefusal(name);
  const size = Math.max(1, actionsOf(call.input()).length);
  return cancellation(codesAt(drawFrom([0, size - 1], random), size, name));
}

function serverError({ service }: Call, status: number): EngineAnswer {
  if (service === "sqs") return sqsRefusal(status === 503 ? "ServiceUnavailable" : "InternalFailure", status);
  return dynamodbRefusal(status === 503 ? "ServiceUnavailable" : "InternalServerError", status);
}

function codesAt(position: number, size: number, code: string): string[] {
  return Array.from({ length: size }, (_, index) => (index === position ? code : "None"));
}
