// What the tests of strategy insert share: messages, and a committer over an engine whose first answers go wrong.

import type { Item } from "../../lib/aws/dynamodb.ts";
import type { Host } from "../../lib/host.ts";
import type { CommitOutcome } from "../../lib/protocol/commit.ts";
import type { PutEffect } from "../../lib/protocol/effects.ts";
import type { IdempotencyRecord } from "../../lib/protocol/record.ts";
import { type InsertCommitterOptions, insertCommitter } from "../../lib/store/insert-committer.ts";
import { type CallControl, type Committer, recordStore } from "../../lib/store/record-store.ts";
import type { DynamoDbRequest, Send } from "../../lib/store/send.ts";
import type { MessageTransaction } from "../../lib/store/transaction.ts";
import { type StatementFault, withFaults } from "../support/statement-faults.ts";

export const control: CallControl = { timeLeftMs: () => 10_000, signal: new AbortController().signal };
export const target = { appendOnlyTable: "Ledger", primaryKey: "id" };

export interface Message {
  readonly key: string;
  readonly attempt?: string;
  readonly payload?: string;
  readonly item?: Item;
}

export const recordOf = ({ key, attempt = "a-1", payload = "1:p" }: Message): IdempotencyRecord => ({
  status: "COMPLETED",
  pk: `orders#${key}`,
  messageId: `m-${key}`,
  attemptId: attempt,
  fingerprint: payload,
  committedAtMs: 5,
  expiresAtSeconds: 6,
});
export const insertOf = (message: Message): MessageTransaction => {
  const effect: PutEffect = {
    kind: "put",
    absent: true,
    tableName: "Ledger",
    item: message.item ?? { by: { S: message.attempt ?? "a-1" } },
    expressions: { names: {}, values: {} },
  };
  return { record: recordOf(message), effects: [effect], guards: [], key: message.key };
};
export const rejectionOf = (message: Message): MessageTransaction => ({
  record: { ...recordOf(message), status: "REJECTED", code: "SEMEL_PERMANENT", reason: "never" },
  effects: [],
  guards: [],
  key: message.key,
});

interface Setup {
  readonly committer: Committer;
  readonly requests: DynamoDbRequest[];
  readonly commit: (...messages: readonly Message[]) => Promise<CommitOutcome[]>;
}

/** Over an engine whose first answers go wrong. */
export function setup(
  engine: Send,
  host: Host,
  faults: readonly StatementFault[] = [],
  options: Partial<InsertCommitterOptions> = {},
): Setup {
  const requests: DynamoDbRequest[] = [];
  const faulty = withFaults(engine, host, faults);
  const send: Send = (request, sendOptions) => {
    if (request.operation !== "DescribeTable") requests.push(request);
    return faulty(request, sendOptions);
  };
  const store = recordStore({ table: "Records", send, host });
  const committer = insertCommitter({
    store,
    host,
    target,
    lanes: 10,
    together: true,
    size: {},
    control,
    ...options,
  });
  const commit = (...messages: readonly Message[]): Promise<CommitOutcome[]> =>
    Promise.all(messages.map((message) => committer.commit(insertOf(message), control)));
  return { committer, requests, commit };
}

export const three = (attempt: string): Message[] =>
  ["x", "y", "z"].map((key) => ({ key: `${key}${attempt}`, attempt }));
export const kinds = (outcomes: readonly CommitOutcome[]): string[] => outcomes.map(({ kind }) => kind);
export const operations = (requests: readonly DynamoDbRequest[]): string[] =>
  requests.map(({ operation }) => operation);
