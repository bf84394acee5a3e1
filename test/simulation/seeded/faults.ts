// What may happen to one request, and what it then comes to at the other side.

import type { SqsRequest } from "../../../lib/consumer/sqs-send.ts";
import type { AnswerOf, DynamoDbRequest } from "../../../lib/store/send.ts";
import { named } from "../../support/faulty-send.ts";
import type { Chance } from "./chance.ts";
import type { Habits } from "./habits.ts";

export type AwsRequest = DynamoDbRequest | SqsRequest;

/** Of a request as a whole. */
const COMMON = [
  "slow",
  /** Applied, and the connection is reset before the answer. */
  "answer-lost",
  "never-applied",
  /** The connection is reset; applied later. */
  "reset-then-applied",
  /** No answer; applied long after the caller gave up. */
  "applied-later",
  "hangs",
  "server-error",
  "server-error-applied",
  "throttled",
  "dies-before",
  "dies-after",
] as const;
const TRANSACTION = ["conflict-on-record", "conflict-on-effect", "in-progress", "in-progress-applied"] as const;
const STATEMENTS = [
  "half-applied",
  "one-throttled",
  "one-conflicts",
  "one-failed-applied",
  "answer-short",
  "without-items",
] as const;
const SINGLE = ["conflict"] as const;
const READS = ["half-unread"] as const;
/** Nothing happened, and the answer has no id. */
const SQS = ["no-id"] as const;

export type Fault =
  | "none"
  | (typeof COMMON)[number]
  | (typeof TRANSACTION)[number]
  | (typeof STATEMENTS)[number]
  | (typeof SINGLE)[number]
  | (typeof READS)[number]
  | (typeof SQS)[number];

/** Latencies differ from request to request, which is what makes them overtake each other. */
const ANSWER_MS_MAX = 12;
/** Longer than a caller waits for an answer, as well. */
const SLOW_MS_MAX = 5_000;

/** When a request takes effect, and when its caller hears of it; undefined: never. */
export interface Course {
  readonly fault: Fault;
  readonly effectMs: number | undefined;
  readonly answerMs: number | undefined;
}

export interface Climate {
  readonly faultRate: number;
  /** Every request meets one of these; none: no outage. */
  readonly outage: readonly Fault[];
  readonly habits: Pick<Habits, "faults" | "laterMsMax" | "latencyMs">;
}

export function drawCourse(request: AwsRequest, { faultRate, outage, habits }: Climate, chance: Chance): Course {
  const all = faultsOf(request);
  const possible = habits.faults.length === 0 ? all : all.filter((one) => habits.faults.includes(one));
  const certain = chance.anyOf(outage.filter((one) => all.includes(one)));
  const fault = certain ?? (chance.happens(faultRate) ? (chance.anyOf(possible) ?? "none") : "none");
  const moreMs = habits.latencyMs[isTakeover(request) ? "takeOver" : request.operation] ?? 0;
  const effectMs =
    (moreMs > 0 ? chance.below(moreMs) : 0) + 1 + chance.below(fault === "slow" ? SLOW_MS_MAX : ANSWER_MS_MAX);
  const answerMs = effectMs + chance.below(fault === "slow" ? SLOW_MS_MAX : ANSWER_MS_MAX);
  switch (fault) {
    case "never-applied":
    case "server-error":
    case "throttled":
    case "conflict":
    case "conflict-on-record":
    case "conflict-on-effect":
    case "in-progress":
      return { fault, effectMs: undefined, answerMs };
    case "hangs":
    case "dies-before":
      return { fault, effectMs: undefined, answerMs: undefined };
    case "dies-after":
      return { fault, effectMs, answerMs: undefined };
    case "applied-later":
      return {
        fault,
        effectMs: chance.spanMs(Math.min(1_000, habits.laterMsMax), habits.laterMsMax),
        answerMs: undefined,
      };
    case "reset-then-applied":
      return { fault, effectMs: chance.spanMs(5, habits.laterMsMax), answerMs: 1 + chance.below(ANSWER_MS_MAX) };
    default:
      return { fault, effectMs, answerMs };
  }
}

function isTakeover({ operation, input }: AwsRequest): boolean {
  return operation === "UpdateItem" && "UpdateExpression" in input && input.UpdateExpression.includes("if_not_exists");
}

function faultsOf({ operation }: AwsRequest): readonly [Fault, ...Fault[]] {
  switch (operation) {
    case "TransactWriteItems":
      return [...COMMON, ...TRANSACTION];
    case "BatchExecuteStatement":
      return [...COMMON, ...STATEMENTS];
    case "PutItem":
    case "UpdateItem":
      return [...COMMON, ...SINGLE];
    case "BatchGetItem":
      return [...COMMON, ...READS];
    case "SendMessage":
    case "ChangeMessageVisibilityBatch":
      return [...COMMON, ...SQS];
    default:
      return COMMON;
  }
}

/** What the caller hears where the fault says it, whatever became of the request. */
export function faultError(fault: Fault, request: AwsRequest): Error | undefined {
  switch (fault) {
    case "answer-lost":
    case "never-applied":
    case "reset-then-applied":
    case "half-applied":
      return named("Error", "read ECONNRESET");
    case "server-error":
    case "server-error-applied":
      return named("InternalServerError", "500");
    case "throttled":
      return named("ThrottlingException", "slow down");
    case "conflict":
      return named("TransactionConflictException", "conflict");
    case "in-progress":
    case "in-progress-applied":
      return named("TransactionInProgressException", "in progress");
    case "conflict-on-record":
    case "conflict-on-effect":
      return cancelled(request, fault);
    default:
      return undefined;
  }
}

function cancelled(request: AwsRequest, fault: Fault): Error {
  const actions = request.operation === "TransactWriteItems" ? request.input.TransactItems.length : 1;
  const at = fault === "conflict-on-record" ? 0 : actions - 1;
  const CancellationReasons = Array.from({ length: actions }, (_, index) => ({
    Code: index === at ? "TransactionConflict" : "None",
  }));
  return Object.assign(named("TransactionCanceledException", "conflict"), { CancellationReasons });
}

type Apply = <R extends DynamoDbRequest>(request: R) => AnswerOf<R>;

/** Applies what of a request the fault lets through. */
export function applyUnder(fault: Fault, request: DynamoDbRequest, apply: Apply): AnswerOf<DynamoDbRequest> {
  if (request.operation === "BatchExecuteStatement") return statements(fault, request, apply);
  const answer = apply(request);
  if (fault !== "half-unread" || request.operation !== "BatchGetItem") return answer;
  const [[table, asked] = []] = Object.entries(request.input.RequestItems);
  if (table === undefined || asked === undefined) return answer;
  const read = asked.Keys.slice(0, asked.Keys.length >> 1);
  const some =
    read.length === 0 ? {} : apply({ ...request, input: { RequestItems: { [table]: { ...asked, Keys: read } } } });
  return { ...some, UnprocessedKeys: { [table]: { Keys: asked.Keys.slice(read.length) } } };
}

type Batch = Extract<DynamoDbRequest, { operation: "BatchExecuteStatement" }>;
type Responses = NonNullable<AnswerOf<Batch>["Responses"]>;

function statements(fault: Fault, request: Batch, apply: Apply): AnswerOf<Batch> {
  const all = request.input.Statements;
  const some = (first: number, last: number): Responses => {
    const Statements = all.slice(first, last);
    return Statements.length === 0 ? [] : (apply({ ...request, input: { Statements } }).Responses ?? []);
  };
  const rest = (): Responses => some(1, all.length);
  switch (fault) {
    case "half-applied":
      return { Responses: some(0, Math.ceil(all.length / 2)) };
    case "one-throttled":
      return { Responses: [{ Error: { Code: "ThrottlingError", Message: "slow down" } }, ...rest()] };
    case "one-conflicts":
      return { Responses: [{ Error: { Code: "TransactionConflict", Message: "ongoing" } }, ...rest()] };
    case "one-failed-applied":
      some(0, 1);
      return { Responses: [{ Error: { Code: "InternalServerError", Message: "500" } }, ...rest()] };
    case "answer-short":
      return { Responses: rest() };
    case "without-items":
      return { Responses: some(0, all.length).map((one) => withoutItem(one)) };
    default:
      return { Responses: some(0, all.length) };
  }
}

function withoutItem(response: Responses[number]): Responses[number] {
  if (!response.Error) return response;
  const { Item: _, ...rest } = response.Error;
  return { ...response, Error: rest };
}
