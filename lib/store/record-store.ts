// The store of idempotency records, over the one `send`: commits a message's record and effects in one transaction,
// and reads. What an answer means is decided in protocol/commit.ts; here is only the loop around it.
//
//   A4. After a cancellation the next try has a new client request token: the old one may be remembered with its answer.

import type { Item, TransactWriteItem } from "../aws/dynamodb.ts";
import { RECORD_TABLE } from "../contract.ts";
import { SemelError } from "../errors.ts";
import { type Host, sleep } from "../host.ts";
import { fullJitterMs, THROTTLE_BACKOFF } from "../protocol/backoff.ts";
import {
  afterAnswer,
  afterRecordRead,
  COMMIT_NOT_STARTED,
  type CommitAnswer,
  type CommitOutcome,
  type CommitStep,
  type ReadyStep,
} from "../protocol/commit.ts";
import { type KeyNames, tablesToLookUp } from "../protocol/effects.ts";
import { type CommitHead, type FoundRecord, standsInTheWay } from "../protocol/record.ts";
import { refusesMove } from "../protocol/watermark.ts";
import { commitAnswer, readMayBeRetried } from "./answers.ts";
import { itemToRecord } from "./items.ts";
import type { AnswerOf, DynamoDbRequest, GetItemInput, Send } from "./send.ts";
import { type MessageTransaction, named, transactionActions } from "./transaction.ts";

/** One request without an answer is given up after this time, and sent again while there is time. */
export const REQUEST_TIMEOUT_MS = 3_000;
/** Tries of a read. */
export const READ_TRIES_MAX = 6;

/** How long the caller can wait. */
export interface CallControl {
  /** Time until nothing may be sent any more, ms; zero or less: it is over. */
  timeLeftMs(): number;
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Commits messages, one by one or together. */
export interface Committer {
  /** Record, effects and guards, all or nothing. Never rejects. */
  commit(message: MessageTransaction, control: CallControl): Promise<CommitOutcome>;
}

export interface RecordStore extends Committer {
  /** A strongly consistent read. Rejects with DynamoDB's error. */
  get(input: Omit<GetItemInput, "ConsistentRead">, control: CallControl): Promise<Item | undefined>;
  /** One try of one transaction. Rejects with DynamoDB's error. */
  transact(actions: readonly TransactWriteItem[], token: string, control: CallControl): Promise<void>;
  /** Does the read that a step asks for; a read that fails leaves the outcome open. */
  look(step: CommitStep, record: CommitHead, control: CallControl): Promise<ReadyStep>;
  /** A strongly consistent read of a record. Rejects with DynamoDB's error. */
  readRecord(pk: string, control: CallControl): Promise<FoundRecord | undefined>;
  /** A read, sent again where that may help. Rejects with DynamoDB's error. */
  read<R extends DynamoDbRequest>(request: R, control: CallControl): Promise<AnswerOf<R>>;
  /** One try, given up after a bounded time. Rejects with DynamoDB's error. */
  sendInTime<R extends DynamoDbRequest>(request: R, control: CallControl): Promise<AnswerOf<R>>;
  /** Looks up the key names of tables once; those that cannot be looked up stay unknown. */
  learnKeys(tableNames: readonly string[], control: CallControl): Promise<void>;
  readonly keyNames: KeyNames;
  readonly table: string;
}

export interface RecordStoreOptions {
  readonly table: string;
  readonly send: Send;
  readonly host: Host;
  /** Key names of tables that need not be looked up. */
  readonly tables?: ReadonlyMap<string, readonly string[]>;
}

export function recordStore({ table, send, host, tables }: RecordStoreOptions): RecordStore {
  const known = new Map<string, readonly string[]>(tables); // facts about tables, never about requests
  const learning = new Map<string, Promise<readonly string[]>>();
  const keyNames: KeyNames = (tableName) => known.get(tableName);

  async function commit(message: MessageTransaction, control: CallControl): Promise<CommitOutcome> {
    let actions: TransactWriteItem[];
    try {
      const unknown = tablesToLookUp(message.effects, message.guards, keyNames);
      for (const name of unknown) known.set(name, await lookUpKeyNames(name, control));
      actions = transactionActions(table, message, keyNames);
    } catch (error) {
      return { kind: "invalid", error: error instanceof SemelError ? error : notBuilt(error) };
    }
    let progress = COMMIT_NOT_STARTED;
    let token = host.randomId();
    if (control.timeLeftMs() <= 0) return { kind: "outOfTime" };
    for (;;) {
      const answer = await tryOnce(actions, token, control);
      const step = await look(afterAnswer(answer, progress, message.record), message.record, control);
      if (step.kind === "settled") return named(step.outcome, actions);
      const delayMs = fullJitterMs(step.backoff, step.progress.tries, host.random());
      if (control.timeLeftMs() <= delayMs) return step.otherwise;
      await sleep(host, delayMs, control.signal);
      if (control.signal.aborted || control.timeLeftMs() <= 0) return step.otherwise;
      progress = step.progress;
      if (!step.sameToken) token = host.randomId(); // A4
    }
  }

  async function tryOnce(actions: TransactWriteItem[], token: string, control: CallControl): Promise<CommitAnswer> {
    try {
      await transact(actions, token, control);
      return { kind: "applied" };
    } catch (error) {
      return commitAnswer(error);
    }
  }

  async function transact(actions: readonly TransactWriteItem[], token: string, control: CallControl): Promise<void> {
    const input = { TransactItems: [...actions], ClientRequestToken: token };
    await sendInTime({ operation: "TransactWriteItems", input }, control);
  }

  async function learnKeys(tableNames: readonly string[], control: CallControl): Promise<void> {
    for (const name of tableNames.filter((one) => !known.has(one))) {
      const lookUp = learning.get(name) ?? lookUpKeyNames(name, control).finally(() => learning.delete(name));
      learning.set(name, lookUp);
      try {
        known.set(name, await lookUp);
      } catch {} // who needs them gets along without, or says so
    }
  }

  /** Does the read that the step asks for. A read that fails leaves the outcome open. */
  async function look(step: CommitStep, record: CommitHead, control: CallControl): Promise<ReadyStep> {
    if (step.kind !== "readRecord") return step;
    try {
      const found = await readRecord(record.pk, control);
      // One that would not refuse us is none: without it the answer was another condition's.
      return afterRecordRead(found && refuses(found, record) ? found : undefined, step, record);
    } catch (cause) {
      return { kind: "settled", outcome: { kind: "unknown", cause } };
    }
  }

  async function readRecord(pk: string, control: CallControl): Promise<FoundRecord | undefined> {
    const item = await get({ TableName: table, Key: { [RECORD_TABLE.partitionKey]: { S: pk } } }, control);
    return item && itemToRecord(item);
  }

  async function get(input: Omit<GetItemInput, "ConsistentRead">, control: CallControl): Promise<Item | undefined> {
    const answer = await read({ operation: "GetItem", input: { ...input, ConsistentRead: true } }, control);
    return answer.Item;
  }

  async function lookUpKeyNames(tableName: string, control: CallControl): Promise<readonly string[]> {
    try {
      const answer = await read({ operation: "DescribeTable", input: { TableName: tableName } }, control);
      return answer.Table.KeySchema.map(({ AttributeName }) => AttributeName);
    } catch (cause) {
      throw new SemelError(
        `Cannot look up the key of table ${tableName}, which tells two puts of one item apart: ${String(cause)}. ` +
          "Grant dynamodb:DescribeTable on it (grantEffects does)",
        { code: "SEMEL_REFUSED", retryable: true, cause },
      );
    }
  }

  /** Reads change nothing, so they are sent again whatever happened. */
  async function read<R extends DynamoDbRequest>(request: R, control: CallControl): Promise<AnswerOf<R>> {
    for (let tries = 1; ; tries++) {
      try {
        return await sendInTime(request, control);
      } catch (error) {
        const delayMs = fullJitterMs(THROTTLE_BACKOFF, tries, host.random());
        const over = tries >= READ_TRIES_MAX || control.signal.aborted || control.timeLeftMs() <= delayMs;
        if (over || !readMayBeRetried(error)) throw error;
        await sleep(host, delayMs, control.signal);
      }
    }
  }

  async function sendInTime<R extends DynamoDbRequest>(request: R, control: CallControl): Promise<AnswerOf<R>> {
    const stop = new AbortController(); // AbortSignal.any takes four times as long
    const giveUp = (): void => stop.abort(control.signal.reason);
    const cancel = host.after(REQUEST_TIMEOUT_MS, () => stop.abort(new Error("no answer in time")));
    control.signal.addEventListener("abort", giveUp, { once: true });
    if (control.signal.aborted) giveUp();
    try {
      return await send(request, { signal: stop.signal });
    } finally {
      cancel();
      control.signal.removeEventListener("abort", giveUp);
    }
  }

  return { commit, get, transact, look, readRecord, read, sendInTime, learnKeys, keyNames, table };
}

function refuses(found: FoundRecord, head: CommitHead): boolean {
  return head.status === "WATERMARK" ? refusesMove(found, head) : standsInTheWay(found, head);
}

function notBuilt(cause: unknown): SemelError {
  const what = `Cannot build the transaction from the declared effects: ${String(cause)}`;
  return new SemelError(what, { code: "SEMEL_EFFECT", retryable: false, cause });
}
