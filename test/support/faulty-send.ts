// The memory store behind a `send` that answers as AWS does on a bad day.

import type { Host } from "../../lib/host.ts";
import type { MemoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type { AnswerOf, DynamoDbRequest, Send } from "../../lib/store/send.ts";

/** What happens to one request. Reads know no difference between applied and not. */
export type Fault =
  | "none"
  /** Applied and answered after a while. */
  | "slow"
  /** Applied, and the connection is reset before the answer. */
  | "answer-lost"
  /** Not applied, and the connection is reset. */
  | "never-applied"
  /** No answer at all; applied long after the caller gave up. */
  | "applied-later"
  /** No answer, never applied: the caller's own timeout ends it. */
  | "hangs"
  /** 500 after it was applied. */
  | "server-error-applied"
  | "server-error"
  | "throttled"
  | "conflict-on-record"
  | "conflict-on-effect"
  /** The same token is at work: applied, but the answer is TransactionInProgressException. */
  | "in-progress-applied"
  | "in-progress";

export const FAULTS: readonly Fault[] = [
  "answer-lost",
  "never-applied",
  "applied-later",
  "hangs",
  "server-error-applied",
  "server-error",
  "throttled",
  "conflict-on-record",
  "conflict-on-effect",
  "in-progress-applied",
  "in-progress",
];

const SLOW_MS = 5;
const LATER_MS = 9_000;

export interface FaultySend {
  readonly send: Send;
  /** Every request, in order, with what happened to it. */
  readonly log: readonly { readonly request: DynamoDbRequest; readonly fault: Fault }[];
}

export function faultySend(memory: MemoryDynamoDb, host: Host, next: (request: DynamoDbRequest) => Fault): FaultySend {
  const log: { request: DynamoDbRequest; fault: Fault }[] = [];
  const send = async <R extends DynamoDbRequest>(
    request: R,
    { signal }: { signal?: AbortSignal },
  ): Promise<AnswerOf<R>> => {
    const fault = next(request);
    log.push({ request, fault });
    const apply = (): AnswerOf<R> => memory.send(request);
    const quietly = (): void => {
      try {
        apply();
      } catch {} // nobody hears of it
    };
    signal?.throwIfAborted();
    switch (fault) {
      case "none":
        return apply();
      case "slow":
        await new Promise<void>((resolve) => host.after(SLOW_MS, resolve));
        return apply();
      case "answer-lost":
        apply();
        throw named("Error", "read ECONNRESET");
      case "never-applied":
        throw named("Error", "read ECONNRESET");
      case "applied-later":
        host.after(LATER_MS, quietly);
        return neverAnswered(signal);
      case "hangs":
        return neverAnswered(signal);
      case "server-error-applied":
        apply();
        throw named("InternalServerError", "500");
      case "server-error":
        throw named("InternalServerError", "500");
      case "throttled":
        throw named("ThrottlingException", "slow down");
      case "conflict-on-record":
      case "conflict-on-effect":
        throw conflict(request, fault);
      case "in-progress-applied":
        apply();
        throw named("TransactionInProgressException", "in progress");
      case "in-progress":
        throw named("TransactionInProgressException", "in progress");
    }
  };
  return { send, log };
}

function conflict(request: DynamoDbRequest, fault: Fault): Error {
  if (request.operation !== "TransactWriteItems") return named("ThrottlingException", "reads do not conflict");
  const actions = request.input.TransactItems.length;
  const at = fault === "conflict-on-record" ? 0 : actions - 1;
  const reasons = Array.from({ length: actions }, (_, index) => ({
    Code: index === at ? "TransactionConflict" : "None",
  }));
  return Object.assign(named("TransactionCanceledException", "conflict"), { CancellationReasons: reasons });
}

export function named(name: string, message: string): Error {
  return Object.assign(new Error(message), { name });
}

function neverAnswered(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(named("AbortError", "aborted")), { once: true });
  });
}
