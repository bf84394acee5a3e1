// Every call that the runtime makes, against everything that AWS can answer: once, and until the time is up. Whatever it was,
// effects happen at most once, only what is done (or dead-lettered) is acknowledged, and a clean redelivery ends it. Attacks
// C1 to C4 of lib/protocol/commit.ts, R1 and R4 of lib/consumer/process-message.ts, RE2 and RE3 of lib/consumer/rejection.ts.

import { describe, expect, it } from "vitest";
import { PermanentError } from "../../lib/index.ts";
import { DLQ_URL } from "../support/memory-queue.ts";
import type { TestMessage } from "../support/sqs-event.ts";
import { type AwsRequest, OUTCOMES, type Outcome, type OutcomeKind, type SceneOptions, scene } from "./outcomes.ts";

const bodies = (count: number): TestMessage[] =>
  Array.from({ length: count }, (_, index) => ({ body: { id: `k${index}` } }));
const never = (): never => {
  throw new PermanentError("no such customer");
};
const oneThatFails = (messageId: string): void => {
  if (messageId === "m-1") throw new Error("no");
};

const isCommit = ({ operation }: AwsRequest): boolean => operation === "TransactWriteItems";
const isRecordRead = (request: AwsRequest): boolean =>
  /GetItem$/.test(request.operation) && JSON.stringify(request.input).includes('"Records"');
const is =
  (operation: AwsRequest["operation"]) =>
  (request: AwsRequest): boolean =>
    request.operation === operation && !isRecordRead(request);

/** Codes of the messages that failed or were rejected: when the trouble came once, and when it did not end. */
type Codes = readonly [once: string, always: string];

interface Call extends SceneOptions {
  readonly is: (request: AwsRequest) => boolean;
  /** By kind; by the outcome's name where one differs. */
  readonly codes: Readonly<Partial<Record<string, Codes>>> & { readonly others: Codes };
  /** A delivery without trouble before, whose response was lost. */
  readonly committedBefore?: boolean;
}

const OPEN: Codes = ["", "SEMEL_UNKNOWN_OUTCOME"];
const REFUSED: Codes = ["SEMEL_REFUSED", "SEMEL_REFUSED"];
const COMMIT_CODES: Call["codes"] = {
  silent: OPEN,
  open: OPEN,
  refused: REFUSED,
  "cancelled refused": REFUSED,
  condition: ["", "SEMEL_CONDITION"],
  others: ["", "SEMEL_CONTENTION"],
};
const STAYS: Codes = ["SEMEL_DEAD_LETTER", "SEMEL_DEAD_LETTER"];
const REJECTION_CODES: Call["codes"] = {
  silent: ["SEMEL_PERMANENT", "SEMEL_UNKNOWN_OUTCOME"], // cut off by the deadline
  refused: STAYS,
  "cancelled refused": STAYS,
  others: ["SEMEL_PERMANENT", "SEMEL_DEAD_LETTER"],
};
const rejecting = { options: { deadLetterQueueUrl: DLQ_URL }, handler: never };
const puttingTwice: Pick<Call, "handler"> = {
  handler(messageId, tx) {
    for (const part of "ab") tx.put({ TableName: "Orders", Item: { orderId: `${messageId} ${part}` } });
  },
};

const CALLS: Record<string, Call> = {
  "TransactWriteItems of a message": { is: isCommit, messages: bodies(1), codes: COMMIT_CODES },
  "TransactWriteItems of a group": {
    is: isCommit,
    messages: bodies(3),
    // Refused together, they go one by one, and meet no trouble any more.
    codes: {
      ...COMMIT_CODES,
      refused: ["", "SEMEL_REFUSED"],
      "cancelled by ValidationError at the effect": ["", "SEMEL_REFUSED"], // their fold
    },
  },
  "TransactWriteItems of a rejection": { ...rejecting, is: isCommit, messages: bodies(1), codes: REJECTION_CODES },
  "TransactWriteItems of rejections": {
    ...rejecting,
    is: isCommit,
    messages: bodies(3),
    codes: {
      ...REJECTION_CODES,
      refused: ["SEMEL_PERMANENT", "SEMEL_DEAD_LETTER"],
      "cancelled refused": ["SEMEL_DEAD_LETTER SEMEL_PERMANENT", "SEMEL_DEAD_LETTER"],
    },
  },
  "BatchGetItem of records, before a redelivery runs": {
    is: isRecordRead,
    messages: bodies(2),
    committedBefore: true,
    codes: { silent: OPEN, others: ["", ""] }, // the read only saves
  },
  "GetItem of a record, after a failed condition": {
    is: isRecordRead,
    messages: bodies(1),
    handler(_messageId, tx, runs) {
      const ConditionExpression = runs === 1 ? "attribute_exists(orderId)" : "attribute_not_exists(orderId)";
      tx.check({ TableName: "Orders", Key: { orderId: "a" }, ConditionExpression });
    },
    codes: { refused: ["SEMEL_UNKNOWN_OUTCOME", "SEMEL_UNKNOWN_OUTCOME"], others: OPEN },
  },
  "GetItem of tx.get": {
    is: is("GetItem"),
    messages: bodies(2),
    async handler(messageId, tx) {
      await tx.get({ TableName: "Orders", Key: { orderId: messageId } });
    },
    codes: {
      silent: ["", "SEMEL_DEADLINE"],
      refused: ["SEMEL_HANDLER", "SEMEL_HANDLER"],
      others: ["", "SEMEL_HANDLER"],
    },
  },
  "DescribeTable for a message": {
    ...puttingTwice,
    is: is("DescribeTable"),
    messages: bodies(1),
    codes: { silent: OPEN, refused: REFUSED, others: ["", "SEMEL_REFUSED"] },
  },
  "DescribeTable for a group": {
    ...puttingTwice,
    is: is("DescribeTable"),
    messages: bodies(2),
    codes: { silent: OPEN, others: ["", "SEMEL_REFUSED"] },
  },
  SendMessage: {
    ...rejecting,
    is: is("SendMessage"),
    messages: bodies(2),
    codes: { others: ["SEMEL_DEAD_LETTER SEMEL_PERMANENT", "SEMEL_DEAD_LETTER"] },
  },
  ChangeMessageVisibilityBatch: {
    is: is("ChangeMessageVisibilityBatch"),
    messages: bodies(2),
    handler: oneThatFails,
    codes: { others: ["SEMEL_HANDLER", "SEMEL_HANDLER"] },
  },
  GetQueueUrl: {
    is: is("GetQueueUrl"),
    messages: bodies(2),
    handler: oneThatFails,
    codes: { others: ["SEMEL_HANDLER", "SEMEL_HANDLER"] },
  },
};

const READS = /^(GetItem|BatchGetItem|DescribeTable|GetQueueUrl)/;
const CANCELLED: readonly OutcomeKind[] = ["cancelled busy", "cancelled refused", "condition"];

/** Only a transaction is cancelled; a read takes no effect. */
function canHappen(call: string, { kind, applied }: Outcome): boolean {
  if (CANCELLED.includes(kind) && !call.startsWith("TransactWriteItems")) return false;
  return applied === "never" || !READS.test(call);
}

const rows = Object.entries(CALLS).flatMap(([name, call]) =>
  OUTCOMES.filter((outcome) => canHappen(name, outcome)).map((outcome) => ({ call, name, outcome })),
);

describe.each([
  ["once", 1, 0],
  ["until the time is up", Number.POSITIVE_INFINITY, 1],
] as const)("%s:", (_how, times, expected) => {
  it.each(rows)("$name: $outcome.name", async ({ call, outcome }) => {
    for (const lateIsBefore of [true, false]) {
      const world = scene(call);
      if (call.committedBefore) await world.deliver(1, { responseLost: true });
      let met = 0;
      world.next = (request) => (call.is(request) && met++ < times ? outcome : undefined);
      await world.deliver(call.committedBefore ? 2 : 1);
      expect(met).toBeGreaterThan(0);
      const codes = call.codes[outcome.name] ?? call.codes[outcome.kind] ?? call.codes.others;
      expect([...new Set(world.codes)].sort().join(" ")).toBe(codes[expected]);
      world.next = () => undefined;
      if (lateIsBefore) await world.host.drain();
      await world.deliver(3);
      await world.host.drain();
      world.check();
      const left = call.handler === oneThatFails ? 1 : 0; // its handler fails, whatever AWS does
      expect(world.acknowledged.size).toBe(call.messages.length - left);
    }
  });
});
