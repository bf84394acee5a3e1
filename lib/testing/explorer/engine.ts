// What the sandboxes share: the memory store and the dead-letter queue. Every request that takes effect is checked.
//
//   EN1. A tape stands for the requests of a schedule that was run before: they are answered from it, in their order, and after
//        the last of them the state is the one that it keeps. Nobody asks for the state before that.

import type { Item } from "../../aws/dynamodb.ts";
import type { SendMessageInput } from "../../aws/sqs.ts";
import { RECORD_TABLE } from "../../contract.ts";
import { systemHost } from "../../host.ts";
import { recordKey } from "../../protocol/key.ts";
import { FAILURE_ATTRIBUTE, type Failure } from "../../protocol/rejection.ts";
import { type MemoryDynamoDb, memoryDynamoDb } from "../../store/memory/memory-dynamodb.ts";
import type { DynamoDbRequest } from "../../store/send.ts";
import { complaintsAboutInsert, complaintsAboutWrite } from "./invariants.ts";
import { complaintsAboutState } from "./ordered-invariants.ts";
import { type AwsRequest, makerOf } from "./sandbox.ts";
import { EFFECTS, RECORDS, STATES } from "./tables.ts";

export const CONSUMER = "explored";

/** Stands between a request and the store: a deliberate mistake, to see that the explorer finds it. */
export type Tamper = (request: DynamoDbRequest, apply: (request: DynamoDbRequest) => unknown) => unknown;

/** What a request came to. */
export type Outcome = { readonly answer: unknown } | { readonly error: unknown };

/** What the requests of a schedule came to, and the state after them. */
export interface Tape {
  readonly outcomes: readonly Outcome[];
  readonly memory: MemoryDynamoDb;
  readonly deadLetters: ReadonlyMap<string, string>;
  readonly forgotten: ReadonlySet<string>;
}

export interface EngineOptions {
  /** @default false */
  readonly inserts?: boolean;
  /** Where messages have no record, and other names in their source: id of the message of a key. */
  readonly idOf?: ((key: string) => string) | undefined;
  readonly tamper?: Tamper | undefined;
  /** @default everything is empty */
  readonly tape?: Tape | undefined;
}

export interface Engine {
  /** What was wrong with a write, in the moment when it was done. */
  readonly complaints: readonly string[];
  /** Why, by the message's id. */
  readonly deadLetters: ReadonlyMap<string, string>;
  /** Messages whose rejection gave way to that of another message of their key: a record remembers one. */
  readonly forgotten: ReadonlySet<string>;
  /** Is the state one of before, since what led to it is still on tape? */
  isAhead(): boolean;
  /** The request takes effect. Gives its answer, or throws its error. */
  apply(request: AwsRequest, writer: number): unknown;
  /** Of a fact of the state that is needed when the schedule is run again, too. */
  look<T>(read: () => T): T;
  /** Would it take any effect now? */
  changes(request: AwsRequest): boolean;
  /** Is the result of a step on the record, which this sandbox holds? Not asked of what is on tape. */
  keeps(pk: string, step: string, sandbox: number): boolean;
  records(): ReadonlyMap<string, Item>;
  effects(): ReadonlyMap<string, Item>;
  states(): ReadonlyMap<string, Item>;
  tape(): Tape;
  /** All of its state that matters: request tokens of sandboxes that will send nothing more do not. */
  text(sending: ReadonlySet<number>): string;
}

export function createEngine(options: EngineOptions): Engine {
  const { tamper = (request, apply) => apply(request), tape, inserts = false, idOf } = options;
  const memory = tape?.memory.clone() ?? emptyStore();
  const deadLetters = new Map(tape?.deadLetters);
  const forgotten = new Set(tape?.forgotten);
  const outcomes: Outcome[] = [...(tape?.outcomes ?? [])];
  let answered = 0;
  const complaints: string[] = [];
  const records = (): Map<string, Item> => byId(memory.items(RECORDS), RECORD_TABLE.partitionKey);
  const effects = (): Map<string, Item> => byId(memory.items(EFFECTS), "id");
  const states = (): Map<string, Item> => byId(memory.items(STATES), "id");
  const isAhead = (): boolean => answered < outcomes.length;

  function write(request: DynamoDbRequest, writer: number): unknown {
    const before = records();
    const inserted = inserts ? effects() : undefined;
    const folded = idOf ? states() : undefined;
    try {
      return tamper(request, (one) => memory.send(one));
    } finally {
      const after = records();
      for (const pk of new Set([...before.keys(), ...after.keys()])) {
        const [was, is] = [before.get(pk), after.get(pk)];
        if (JSON.stringify(was) !== JSON.stringify(is)) complaints.push(...complaintsAboutWrite(was, is, writer));
        const gone = forgottenIn(was, is);
        if (gone !== undefined) forgotten.add(gone);
      }
      if (folded) complaints.push(...complaintsAboutState(folded, states(), writer));
      if (inserted) {
        const [old, now] = [
          { effects: inserted, records: before },
          { effects: effects(), records: after },
        ];
        complaints.push(...complaintsAboutInsert(old, now, writer));
      }
    }
  }

  /** RE2: a key's record is there before one of its messages is in the dead-letter queue. */
  function sendDeadLetter(input: SendMessageInput): unknown {
    const messageId = letterOf(input);
    if (!idOf && !records().has(pkOf(keyOf(input))))
      complaints.push(`RE2: ${messageId} was dead-lettered, but nothing is recorded`);
    if (!deadLetters.has(messageId)) deadLetters.set(messageId, failureOf(input).code);
    return { MessageId: `letter of ${messageId}` };
  }

  function letterOf(input: SendMessageInput): string {
    return idOf ? idOf(keyOf(input)) : failureOf(input).messageId;
  }

  function taped(read: () => unknown): unknown {
    const outcome = outcomes[answered] ?? outcomeOf(read); // EN1
    outcomes[answered++] = outcome;
    if ("error" in outcome) throw outcome.error;
    return outcome.answer;
  }

  function act(request: AwsRequest, writer: number): unknown {
    switch (request.operation) {
      case "SendMessage":
        return sendDeadLetter(request.input);
      case "GetQueueUrl":
      case "ChangeMessageVisibilityBatch":
        throw new Error(`${request.operation} is answered at once`);
      case "GetItem":
      case "BatchGetItem":
      case "DescribeTable":
        return memory.send(request);
      default:
        return write(request, writer);
    }
  }

  return {
    complaints,
    deadLetters,
    forgotten,
    isAhead,
    apply: (request, writer) => taped(() => act(request, writer)),
    look: <T>(read: () => T): T => taped(read) as T,
    changes(request) {
      if (request.operation === "SendMessage") return !deadLetters.has(letterOf(request.input));
      const trial = memory.clone();
      try {
        trial.send(request as DynamoDbRequest);
      } catch {
        return false;
      }
      return trial.fingerprint() !== memory.fingerprint();
    },
    keeps(pk, step, sandbox) {
      if (isAhead()) return false; // EN1
      const { attemptId, steps } = records().get(pk) ?? {};
      return makerOf(attemptId?.S ?? "") === sandbox && steps?.M !== undefined && step in steps.M;
    },
    records,
    tape: () => ({
      outcomes: outcomes.slice(0, answered),
      memory: memory.clone(),
      deadLetters: new Map(deadLetters),
      forgotten: new Set(forgotten),
    }),
    effects,
    states,
    text(sending) {
      const lines = memory.fingerprint().split("\n");
      const kept = lines.filter((line) => !line.startsWith(TOKEN) || sending.has(makerOf(line.slice(TOKEN.length))));
      return [...kept, ...[...deadLetters].map(([id, why]) => `${id} ${why}`).sort(), ...[...forgotten].sort()].join(
        "\n",
      );
    },
  };
}

function emptyStore(): MemoryDynamoDb {
  return memoryDynamoDb({
    [RECORDS]: { partitionKey: RECORD_TABLE.partitionKey },
    [EFFECTS]: { partitionKey: "id" },
    [STATES]: { partitionKey: "id" },
  });
}

export function outcomeOf(act: () => unknown): Outcome {
  try {
    return { answer: act() };
  } catch (error) {
    return { error };
  }
}

/** Of an error, what the runtime can see of it. */
export function outcomeText(result: Outcome): string {
  if ("answer" in result) return `=${JSON.stringify(result.answer)}`;
  const { name, message } = result.error as Error;
  const { CancellationReasons, Item } = result.error as { CancellationReasons?: unknown; Item?: unknown };
  return `!${JSON.stringify([name, message, CancellationReasons, Item])}`;
}

function forgottenIn(was: Item | undefined, is: Item | undefined): string | undefined {
  const both = was?.["status"]?.S === "REJECTED" && is?.["status"]?.S === "REJECTED";
  return both && was["messageId"]?.S !== is["messageId"]?.S ? was["messageId"]?.S : undefined;
}

function keyOf({ MessageBody }: SendMessageInput): string {
  return (JSON.parse(MessageBody) as { key: string }).key;
}

function failureOf({ MessageAttributes = {} }: SendMessageInput): Failure {
  return JSON.parse(MessageAttributes[FAILURE_ATTRIBUTE]?.StringValue ?? "") as Failure;
}

/** How the store's fingerprint begins a line of a remembered token. */
const TOKEN = 'token "';

const pks = new Map<string, string>();

/** Partition key of the record of a key. */
export function pkOf(key: string): string {
  const known = pks.get(key);
  if (known !== undefined) return known;
  const pk = recordKey(CONSUMER, JSON.stringify(key), systemHost.sha256);
  pks.set(key, pk);
  return pk;
}

function byId(items: readonly Item[], name: string): Map<string, Item> {
  return new Map(items.map((item) => [item[name]?.S ?? "", item]));
}
