// The records of the outbox table's stream, as far as the relay looks at them. Pure.

import type { DynamoDbRecord, StreamImage } from "../aws/lambda.ts";
import { OUTBOX_TABLE } from "../contract.ts";
import { positionsOf, recordsOf, textOf } from "../sources/records.ts";
import type { Place } from "../sources/source.ts";
import { SEQUENCE_NUMBER_WIDTH } from "../sources/stream-response.ts";
import type { ItemKey } from "./outbox-table.ts";

export interface StreamRecord extends Place {
  readonly key: ItemKey;
  /** Undefined where the stream has none: the item is gone, or its stream was made without. */
  readonly image: StreamImage | undefined;
}

const positionOf = positionsOf("SequenceNumber", SEQUENCE_NUMBER_WIDTH);

/** Throws a SemelError for an event that is not one of the table's stream. */
export function streamRecords(event: unknown): StreamRecord[] {
  return recordsOf(event, "aws:dynamodb").map((given, index) => {
    const record = given as DynamoDbRecord;
    const { Keys = {}, NewImage, SequenceNumber } = record.dynamodb ?? {};
    const pk = textOf(Keys[OUTBOX_TABLE.partitionKey]?.S, index, "has no partition key of an outbox table");
    const sk = textOf(Keys[OUTBOX_TABLE.sortKey]?.S, index, "has no sort key of an outbox table");
    return {
      messageId: `${index} ${SequenceNumber}`,
      identifier: SequenceNumber,
      origin: textOf(record.eventSourceARN, index, "has no eventSourceARN"),
      orderingKey: pk,
      position: positionOf(SequenceNumber, index),
      key: { pk, sk },
      image: NewImage,
    };
  });
}
