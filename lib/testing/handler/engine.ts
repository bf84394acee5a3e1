// What the sandboxes of a handler share: the tables, the queues that it sends to, the systems behind its stubs.
//
//   HE1. A tape stands for the requests of a schedule that was run before, as EN1 of explorer/engine.ts; and a request that
//        is another one than before ends the exploration.

import { hash } from "node:crypto";
import type { Item } from "../../aws/dynamodb.ts";
import type { MessageAttributeValue, SendMessageInput } from "../../aws/sqs.ts";
import { RECORD_TABLE } from "../../contract.ts";
import { SemelError } from "../../errors.ts";
import { FAILURE_ATTRIBUTE, type Failure } from "../../protocol/rejection.ts";
import { type MemoryDynamoDb, memoryDynamoDb } from "../../store/memory/memory-dynamodb.ts";
import type { DynamoDbRequest } from "../../store/send.ts";
import { type Outcome, outcomeOf } from "../explorer/engine.ts";
import { complaintsAboutWrite } from "../explorer/invariants.ts";
import { makerOf } from "../explorer/sandbox.ts";
import { leftToChance } from "../explorer/search.ts";
import { applyToStore, type Tables } from "./dynamodb.ts";
import { describe, isRead, type OtherRequest, type Request, requestText } from "./requests.ts";

/** A call of another system that reached it. */
export interface Landed {
  readonly name: string;
  readonly args: readonly unknown[];
}

/** A message that was sent. */
export interface Sent {
  readonly queueUrl: string;
  readonly body: string;
  readonly messageAttributes: Readonly<Record<string, MessageAttributeValue>>;
}

interface State {
  readonly memory: MemoryDynamoDb;
  readonly landed: readonly Landed[];
  readonly sent: readonly Sent[];
}

export interface HandlerTape extends State {
  readonly outcomes: readonly (Outcome & { readonly request: string })[];
}

export interface HandlerEngine {
  /** What was wrong with a write of an idempotency record, in the moment when it was done. */
  readonly complaints: readonly string[];
  /** Grows with every request that was applied. */
  version(): number;
  items(tableName: string): Item[];
  landed(): readonly Landed[];
  sent(): readonly Sent[];
  /** Ids of the messages that semel has moved to the dead-letter queue. */
  deadLetters(): ReadonlySet<string>;
  /** The request takes effect. Gives its answer, or throws its error. */
  apply(request: Request, writer: number): unknown;
  /** Would it take any effect now? */
  changes(request: Request): boolean;
  tape(): HandlerTape;
  /** All of its state that matters. */
  text(sending: ReadonlySet<number>): string;
}

export interface HandlerEngineOptions {
  readonly tables: Tables;
  /** Semel's own table, among the tables. */
  readonly recordTable: string | undefined;
  readonly tape: HandlerTape | undefined;
}

export function createHandlerEngine({ tables, recordTable, tape }: HandlerEngineOptions): HandlerEngine {
  const memory = tape?.memory.clone() ?? memoryDynamoDb(tables);
  const landed: Landed[] = [...(tape?.landed ?? [])];
  const sent: Sent[] = [...(tape?.sent ?? [])];
  const outcomes = [...(tape?.outcomes ?? [])];
  const complaints: string[] = [];
  let [answered, version] = [0, 0];

  function apply(request: Request, writer: number): unknown {
    const known = outcomes[answered];
    const text = requestText(request);
    if (known && known.request !== text)
      throw leftToChance(`the same schedule led to the request ${known.request}, and now to ${text}`); // HE1
    const outcome = known ?? { ...outcomeOf(() => act(request, writer)), request: text };
    outcomes[answered++] = outcome;
    if ("error" in outcome) throw outcome.error;
    return outcome.answer;
  }

  function act(request: Request, writer: number): unknown {
    version++;
    switch (request.operation) {
      case "stub": {
        const answer = request.answer(...(structuredClone(request.args) as never[]));
        landed.push({ name: request.name, args: request.args });
        return answer;
      }
      case "SendMessage":
        return {
          MessageId: send(request.input as SendMessageInput),
          MD5OfMessageBody: md5(request.input as SendMessageInput),
        };
      case "SendMessageBatch":
        return sendBatch(request);
      case "ChangeMessageVisibility":
      case "ChangeMessageVisibilityBatch":
      case "GetQueueUrl":
        throw new Error(`${request.operation} is answered at once`);
      default:
        return isRead(request) ? read(request) : write(request, writer);
    }
  }

  function read(request: DynamoDbRequest | OtherRequest): unknown {
    try {
      return applyToStore(memory, tables, request);
    } catch (error) {
      throw (error as Error).name === "ResourceNotFoundException" ? noTable(describe(request), tables) : error;
    }
  }

  function write(request: DynamoDbRequest | OtherRequest, writer: number): unknown {
    const before = records();
    try {
      return read(request);
    } finally {
      const after = records();
      for (const pk of new Set([...before.keys(), ...after.keys()])) {
        const [was, is] = [before.get(pk), after.get(pk)];
        if (JSON.stringify(was) !== JSON.stringify(is)) complaints.push(...complaintsAboutWrite(was, is, writer));
      }
    }
  }

  function records(): Map<string, Item> {
    if (recordTable === undefined) return new Map();
    return new Map(memory.items(recordTable).map((item) => [item[RECORD_TABLE.partitionKey]?.S ?? "", item]));
  }

  function send({ QueueUrl, MessageBody, MessageAttributes = {} }: SendMessageInput): string {
    sent.push({ queueUrl: QueueUrl, body: MessageBody, messageAttributes: MessageAttributes });
    return `sent-${sent.length}`;
  }

  function sendBatch({ input }: OtherRequest): object {
    const { QueueUrl, Entries } = input as unknown as {
      QueueUrl: string;
      Entries: (SendMessageInput & { Id: string })[];
    };
    return {
      Successful: Entries.map(({ Id, ...entry }) => ({
        Id,
        MessageId: send({ ...entry, QueueUrl }),
        MD5OfMessageBody: md5(entry),
      })),
      Failed: [],
    };
  }

  return {
    complaints,
    version: () => version,
    items(tableName) {
      if (!Object.hasOwn(tables, tableName)) throw noTable(`items of ${tableName}`, tables);
      return memory.items(tableName);
    },
    landed: () => landed,
    sent: () => sent,
    deadLetters: () => new Set(sent.flatMap(({ messageAttributes }) => failedMessage(messageAttributes))),
    apply,
    changes(request) {
      if (
        request.operation === "stub" ||
        request.operation === "SendMessage" ||
        request.operation === "SendMessageBatch"
      )
        return true;
      const trial = memory.clone();
      try {
        applyToStore(trial, tables, request as DynamoDbRequest);
      } catch {
        return false;
      }
      return trial.fingerprint() !== memory.fingerprint();
    },
    tape: () => ({
      outcomes: outcomes.slice(0, answered),
      memory: memory.clone(),
      landed: [...landed],
      sent: [...sent],
    }),
    text(sending) {
      const lines = memory.fingerprint().split("\n");
      const kept = lines.filter((line) => !line.startsWith(TOKEN) || sending.has(makerOf(line.slice(TOKEN.length))));
      return [...kept, JSON.stringify(landed), JSON.stringify(sent)].join("\n");
    },
  };
}

function noTable(what: string, tables: Tables): SemelError {
  const known = Object.keys(tables).join(", ") || "none";
  return new SemelError(
    `Cannot explore: ${what} was asked for, of a table that is not there. Tables: ${known}. Name every table that the handler ` +
      'uses: tables: { Orders: "orderId" }, and recordTable for semel\'s records',
    { code: "SEMEL_OPTIONS", retryable: false },
  );
}

/** How the store's fingerprint begins a line of a remembered token. */
const TOKEN = 'token "';

function failedMessage(attributes: Readonly<Record<string, MessageAttributeValue>>): string[] {
  const text = attributes[FAILURE_ATTRIBUTE]?.StringValue;
  return text === undefined ? [] : [(JSON.parse(text) as Failure).messageId];
}

/** The SDK checks it. */
function md5({ MessageBody }: Pick<SendMessageInput, "MessageBody">): string {
  return hash("md5", MessageBody, "hex");
}
