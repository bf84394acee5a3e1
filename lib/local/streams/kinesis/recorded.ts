// Reads a recorded event of Kinesis for replay. Pure, but for the time that it is given. What the function needs to see is checked; what it is of no
// account to, stays as it is.
import type { KinesisRecord } from "../../../aws/lambda.ts";
import { isObject, type JsonObject } from "../../values.ts";
import { base64At, shown } from "../recorded-values.ts";
import type { Recorded, Refuse } from "../replay.ts";
import { KINESIS, type Origin } from "./records.ts";

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Record.html */
const PARTITION_KEY_CHARS_MAX = 256;

export interface ReadInput {
  readonly origin: Origin;
  readonly nowMs: number;
  readonly refuse: Refuse;
}

export function readRecorded(event: unknown, input: ReadInput): Recorded<KinesisRecord>[] {
  const records = isObject(event) ? event["Records"] : undefined;
  if (!Array.isArray(records)) {
    return input.refuse(`it is ${shown(event)}; it must be an event of Kinesis, { "Records": [...] }`);
  }
  return records.map((record: unknown, index) =>
    readRecord(record, {
      ...input,
      refuse: (what) => input.refuse(`record ${index + 1} of ${records.length} ${what}`),
    }),
  );
}

function readRecord(record: unknown, { origin, nowMs, refuse }: ReadInput): Recorded<KinesisRecord> {
  if (!isObject(record)) return refuse(`is ${shown(record)}; it must be an object`);
  const { eventSource, kinesis, eventID } = record;
  if (eventSource !== KINESIS) return refuse(`has the eventSource ${shown(eventSource)}; it must be "${KINESIS}"`);
  if (!isObject(kinesis)) return refuse(`has the member kinesis ${shown(kinesis)}; it must be an object`);
  const sequenceNumber = sequenceNumberOf(kinesis, refuse);
  const { partitionKey } = kinesis;
  if (typeof partitionKey !== "string" || partitionKey === "" || partitionKey.length > PARTITION_KEY_CHARS_MAX) {
    return refuse(
      `has the partitionKey ${shown(partitionKey)}; it must be a text of 1 to ${PARTITION_KEY_CHARS_MAX} characters`,
    );
  }
  const data = base64At(kinesis["data"], "data", refuse);
  const { approximateArrivalTimestamp: arrived } = kinesis;
  if (typeof arrived !== "number" || !Number.isFinite(arrived)) {
    return refuse(`has the approximateArrivalTimestamp ${shown(arrived)}; it must be a number of seconds`);
  }
  const [, shardId, ofId] = /^([a-zA-Z0-9_.-]+):(\d+)$/.exec(String(eventID)) ?? [];
  if (shardId === undefined || ofId !== sequenceNumber) {
    return refuse(
      `has the eventID ${shown(eventID)}; it must be its shard and its sequence number, "shardId-000000000000:${sequenceNumber}"`,
    );
  }
  return {
    record: { ...record, ...origin } as unknown as KinesisRecord, // its members were looked at
    id: sequenceNumber,
    orderingKey: partitionKey,
    arrivedAtMs: nowMs, // or all would be too old
    shardId,
    position: BigInt(sequenceNumber),
    content: JSON.stringify([partitionKey, data]),
  };
}

function sequenceNumberOf({ sequenceNumber }: JsonObject, refuse: Refuse): string {
  if (typeof sequenceNumber === "string" && /^(0|[1-9]\d{0,128})$/.test(sequenceNumber)) return sequenceNumber;
  return refuse(`has the sequenceNumber ${shown(sequenceNumber)}; it must be a text of 1 to 129 digits`);
}
