// What can happen to one sandbox at work. Pure.
//
// An answer reaches its sandbox in the moment in which its request takes effect: what the sandbox does with it is seen by others
// only in its next request, which has a moment of its own. A request without an answer is one fault, "open": the caller hears a
// reset, and the request lands at any later time or never. Lost answers, requests that never came, those that come late, and a
// sandbox that freezes while it waits, are among its schedules.

import type { BatchExecuteStatementOutput } from "../../store/send.ts";
import type { AwsRequest, Call, Sandbox } from "./sandbox.ts";
import type { CallFault, Event } from "./schedule.ts";
import { EFFECTS, STATES } from "./tables.ts";

/** Without a fault. */
export function freeMoves(sandbox: Sandbox, closed: boolean): Event[] {
  const moves = [...sandbox.calls.keys()].map((call): Event => ({ kind: "answer", sandbox: sandbox.number, call }));
  if (sandbox.has("short")) moves.push({ kind: "wakes", sandbox: sandbox.number });
  // Once the gate is closed, the answer is due, whatever is under way.
  if (closed && sandbox.has("long")) moves.push({ kind: "slow", sandbox: sandbox.number });
  return moves;
}

/** With one. */
export function faultyMoves(sandbox: Sandbox, closed: boolean): Event[] {
  const { calls, number } = sandbox;
  const moves = [...calls].flatMap(([call, { request }]) =>
    faultsOf(request).map((fault): Event => ({ kind: "answer", sandbox: number, call, fault })),
  );
  if (!closed && sandbox.has("long")) moves.push({ kind: "slow", sandbox: number });
  // Before it sent anything, a death is a delivery that never was; while its handler runs, it is one before the next request.
  return calls.size > 0 ? [...moves, { kind: "dies", sandbox: number }] : moves;
}

/** Nothing of it is under way but handlers, which only they themselves can move. */
export function isDeciding({ calls }: Sandbox): boolean {
  return calls.size > 0 && [...calls.values()].every(({ request }) => request === "handler");
}

/** Is a handler of it still to go on? */
export function isHandling({ calls }: Sandbox): boolean {
  return [...calls.values()].some(({ request }) => request === "handler");
}

/**
 * How the first of its handlers goes on. The others wait: they have not met each other yet. `any`: where they have, each may be
 * the next one.
 */
export function decisions(sandbox: Sandbox, faulty: boolean, { any, closed, gathers }: Deciding): Event[] {
  const [first] = sandbox.calls.keys();
  const own = (event: Event): boolean =>
    event.kind === "slow" ||
    (gathers && event.kind === "wakes") ||
    (event.kind === "answer" && (any || event.call === first));
  const all = [...freeMoves(sandbox, closed), ...(faulty ? faultyMoves(sandbox, closed) : [])];
  return all.filter(own);
}

interface Deciding {
  readonly any: boolean;
  readonly closed: boolean;
  /** What is ready does not wait long for a handler. */
  readonly gathers: boolean;
}

function faultsOf(request: Call["request"]): readonly CallFault[] {
  if (request === "handler") return ["fails", "rejects"];
  switch (request.operation) {
    case "TransactWriteItems":
      return ["open", "throttled", "conflict"];
    case "PutItem":
    case "UpdateItem":
      return ["open", "throttled"];
    case "BatchExecuteStatement":
      return request.input.Statements.length > 1 ? ["open", "throttled", "partly"] : ["open", "throttled"];
    default:
      return ["open"]; // a read is sent again whatever was wrong
  }
}

/** Nothing is on its way when it has no answer. */
export function isRead({ operation }: AwsRequest): boolean {
  return operation === "GetItem" || operation === "BatchGetItem" || operation === "DescribeTable";
}

/** Of effects, or of a rejection. */
export function isCommit(request: AwsRequest): boolean {
  switch (request.operation) {
    case "TransactWriteItems":
    case "BatchExecuteStatement":
      return true;
    case "PutItem":
      return request.input.TableName === EFFECTS || request.input.TableName === STATES;
    default:
      return false;
  }
}

export function describeCall(request: Call["request"]): string {
  if (request === "handler") return "the rest of its handler";
  switch (request.operation) {
    case "TransactWriteItems":
      return `TransactWriteItems of ${request.input.TransactItems.length} actions`;
    case "UpdateItem":
      return `UpdateItem, ${request.input.UpdateExpression}`;
    case "BatchExecuteStatement":
      return `BatchExecuteStatement of ${request.input.Statements.length} statements`;
    default:
      return request.operation;
  }
}

/** What the caller hears of a fault. */
export function requestError(fault: CallFault, request: AwsRequest): Error {
  if (fault === "throttled") return named("ThrottlingException", "slow down");
  if (fault === "open" || request.operation !== "TransactWriteItems") return named("Error", "read ECONNRESET");
  const CancellationReasons = request.input.TransactItems.map((_, index) => ({
    Code: index === 0 ? "TransactionConflict" : "None",
  }));
  return Object.assign(named("TransactionCanceledException", "conflict"), { CancellationReasons });
}

/** The first statement is throttled, the others are applied. */
export function partlyAnswered(request: AwsRequest, apply: (rest: AwsRequest) => unknown): unknown {
  if (request.operation !== "BatchExecuteStatement")
    throw new Error(`Cannot go on: ${request.operation} has no statements`);
  const rest = { ...request, input: { Statements: request.input.Statements.slice(1) } };
  const { Responses = [] } = apply(rest) as BatchExecuteStatementOutput;
  return { Responses: [{ Error: { Code: "ThrottlingError", Message: "slow down" } }, ...Responses] };
}

/** What lands each by itself: the statements of a call, or the request as it is. */
export function partsOf(request: AwsRequest): readonly [AwsRequest, ...AwsRequest[]] {
  if (request.operation !== "BatchExecuteStatement") return [request];
  const [first = request, ...rest] = request.input.Statements.map((one) => ({
    ...request,
    input: { Statements: [one] },
  }));
  return [first, ...rest];
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

/**
 * Requests that neither change nor tell anything in which another sandbox has a hand: the key names of tables, and when messages
 * are to come again, which is the controller's choice.
 */
export function answeredAtOnce(request: AwsRequest): unknown {
  switch (request.operation) {
    case "DescribeTable":
      return { Table: { KeySchema: [{ AttributeName: "id", KeyType: "HASH" }] } };
    case "GetQueueUrl":
      return { QueueUrl: "http://localhost/123456789012/explored" };
    case "ChangeMessageVisibilityBatch":
      return { Failed: [] };
    default:
      return undefined;
  }
}
