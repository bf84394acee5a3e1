// A `send` that answers as AWS does on a bad day, on any engine: also with what only a batch of statements can come to.

import type { Host } from "../../lib/host.ts";
import type { AnswerOf, BatchStatementError, DynamoDbRequest, Send } from "../../lib/store/send.ts";
import { named } from "./faulty-send.ts";

export type StatementFault =
  | "none"
  /** Applied, and the connection is reset before the answer. */
  | "answer-lost"
  | "never-applied"
  /** The connection is reset, and it is applied a while later. */
  | "applied-later"
  | "server-error-applied"
  | "server-error"
  | "throttled"
  /** The first half of the statements is applied, then the connection is reset. */
  | "half-applied"
  /** The first statement alone is not applied, and says so. */
  | "one-throttled"
  | "one-conflicts"
  | "one-refused"
  /** The first statement says that something went wrong; it was applied. */
  | "one-failed-applied"
  /** The first statement is neither applied nor answered. */
  | "answer-short";

export const STATEMENT_FAULTS: readonly StatementFault[] = [
  "answer-lost",
  "never-applied",
  "applied-later",
  "server-error-applied",
  "server-error",
  "throttled",
  "half-applied",
  "one-throttled",
  "one-conflicts",
  "one-failed-applied",
  "answer-short",
];

const LATER_MS = 30;
const RESET = named("Error", "read ECONNRESET");

/** The faults meet the requests in order; then there are none. */
export function withFaults(send: Send, host: Host, faults: readonly StatementFault[]): Send {
  const left = [...faults];
  return async <R extends DynamoDbRequest>(request: R, options: { signal?: AbortSignal }): Promise<AnswerOf<R>> => {
    const fault = request.operation === "DescribeTable" ? "none" : (left.shift() ?? "none");
    const apply = (): Promise<AnswerOf<R>> => send(request, options);
    switch (fault) {
      case "none":
        return apply();
      case "answer-lost":
        await apply();
        throw RESET;
      case "never-applied":
        throw RESET;
      case "applied-later":
        host.after(LATER_MS, () => void send(request, {}).catch(() => {}));
        throw RESET;
      case "server-error-applied":
        await apply();
        throw named("InternalServerError", "500");
      case "server-error":
        throw named("InternalServerError", "500");
      case "throttled":
        throw named("ThrottlingException", "slow down");
      default:
        return request.operation === "BatchExecuteStatement"
          ? ((await batchFault(send, request, fault)) as AnswerOf<R>)
          : apply();
    }
  };
}

type Batch = Extract<DynamoDbRequest, { operation: "BatchExecuteStatement" }>;

async function batchFault(send: Send, { input }: Batch, fault: StatementFault): Promise<AnswerOf<Batch>> {
  const [first, ...rest] = input.Statements;
  const some = async (Statements: Batch["input"]["Statements"]): Promise<NonNullable<AnswerOf<Batch>["Responses"]>> => {
    if (Statements.length === 0) return [];
    return (await send({ operation: "BatchExecuteStatement", input: { Statements } }, {})).Responses ?? [];
  };
  const withFirst = async (error: BatchStatementError): Promise<AnswerOf<Batch>> => {
    return { Responses: [{ Error: error }, ...(await some(rest))] };
  };
  switch (fault) {
    case "half-applied":
      await some(input.Statements.slice(0, Math.ceil(input.Statements.length / 2)));
      throw RESET;
    case "one-throttled":
      return withFirst({ Code: "ThrottlingError", Message: "slow down" });
    case "one-conflicts":
      return withFirst({ Code: "TransactionConflict", Message: "Transaction is ongoing for the item" });
    case "one-refused":
      return withFirst({ Code: "AccessDenied", Message: "no" });
    case "one-failed-applied":
      if (first) await some([first]);
      return withFirst({ Code: "InternalServerError", Message: "500" });
    default:
      return { Responses: await some(rest) };
  }
}
