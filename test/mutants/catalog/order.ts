// Mistakes about order, and about the sources that keep one.
//
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are code.

import type { Mutant } from "../mutant.ts";

const BATCH = "lib/consumer/process-batch.ts";
const ORDER = "lib/consumer/order.ts";
const FIFO = "lib/sources/sqs-fifo.ts";
const STREAM = "lib/sources/stream-response.ts";
const KINESIS = "lib/sources/kinesis.ts";
const KAFKA = "lib/sources/kafka.ts";
const STREAMS = "lib/sources/dynamodb-streams.ts";
const PAYLOAD = "lib/sources/payload.ts";
const DRIVERS = "sources/drivers.test.ts";
const TEST = "consumer/order.test.ts";
const SCHEDULES = "consumer/order-schedules.test.ts";
const QUEUES = "consumer/order-queues.test.ts";

export const ORDER_MUTANTS: readonly Mutant[] = [
  {
    name: "FIFO continues after a failure (OR2)",
    file: BATCH,
    find: "if (mayStart) return",
    replace: "if (mayStart !== undefined) return",
    caughtBy: [TEST, SCHEDULES],
  },
  {
    name: "a message starts before the one before it is settled (OR1)",
    file: ORDER,
    find: "mayStart: before ?? Promise.resolve(true)",
    replace: "mayStart: Promise.resolve(true)",
    caughtBy: [TEST, SCHEDULES],
  },
  {
    name: "a failed message counts as settled for its ordering key (OR2)",
    file: BATCH,
    find: "turn.settled(await processDelivery(delivery, context))",
    replace: "turn.settled((await processDelivery(delivery, context)) !== undefined)",
    caughtBy: [TEST, SCHEDULES],
  },
  {
    name: "the second message behind a failure goes on (OR2)",
    file: BATCH,
    find: "turn.settled(false);",
    replace: "turn.settled(true);",
    caughtBy: [SCHEDULES],
  },
  {
    name: "one order for all keys of a queue (OR3)",
    file: ORDER,
    find: "${scope.length} ${scope}${orderingKey}",
    replace: "${scope}",
    caughtBy: [TEST],
  },
  {
    name: "origin left out of the ordering key",
    file: ORDER,
    find: "${scope.length} ${scope}${orderingKey}",
    replace: "${orderingKey}",
    caughtBy: [TEST],
  },
  {
    name: "no order at all",
    file: ORDER,
    find: "return orderingKey === undefined ? undefined :",
    replace: "return orderingKey !== null ? undefined :",
    caughtBy: [TEST, SCHEDULES],
  },
  {
    name: "what waited for its turn is told as left open",
    file: BATCH,
    find: 'if (stage === "held") observer',
    replace: "if (underWay.size < 0) observer",
    caughtBy: [TEST],
  },
  {
    name: "a healthy group given back (QF1)",
    file: FIFO,
    find: "return stopped.has(group);",
    replace: "return stopped.size > 0;",
    caughtBy: [DRIVERS, TEST],
  },
  {
    name: "the rest of a failed group acknowledged (QF1)",
    file: FIFO,
    find: "return stopped.has(group);",
    replace: "return failures.has(place);",
    caughtBy: [DRIVERS],
  },
  {
    name: "lowest failure by text instead of by number (QS2)",
    file: STREAM,
    find: `function positionOf({ position = "" }: Place): string {`,
    replace: "function positionOf({ identifier }: Place): string {\n  const position = String(identifier);",
    caughtBy: [DRIVERS],
  },
  {
    name: "the highest failure named instead of the lowest (QS1)",
    file: STREAM,
    find: "positionOf(low) <= positionOf(place)",
    replace: "positionOf(low) >= positionOf(place)",
    caughtBy: [DRIVERS, SCHEDULES],
  },
  {
    name: "a stream's response names nothing (QS1)",
    file: STREAM,
    find: "lowest === undefined ? []",
    replace: "lowest !== null ? []",
    caughtBy: [DRIVERS, TEST, SCHEDULES],
  },
  {
    name: "Kafka: only the lowest failure named, the others lost (KF1)",
    file: KAFKA,
    find: "batchItemFailures: failed.map(",
    replace: "batchItemFailures: failed.slice(0, 1).map(",
    caughtBy: [DRIVERS, SCHEDULES],
  },
  {
    name: "Kafka: the partition named without its topic",
    file: KAFKA,
    find: "partition: `${topic}-${partition}`",
    replace: "partition: `${partition}`",
    caughtBy: [DRIVERS, "sources/kafka.test.ts"],
  },
  {
    name: "Kafka: two record keys share an ordering key (KF2)",
    file: KAFKA,
    find: `return text === undefined || text === "" || text.startsWith(BASE64) ? BASE64 + key : text;`,
    replace: `return text ?? "";`,
    caughtBy: ["sources/kafka.test.ts"],
  },
  {
    name: "FIFO told by MessageGroupId: fair queues have it, too",
    file: "lib/sources/source-of.ts",
    find: `return typeof first?.eventSourceARN === "string" && first.eventSourceARN.endsWith(FIFO_QUEUE_SUFFIX);`,
    replace: `return (first as { attributes?: { MessageGroupId?: string } } | null)?.attributes?.MessageGroupId !== undefined;`,
    caughtBy: ["sources/sqs.test.ts", DRIVERS],
  },
  {
    name: "an aggregated record taken for a message (KN1)",
    file: KINESIS,
    find: "if (!binary.startsWith(AGGREGATED))",
    replace: "if (binary.length >= 0)",
    caughtBy: ["sources/streams.test.ts", QUEUES],
  },
  {
    name: "another id of a message for another way to read the stream (KN2)",
    file: KINESIS,
    find: "return consumer < 0 ?",
    replace: "return consumer < 1_000 ?",
    caughtBy: ["sources/streams.test.ts"],
  },
  {
    name: "the shard left out of a message's id (KN2)",
    file: KINESIS,
    find: "messageId: `${origin}/${eventId}`",
    replace: "messageId: `${origin}/${sequenceNumber}`",
    caughtBy: ["sources/streams.test.ts"],
  },
  {
    name: "a change of an item fingerprinted by its documents (DS1)",
    file: STREAMS,
    find: "    payload,\n",
    replace: "",
    caughtBy: [QUEUES, "sources/streams.test.ts"],
  },
  {
    name: "binary of an image left as base64",
    file: STREAMS,
    find: "if (value.B !== undefined)",
    replace: "if (value.B === null)",
    caughtBy: ["sources/streams.test.ts"],
  },
  {
    name: "a rejected change fingerprinted by its documents",
    file: "lib/consumer/message.ts",
    find: "fingerprint(delivery.payload ?? decoded, host.sha256)",
    replace: "fingerprint(decoded, host.sha256)",
    caughtBy: [QUEUES],
  },
  {
    name: "a dead letter that SQS refuses blocks its stream (PL1)",
    file: PAYLOAD,
    find: "if (text !== undefined && isSendable(text))",
    replace: "if (text !== undefined)",
    caughtBy: ["sources/streams.test.ts", "sources/kafka.test.ts"],
  },
  {
    name: "a header that SQS refuses goes with the dead letter (PL2)",
    file: PAYLOAD,
    find: "|| !isSendableAttribute(name, attribute)",
    replace: "",
    caughtBy: ["sources/kafka.test.ts"],
  },
  {
    name: "a stream without a key option: all of it goes to the dead-letter queue (IT1)",
    file: "lib/consumer/intake.ts",
    find: "else if (options.key === undefined && !source.carriesKey) {",
    replace: `else if (options.key === "" && !source.carriesKey) {`,
    caughtBy: [QUEUES],
  },
  {
    name: "records moved by another middleware run in their new order (IT2)",
    file: "lib/consumer/intake.ts",
    find: "if (!source.ordered || (",
    replace: "if (source.name !== undefined || (",
    caughtBy: ["middleware/sources.test.ts"],
  },
  {
    name: "a failed message's group comes when its visibility timeout is over (HD1)",
    file: "lib/consumer/hiding.ts",
    find: "isBehind ? groups.get(group)",
    replace: "isBehind ? undefined",
    caughtBy: [QUEUES],
  },
  {
    name: "a new deduplication id for every send of a rejection",
    file: "lib/consumer/rejection.ts",
    find: "deduplicationId: host.sha256(JSON.stringify([options.consumer, messageId, sentAtMs]))",
    replace: "deduplicationId: host.randomId()",
    caughtBy: [QUEUES],
  },
  {
    name: "a rejection after a redrive swallowed as a duplicate",
    file: "lib/consumer/rejection.ts",
    find: "[options.consumer, messageId, sentAtMs]",
    replace: "[options.consumer, messageId]",
    caughtBy: [QUEUES],
  },
];
