// What each fault of calls does to the request that it hits.
import type { Call, EngineAnswer } from "../call.ts";
import { actionsOf } from "../differences/items.ts";
import { cancellation, dynamodbRefusal, sqsRefusal } from "../refusals.ts";
import type { LiveRule } from "./live-rule.ts";
import type { Races } from "./race.ts";
import { drawFrom, pick } from "./random.ts";
import { CANCELLATION_THROTTLE, THROTTLES } from "./specs.ts";
import type { CallFault, CallRule, FaultHit } from "./types.ts";

export interface Strike {
  readonly call: Call;
  readonly live: LiveRule<CallRule>;
}

export interface ActTools {
  readonly races: Races;
  /** After so long; until it is done it is pending. */
  later(ms: number, act: () => Promise<unknown>): void;
  /** The client hears nothing. */
  leaveUnanswered(call: Call): void;
}

export type CallActs = Readonly<Record<CallFault, (strike: Strike) => FaultHit>>;

const HOLD_MS_DEFAULT = 2_000;

export function createCallActs({ races, later, leaveUnanswered }: ActTools): CallActs {
  /** FC1 */
  const apply = (call: Call, then: (answer: EngineAnswer) => void): void =>
    void call.send().then(then, () => call.reset());
  const pass = (call: Call): Promise<void> => call.pass().catch(() => call.reset());

  return {
    delay({ call, live }) {
      const ms = drawFrom(live.rule.delayMs ?? 0, live.random);
      later(ms, () => pass(call));
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
    conflict: conflictWith,
    "in-progress"({ call }) {
      call.reply(dynamodbRefusal("TransactionInProgressException"));
      return {};
    },
    race({ call, live }) {
      call.seat.invocation?.repeat?.();
      later(0, () => races.hold(call, live.rule.holdMs ?? HOLD_MS_DEFAULT).then(() => pass(call)));
      return {};
    },
    hang({ call }) {
      apply(call, () => leaveUnanswered(call));
      return {};
    },
  };
}

function conflictWith({ call, live }: Strike): FaultHit {
  if (!call.operation.startsWith("Transact")) {
    call.reply(dynamodbRefusal("TransactionConflictException"));
    return {};
  }
  const size = sizeOf(call);
  const position = Math.min(live.rule.position ?? drawFrom([0, size - 1], live.random), size - 1);
  call.reply(cancellation(codesAt(position, size, "TransactionConflict")));
  return { detail: `position ${position}` };
}

function throttlesFor({ service, operation }: Call): readonly [string, ...string[]] {
  const names = THROTTLES[service];
  return operation === "TransactWriteItems" ? [...names, CANCELLATION_THROTTLE] : names;
}

function throttled(call: Call, name: string, { random }: LiveRule): EngineAnswer {
  if (call.service === "sqs") return sqsRefusal(name);
  if (name !== CANCELLATION_THROTTLE) return dynamodbRefusal(name);
  const size = sizeOf(call);
  return cancellation(codesAt(drawFrom([0, size - 1], random), size, name));
}

function serverError({ service }: Call, status: number): EngineAnswer {
  if (service === "sqs") return sqsRefusal(status === 503 ? "ServiceUnavailable" : "InternalFailure", status);
  return dynamodbRefusal(status === 503 ? "ServiceUnavailable" : "InternalServerError", status);
}

/** Of a transaction that is none the engine would complain. */
function sizeOf(call: Call): number {
  return Math.max(1, actionsOf(call.input()).length);
}

function codesAt(position: number, size: number, code: string): string[] {
  return Array.from({ length: size }, (_, index) => (index === position ? code : "None"));
}
