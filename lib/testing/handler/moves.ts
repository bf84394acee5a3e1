// What can happen to one sandbox of a handler under exploration, as explorer/moves.ts has it for semel alone. Pure.

import type { Sandbox } from "../explorer/sandbox.ts";
import type { CallFault, Event } from "../explorer/schedule.ts";
import { isOfSqs, isRead, type Request } from "./requests.ts";

/** Without a fault. `due`: what else it waits for does not matter any more, since its time is nearly up. */
export function freeMoves(sandbox: Sandbox<Request>, due: boolean): Event[] {
  const { calls, number } = sandbox;
  const moves = [...calls.keys()].map((call): Event => ({ kind: "answer", sandbox: number, call }));
  if (sandbox.has("short")) moves.push({ kind: "wakes", sandbox: number });
  const idle = moves.length === 0;
  if (((due || idle) && sandbox.has("long")) || (idle && sandbox.has("never")))
    moves.push({ kind: "slow", sandbox: number });
  return moves;
}

/** With one. */
export function faultyMoves(sandbox: Sandbox<Request>, due: boolean): Event[] {
  const { calls, number } = sandbox;
  const moves = [...calls].flatMap(([call, { request }]) =>
    faultsOf(request).map((fault): Event => ({ kind: "answer", sandbox: number, call, fault })),
  );
  if (calls.size === 0) return []; // a death before it asks for anything is a delivery that never was, or one after its last answer
  if (!due && sandbox.has("long")) moves.push({ kind: "slow", sandbox: number });
  return [...moves, { kind: "dies", sandbox: number }];
}

function faultsOf(request: Request | "handler"): readonly CallFault[] {
  if (request === "handler") return [];
  if (request.operation === "stub") return ["open", "fails"];
  if (request.operation === "TransactWriteItems") return ["open", "throttled", "conflict"];
  return isRead(request) || isOfSqs(request) ? ["open"] : ["open", "throttled"];
}

/** What the caller hears of a fault. */
export function requestError(fault: CallFault, request: Request): Error {
  if (fault === "throttled") return named("ThrottlingException", "Rate of requests exceeds the allowed throughput.");
  if (fault === "fails") return new Error(`${request.operation === "stub" ? request.name : request.operation} refused`);
  if (fault !== "conflict" || request.operation !== "TransactWriteItems")
    return Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
  const { TransactItems } = request.input as { readonly TransactItems: readonly unknown[] };
  const CancellationReasons = TransactItems.map((_, index) => ({ Code: index === 0 ? "TransactionConflict" : "None" }));
  const message = "Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict]";
  return Object.assign(named("TransactionCanceledException", message), { CancellationReasons });
}

function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

/** Answered at once: neither changes nor tells anything in which another sandbox has a hand. */
export function answeredAtOnce(request: Request): unknown {
  switch (request.operation) {
    case "GetQueueUrl":
      return { QueueUrl: "http://localhost/123456789012/explored" };
    case "ChangeMessageVisibility":
      return {};
    case "ChangeMessageVisibilityBatch":
      return { Successful: [], Failed: [] };
    default:
      return undefined;
  }
}
