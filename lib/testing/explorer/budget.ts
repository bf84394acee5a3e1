// How many transactions an invocation may send. Pure.
//
//   I12. One a message, one for a group; more only where a fault or a failed condition explains it: each takes a transaction
//        apart, and what was in it goes again, message by message at most.

import type { Outcome } from "./engine.ts";
import { isCommit } from "./moves.ts";
import type { AwsRequest } from "./sandbox.ts";
import type { Scenario } from "./scenario.ts";

export interface Budget {
  /** Counts a request; says what is wrong where it is one too many. */
  sent(request: AwsRequest): string | undefined;
  /** Something went wrong with a request, a handler or the time. */
  explained(): void;
  /** Of the next invocation of the process, which has learnt from what went wrong how much it sends together. */
  ofNext(messages: number): Budget;
}

export function createBudget(sandbox: number, messages: number, scenario: Scenario): Budget {
  return budgetOf(sandbox, scenario, { messages, explained: 0 });
}

function budgetOf(sandbox: number, scenario: Scenario, known: { messages: number; explained: number }): Budget {
  const { options, source, together } = scenario;
  const { messages } = known;
  const inserts = options.strategy === "insert";
  // Under strategy insert a rejection is a transaction, and what is inserted is none.
  let [commits, rejections, explained] = [0, 0, known.explained];
  const commitsMax = scenario.commitsMax ?? (together && source !== "fifo" ? 1 : messages);
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
    ofNext: (next) => budgetOf(sandbox, scenario, { messages: next, explained }),
  };
}

/**
 * Is it why more is sent? A condition that did not hold; a record that tells that a message was rejected before, which does not
 * wait for the others of its batch.
 */
export function explainsMore(result: Outcome): boolean {
  if ("answer" in result) return JSON.stringify(result.answer ?? {}).includes('"status":{"S":"REJECTED"}');
  const { name, CancellationReasons = [] } = result.error as {
    readonly name?: string;
    readonly CancellationReasons?: readonly { readonly Code?: string }[];
  };
  return (
    name === "ConditionalCheckFailedException" ||
    CancellationReasons.some(({ Code }) => Code === "ConditionalCheckFailed")
  );
}
