// How many transactions an invocation may send. Pure.
//
//   I12. One a message, one for a group; more only where a fault or a failed condition explains it: each takes a transaction
//        apart, and what was in it goes again, message by message at most.

import { isCommit } from "./moves.ts";
import type { AwsRequest } from "./sandbox.ts";
import type { Scenario } from "./scenario.ts";

export interface Budget {
  /** Counts a request; says what is wrong where it is one too many. */
  sent(request: AwsRequest): string | undefined;
  /** Something went wrong with a request, a handler or the time. */
  explained(): void;
}

export function createBudget(sandbox: number, messages: number, { options, source, together }: Scenario): Budget {
  const inserts = options.strategy === "insert";
  // Under strategy insert a rejection is a transaction, and what is inserted is none.
  let [commits, rejections, explained] = [0, 0, 0];
  const commitsMax = together && source !== "fifo" ? 1 : messages;
  return {
    sent(request) {
      if (!isCommit(request)) return undefined;
      const isRejection = inserts && request.operation === "TransactWriteItems";
      const [count, allowed] = isRejection ? [++rejections, messages] : [++commits, commitsMax];
      if (count <= allowed + explained) return undefined;
      return `I12: sandbox ${sandbox} sent ${count} transactions for ${messages} messages, and nothing explains more than ${allowed + explained}`;
    },
    explained() {
      explained += messages;
    },
  };
}

/** Does the answer say that a condition did not hold? */
export function tellsOfCondition(error: unknown): boolean {
  const { name, CancellationReasons = [] } = error as {
    readonly name?: string;
    readonly CancellationReasons?: readonly { readonly Code?: string }[];
  };
  return (
    name === "ConditionalCheckFailedException" ||
    CancellationReasons.some(({ Code }) => Code === "ConditionalCheckFailed")
  );
}
