// Mistakes of the local cloud: it would hide those of the runtime.
//
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are code.

import type { Mutant } from "../mutant.ts";

const RESPONSE = "lib/local/partial-response.ts";
const EVENT_SOURCE = "lib/local/event-source.ts";

export const LOCAL_MUTANTS: readonly Mutant[] = [
  {
    name: "unknown identifier deletes the rest",
    file: RESPONSE,
    find: "if (!batch.messageIds.includes(identifier)) return",
    replace: "if (!batch.messageIds.includes(identifier)) continue; if (batch.messageIds.length === 0) return",
    caughtBy: ["local/partial-response.test.ts"],
  },
  {
    name: "identifier of a wrong type deletes the rest",
    file: RESPONSE,
    find: `if (typeof identifier !== "string") {`,
    replace: `if (typeof identifier !== "string") continue;
    {
      if (identifier.length >= 0) { kept.add(identifier); continue; }`,
    caughtBy: ["local/partial-response.test.ts"],
  },
  {
    name: "response that is no JSON deletes",
    file: RESPONSE,
    find: `return failed("the response is not JSON");`,
    replace: "return settled(batch, new Set());",
    caughtBy: ["local/partial-response.test.ts"],
  },
  {
    name: "partial response honoured though ReportBatchItemFailures is missing",
    file: RESPONSE,
    find: "if (!batch.reportsFailures) return settled(batch, new Set());",
    replace: "",
    caughtBy: ["local/partial-response.test.ts"],
  },
  {
    name: "partial response ignored though ReportBatchItemFailures is set",
    file: "lib/local/event-source-definition.ts",
    find: `where("FunctionResponseTypes")).includes(`,
    replace: `where("FunctionResponseTypes")).slice(0, 0).includes(`,
    caughtBy: ["local/event-source.test.ts"],
  },
  {
    name: "error response deletes",
    file: EVENT_SOURCE,
    find: `if (result.outcome !== "success") return [];`,
    replace: `if (result.outcome !== "success") return deleteRecords(options, batch);`,
    caughtBy: ["local/event-source.test.ts"],
  },
  {
    name: "a batch that failed as a whole deletes",
    file: EVENT_SOURCE,
    find: "the whole batch of queue ${options.queue.name} comes back: ${verdict.reason}`);\n    return [];",
    replace:
      "the whole batch of queue ${options.queue.name} comes back: ${verdict.reason}`);\n    return deleteRecords(options, batch);",
    caughtBy: ["local/event-source.test.ts"],
  },
  {
    name: "failed messages deleted with the others",
    file: EVENT_SOURCE,
    find: "batch.filter((record) => deletable.has(record.messageId))",
    replace: "batch.filter(() => deletable.size >= 0)",
    caughtBy: ["local/event-source.test.ts"],
  },
  {
    name: "what was carried over a FIFO batch overtakes a failed message of its group",
    file: "lib/local/fifo-batch.ts",
    find: "carried.filter((record) => !held.has(groupOf(record)))",
    replace: "carried.filter((record) => held.size >= 0 || groupOf(record) !== undefined)",
    caughtBy: ["local/fifo-source.test.ts"],
  },
  {
    name: "of several failures on a stream the highest counts",
    file: "lib/local/streams/response.ts",
    find: "ids.slice(ids.findIndex(isNamed))",
    replace: "ids.slice(ids.findLastIndex(isNamed))",
    caughtBy: ["local/streams-rules.test.ts"],
  },
  {
    name: "batches of an item side by side on a stream",
    file: "lib/local/streams/tables/client.ts",
    find: "orderingKey: canonical(keys)",
    replace: "orderingKey: id",
    caughtBy: ["local/streams.test.ts"],
  },
  {
    name: "a stream's batch split counts as a retry",
    file: "lib/local/streams/attempts.ts",
    find: "halves.map((half) => ({ records: half, failures: tried.failures,",
    replace: "halves.map((half) => ({ records: half, failures: tried.failures + 1,",
    caughtBy: ["local/streams-rules.test.ts"],
  },
  {
    name: "a batch with records from before and after a stream is read again",
    file: "lib/local/streams/lane.ts",
    find: ".filter((one) => one.piece === first?.piece)",
    replace: "",
    caughtBy: ["local/streams-rules.test.ts", "local/kinesis-replay.test.ts"],
  },
  {
    name: "of Kafka, too, all behind the lowest that is named comes again",
    file: "lib/local/streams/response.ts",
    find: "retriesNamed ? ids.filter(isNamed) : ",
    replace: "",
    caughtBy: ["local/kafka-rules.test.ts", "local/kafka.test.ts"],
  },
  {
    name: "an offset committed beyond a record that is not done (OF1)",
    file: "lib/local/streams/kafka/offsets.ts",
    find: "open.values().next().value ?? next",
    replace: "next",
    caughtBy: ["local/kafka-rules.test.ts"],
  },
  {
    name: "a poller of Kafka for each partition",
    file: "lib/local/streams/kafka/kafka-topic.ts",
    find: "sharesLanes: true",
    replace: "sharesLanes: false",
    caughtBy: ["local/kafka.test.ts", "integration/kafka.test.ts"],
  },
  {
    name: "a merged shard is read when one of its parents is done",
    file: "lib/local/streams/shard-source.ts",
    find: "&& shard.parentIds.every(isDone)",
    replace: "",
    caughtBy: ["local/kinesis-endpoint.test.ts"],
  },
  {
    name: "idle() does not know of a shard that is not read yet",
    file: "lib/local/streams/shard-source.ts",
    find: "find(({ id }) => !readers.has(id))",
    replace: "find(() => false)",
    caughtBy: ["local/stream-shards.test.ts"],
  },
  {
    name: "a replay takes a record behind which others were replayed",
    file: "lib/local/streams/replay.ts",
    find: "known === undefined && position < last",
    replace: "false",
    caughtBy: ["local/kinesis-replay.test.ts"],
  },
  {
    name: "a replay takes another record under a number that was there",
    file: "lib/local/streams/replay.ts",
    find: "known !== undefined && known !== digest",
    replace: "false",
    caughtBy: ["local/kinesis-replay.test.ts"],
  },
];
