// Writes keyed states: those that are ready together go in one call of many statements, each judged alone; one goes by PutItem, and one
// with messages to send in a transaction with them.
// Belongs to one batch, so that no invocation ever writes for another.
//
//   KW1. A write is done only on DynamoDB's answer to its own statement or put. What was left without one may still be applied.
//   KW2. What is said to be in the way was there when the write was refused, or was read after it.
//   KW3. Nothing is sent when the time is up.

import type { Item } from "../aws/dynamodb.ts";
import type { Host } from "../host.ts";
import { itemId } from "../protocol/effects.ts";
import { itemBytes } from "../protocol/item-size.ts";
import type { GroupSize } from "./group-committer.ts";
import { callAnswer, type InsertAnswer, isUnknownOperation, putAnswer, statementAnswers } from "./insert-requests.ts";
import { readItems } from "./read-items.ts";
import type { CallControl, RecordStore } from "./record-store.ts";
import type { BatchStatementRequest } from "./send.ts";
import { type StateWrite, stateActions, stateStatement, transactionAnswer } from "./state-requests.ts";
import { type ItemWrite, statementCalls } from "./statement-calls.ts";

export interface StateWriterOptions {
  readonly store: RecordStore;
  readonly host: Host;
  /** Calls under way at a time. */
  readonly lanes: number;
  /** False: one request a write. */
  readonly together: boolean;
  readonly size: Pick<GroupSize, "withoutStatements" | "withoutUpdates">;
  readonly control: CallControl;
}

export type StateAnswer =
  | { readonly kind: "applied" }
  /** Its condition failed; this is what is there. KW2 */
  | { readonly kind: "changed"; readonly found: Item | undefined }
  /** Its condition failed, and what is there could not be read. */
  | { readonly kind: "unread"; readonly cause: unknown }
  | {
      readonly kind: "again";
      readonly answer: "conflict" | "throttled" | "unknown";
      readonly cause?: unknown;
      /** In [0, 1), the same for all of a call: what goes again goes together. */
      readonly random: number;
    }
  | { readonly kind: "refused"; readonly cause: unknown }
  | { readonly kind: "outOfTime" };

export interface StateWriter {
  /** One try, with others that are ready. Never rejects. */
  write(write: StateWrite): Promise<StateAnswer>;
}

interface Entry extends ItemWrite, StateWrite {
  readonly statement: BatchStatementRequest | undefined;
  readonly settle: (answer: StateAnswer) => void;
}

export function stateWriter(options: StateWriterOptions): StateWriter {
  const { store, host, lanes, together, size, control } = options;
  const add = statementCalls<Entry>({ host, lanes, together, size, run });

  async function run(call: readonly Entry[]): Promise<void> {
    if (control.timeLeftMs() <= 0) {
      for (const { settle } of call) settle({ kind: "outOfTime" }); // KW3
      return;
    }
    const answers = await sent(call);
    const random = host.random();
    const unseen: Entry[] = [];
    for (const [index, entry] of call.entries()) {
      const answer = answers[index] ?? { kind: "unknown", cause: "no answer" }; // KW1
      if (answer.kind === "suspect") add({ ...entry, alone: true });
      else if (answer.kind !== "exists") entry.settle(answerOf(answer, random));
      else if (answer.found) entry.settle({ kind: "changed", found: answer.found });
      else unseen.push(entry);
    }
    for (const ofTable of Map.groupBy(unseen, ({ key }) => key.tableName).values()) await readAll(ofTable);
  }

  /** One try of each, in one request. */
  async function sent(call: readonly Entry[]): Promise<readonly InsertAnswer[]> {
    const [only] = call;
    if (call.length === 1 && only) return [await put(only)];
    const statements = call.flatMap(({ statement }) => statement ?? []); // who has none is alone
    try {
      const request = { operation: "BatchExecuteStatement", input: { Statements: statements } } as const;
      return refusedForms(call, statementAnswers(await store.sendInTime(request, control), call.length));
    } catch (error) {
      if (isUnknownOperation(error)) size.withoutStatements = true;
      const answer = callAnswer(error);
      return call.map(() => answer);
    }
  }

  async function put(entry: Entry): Promise<InsertAnswer> {
    const { put: input, also = [] } = entry;
    if (also.length > 0) return transact(entry);
    try {
      await store.sendInTime({ operation: "PutItem", input }, control);
      return { kind: "applied" };
    } catch (error) {
      return putAnswer(error);
    }
  }

  /** Under a new token each time: what an earlier try may still do, the condition of the state judges. */
  async function transact(entry: Entry): Promise<InsertAnswer> {
    try {
      await store.transact(stateActions(entry), host.randomId(), control);
      return { kind: "applied" };
    } catch (error) {
      return transactionAnswer(error);
    }
  }

  /** A statement that is not valid may be a valid put. Where all updates are refused so, the engine does not take their form. */
  function refusedForms(call: readonly Entry[], answers: readonly InsertAnswer[]): readonly InsertAnswer[] {
    const updates = answers.filter((_, index) => call[index]?.before !== undefined);
    if (updates.length > 1 && updates.every(isNotValid)) size.withoutUpdates = true;
    return answers.map((answer) => (isNotValid(answer) ? { kind: "suspect" } : answer));
  }

  /** KW2. What was in the way, in one request. */
  async function readAll(entries: readonly Entry[]): Promise<void> {
    const tableName = entries[0]?.key.tableName ?? "";
    const keys = entries.map(({ key }) => ({ [key.partitionKey]: { S: key.orderingKey } }));
    try {
      const items = await readItems(keys, { store, host, control, tableName });
      for (const [index, { settle }] of entries.entries()) settle({ kind: "changed", found: items[index] });
    } catch (cause) {
      for (const { settle } of entries) settle({ kind: "unread", cause });
    }
  }

  return {
    write(write) {
      const { key, put: whole, before, also = [] } = write;
      const id = itemId(key.tableName, { [key.partitionKey]: { S: key.orderingKey } });
      const statement = (before && size.withoutUpdates) || also.length > 0 ? undefined : stateStatement(write);
      const alone = statement === undefined;
      const bytes = itemBytes(whole.Item);
      return new Promise((settle) => add({ ...write, id, bytes, statement, alone, settle }));
    },
  };
}

function isNotValid(answer: InsertAnswer): boolean {
  return answer.kind === "refused" && (answer.cause as Error).name === "ValidationError";
}

function answerOf(answer: Exclude<InsertAnswer, { kind: "exists" | "suspect" }>, random: number): StateAnswer {
  switch (answer.kind) {
    case "applied":
    case "refused":
      return answer;
    case "conflict":
    case "throttled":
      return { kind: "again", answer: answer.kind, random };
    case "inProgress":
      return { kind: "again", answer: "unknown", cause: answer.kind, random };
    case "unknown":
      return { kind: "again", answer: "unknown", cause: answer.cause, random };
  }
}
