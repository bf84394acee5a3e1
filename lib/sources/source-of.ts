// Tells which source an event comes from, by its records and by nothing else. Pure.

import { FIFO_QUEUE_SUFFIX } from "../aws/names.ts";
import { DYNAMODB, dynamoDbStreams, type ToDocument } from "./dynamodb-streams.ts";
import { isKafka, kafka } from "./kafka.ts";
import { KINESIS, kinesis } from "./kinesis.ts";
import { firstSource, KNOWN_SOURCES, unusable } from "./records.ts";
import type { Source } from "./source.ts";
import { SQS, sqs } from "./sqs.ts";
import { sqsFifo } from "./sqs-fifo.ts";

export type SourceOf = (event: unknown) => Source;

/** Throws a SemelError for an event of no known source. That all its records are of one is checked by the driver. */
export function sourceOf(toDocument: ToDocument): SourceOf {
  const streams = dynamoDbStreams(toDocument);
  return (event) => {
    if (isKafka(event)) return kafka;
    const source = firstSource(event);
    switch (source) {
      case SQS:
        return isFifo(event) ? sqsFifo : sqs;
      case KINESIS:
        return kinesis;
      case DYNAMODB:
        return streams;
      default:
        throw unusable(
          `record 0 is of source ${JSON.stringify(source)}. Known sources: ${KNOWN_SOURCES}. Use a consumer for each source`,
        );
    }
  };
}

/** By the ARN. MessageGroupId tells nothing: fair queues put it on standard queues, too. */
function isFifo(event: unknown): boolean {
  const [first] = (event as { Records: readonly ({ eventSourceARN?: unknown } | null)[] }).Records;
  return typeof first?.eventSourceARN === "string" && first.eventSourceARN.endsWith(FIFO_QUEUE_SUFFIX);
}
