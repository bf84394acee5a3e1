// The records of the outbox table's stream, as far as the relay looks at them. Pure.

import type { DynamoDbRecord, StreamImage } from "../aws/lambda.ts";
import { OUTBOX_TABLE } from "../contract.ts";
import { paddedPosition, recordsOf, textOf } from "../sources/records.ts";
import type { Place } from "../sources/source.ts";
import { SEQUENCE_NUMBER_WIDTH } from "../sources/stream-response.ts";
import type { ItemKey } from "./outbox-table.ts";

export interface StreamRecord extends Place {
  readonly key: ItemKey;
  /** Undefined where the stream has none: the item is gone, or its stream was made without. */
  readonly image: StreamImage | undefined;
}

/** Throws a SemelError for an event that is not one of the table's stream. */
export function streamRecords(event: unknown): StreamRecord[] {
  return recordsOf(event, "aws:dynamodb").map((given, index) => {
    const record = given as DynamoDbRecord;
    const { Keys = {}, NewImage, SequenceNumber } = record.dynamodb ?? {};
    const name = `record ${index}`;
    const pk = textOf(Keys[OUTBOX_TABLE.partitionKey]?.S, `${name} has no partition key of an outbox table`);
    const sk = textOf(Keys[OUTBOX_TABLE.sortKey]?.S, `${name} has no sort key of an outbox table`);
    return {
      messageId: `${index} ${SequenceNumber}`,
      identifier: SequenceNumber,
      origin: textOf(record.eventSourceARN, `${name} has no eventSourceARN`),
      orderingKey: pk,
      position: paddedPosition(SequenceNumber, SEQUENCE_NUMBER_WIDTH, `the SequenceNumber of ${name}`),
      key: { pk, sk },
      image: NewImage,
    };
  });
}
