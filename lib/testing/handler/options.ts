// Options of assertExactlyOnce(): documented and optional outside, resolved and total inside.

import { RECORD_TABLE } from "../../contract.ts";
import { SemelError } from "../../errors.ts";
import type { MemoryTable } from "../../store/memory/table.ts";
import type { SdkClient } from "./clients.ts";
import type { Tables } from "./dynamodb.ts";
import type { ExplorableHandler, ReceivedMessage } from "./invocation.ts";
import type { Effects } from "./judge.ts";
import type { HandlerCase, QueuedEvent } from "./world.ts";

/** A message with an id or attributes; a body alone is enough. */
export interface EventMessage<Body> {
  readonly body: Body;
  /** @default "m1", "m2"… */
  readonly messageId?: string;
  /** Attributes of the message, as texts. @default none */
  readonly attributes?: Readonly<Record<string, string>>;
}

/** What may go wrong with a request, or a process. */
export type FaultKind = "open" | "throttled" | "conflict" | "fails" | "dies" | "slow";

export interface ExactlyOnceCase<Body> {
  /**
   * The messages, of which all that wait come in one batch: bodies as they were before they became JSON, or messages with
   * `body` and `messageId` or `attributes`. One or two are enough: what goes wrong, goes wrong with them.
   */
  readonly events: readonly (Body | EventMessage<Body>)[];
  /**
   * How often the effect of an event is there: 0, 1, 2…; a number between 0 and 1 where a part of it is missing. Reads the
   * tables, and what reached the stubs.
   */
  readonly effects: Effects<Body>;
  /** Every table that the handler uses: its partition key, a string, or its whole key schema. @default only `recordTable` */
  readonly tables?: Readonly<Record<string, string | MemoryTable>>;
  /** The table of semel's idempotency records: what must hold of a record is checked, too. @default none */
  readonly recordTable?: string;
  /** The SDK clients that the handler uses by itself: DynamoDB and SQS. Semel's own need not be given. @default none */
  readonly clients?: readonly SdkClient[];
  /** Most faults of a schedule. Fewer come first, so that the first violation has the fewest. @default 1 */
  readonly faults?: number;
  /** Deliveries of a schedule, 1 or more; one without faults comes after them. @default 2 */
  readonly deliveries?: number;
  /** Sandboxes at work at a time. @default 2 */
  readonly sandboxes?: number;
  /** What may go wrong. @default everything */
  readonly faultKinds?: readonly FaultKind[];
  /** Runs this schedule alone, and prints what the handler logs. @default every schedule */
  readonly replay?: string;
}

/** A handler; or what makes one for each new process, where variables outside of it matter. */
export type HandlerUnderTest = ExplorableHandler | { readonly create: () => ExplorableHandler };

export interface ResolvedCase<Body> {
  readonly explored: HandlerCase<Body>;
  readonly clients: readonly SdkClient[];
  readonly faults: number;
  readonly deliveries: number;
  readonly sandboxes: number;
  readonly faultKinds: ReadonlySet<FaultKind> | undefined;
  readonly replay: string | undefined;
}

const KNOWN: Readonly<Record<keyof ExactlyOnceCase<unknown>, true>> = {
  events: true,
  effects: true,
  tables: true,
  recordTable: true,
  clients: true,
  faults: true,
  deliveries: true,
  sandboxes: true,
  faultKinds: true,
  replay: true,
};
const FAULT_KINDS: readonly FaultKind[] = ["open", "throttled", "conflict", "fails", "dies", "slow"];
const FAULTS_DEFAULT = 1;
const DELIVERIES_DEFAULT = 2;
const SANDBOXES_DEFAULT = 2;

/** Throws a SemelError for whatever is missing or wrong. */
export function resolveCase<Body>(handler: HandlerUnderTest, given: ExactlyOnceCase<Body>): ResolvedCase<Body> {
  const unknown = Object.keys(given).filter((name) => !Object.hasOwn(KNOWN, name));
  if (unknown.length > 0)
    throw invalid(`unknown option ${unknown.join(", ")}. Known options: ${Object.keys(KNOWN).join(", ")}`);
  if (typeof given.effects !== "function")
    throw invalid("effects is no function. It tells how often an effect is there");
  return {
    explored: {
      load: loadOf(handler),
      events: eventsOf(given.events),
      effects: given.effects,
      tables: tablesOf(given),
      recordTable: given.recordTable,
    },
    clients: clientsOf(given.clients),
    faults: wholeNumber("faults", given.faults ?? FAULTS_DEFAULT, 0),
    deliveries: wholeNumber("deliveries", given.deliveries ?? DELIVERIES_DEFAULT, 1),
    sandboxes: wholeNumber("sandboxes", given.sandboxes ?? SANDBOXES_DEFAULT, 1),
    faultKinds: kindsOf(given.faultKinds),
    replay: given.replay,
  };
}

function loadOf(handler: HandlerUnderTest): () => ExplorableHandler {
  if (typeof handler === "function") return () => handler;
  if (typeof handler?.create === "function") return handler.create;
  throw invalid(`the handler is of type ${typeof handler}. Pass the function, or { create: () => function }`);
}

function eventsOf<Body>(given: readonly (Body | EventMessage<Body>)[]): QueuedEvent<Body>[] {
  if (!Array.isArray(given) || given.length === 0) throw invalid("there are no events. Give one message body or more");
  const events = given.map((event: Body | EventMessage<Body>, index): QueuedEvent<Body> => {
    const { body, messageId, attributes = {} } = isMessage(event) ? event : { body: event };
    const text = JSON.stringify(body);
    if (text === undefined) throw invalid(`the body of event ${index} has no JSON form`);
    return { messageId: messageId ?? `m${index + 1}`, body, text, messageAttributes: attributesOf(attributes) };
  });
  const ids = new Set(events.map(({ messageId }) => messageId));
  if (ids.size < events.length) throw invalid("two events have one messageId. Leave them out, or use different ones");
  const bad = [...ids].find((id) => !/^[^\s+]+$/.test(id));
  if (bad !== undefined) throw invalid(`messageId is ${JSON.stringify(bad)}. Use a text without spaces and "+"`);
  return events;
}

const MESSAGE_MEMBERS: ReadonlySet<string> = new Set(["body", "messageId", "attributes"]);

function isMessage<Body>(event: Body | EventMessage<Body>): event is EventMessage<Body> {
  if (typeof event !== "object" || event === null || !("body" in event)) return false;
  return Object.keys(event).every((name) => MESSAGE_MEMBERS.has(name));
}

function attributesOf(attributes: Readonly<Record<string, string>>): ReceivedMessage["messageAttributes"] {
  const entries = Object.entries(attributes).map(([name, stringValue]) => {
    return [name, { stringValue, dataType: "String" }] as const;
  });
  return Object.fromEntries(entries);
}

function tablesOf<Body>({ tables = {}, recordTable }: ExactlyOnceCase<Body>): Tables {
  const schemas = Object.entries(tables).map(([name, schema]) => {
    const whole = typeof schema === "string" ? { partitionKey: schema } : schema;
    if (typeof whole?.partitionKey !== "string") throw invalid(`table ${name} has no partitionKey. Give its name`);
    return [name, whole] as const;
  });
  const records = recordTable === undefined ? {} : { [recordTable]: { partitionKey: RECORD_TABLE.partitionKey } };
  return { ...Object.fromEntries(schemas), ...records };
}

function clientsOf(clients: readonly SdkClient[] = []): readonly SdkClient[] {
  const wrong = clients.findIndex((client) => typeof client?.config !== "object" || typeof client.send !== "function");
  if (wrong < 0) return clients;
  throw invalid(`clients[${wrong}] is no client of the AWS SDK v3 (config and send). Stub other systems by stub()`);
}

function kindsOf(kinds: readonly FaultKind[] | undefined): ReadonlySet<FaultKind> | undefined {
  const unknown = kinds?.filter((kind) => !FAULT_KINDS.includes(kind)) ?? [];
  if (unknown.length === 0) return kinds && new Set(kinds);
  throw invalid(`faultKinds has ${unknown.join(", ")}. Use ${FAULT_KINDS.join(", ")}`);
}

function wholeNumber(name: string, value: number, min: number): number {
  if (Number.isInteger(value) && value >= min) return value;
  throw invalid(`${name} is ${String(value)}. Use a whole number, ${min} or more`);
}

function invalid(what: string): SemelError {
  return new SemelError(`Cannot explore: ${what}`, { code: "SEMEL_OPTIONS", retryable: false });
}
