// The response for Kinesis and DynamoDB Streams. Pure.
//
//   QS1. It names one sequence number, the lowest that is not settled: Lambda takes the lowest as its checkpoint, and tries
//        that record and all after it again. What is done beyond it comes again, and is told by its record.
//        https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
//        https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
//   QS2. Lowest by number, in the form in which it came: sequence numbers differ in length.

import type { StreamBatchResponse } from "../aws/lambda.ts";
import { unsettled } from "./outcomes.ts";
import { unusable } from "./records.ts";
import type { DeliveryOutcome, Place } from "./source.ts";

/** Digits of a sequence number. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_Record.html */
export const SEQUENCE_NUMBER_WIDTH = 129;

export function streamResponse(batch: readonly Place[], outcomes: readonly DeliveryOutcome[]): StreamBatchResponse {
  const lowest = unsettled(batch, outcomes).reduce<Place | undefined>(
    (low, place) => (low !== undefined && positionOf(low) <= positionOf(place) ? low : place), // QS2
    undefined,
  );
  return { batchItemFailures: lowest === undefined ? [] : [{ itemIdentifier: String(lowest.identifier) }] }; // QS1
}

/** One checkpoint is for one stream. Lambda never mixes two; a test's event, or a forwarded one, might. */
export function ofOneStream<P extends Place>(places: P[]): P[] {
  const other = places.find(({ origin }) => origin !== places[0]?.origin);
  if (other === undefined) return places;
  throw unusable(
    `it has records of two streams, ${places[0]?.origin} and ${other.origin}. Send each in an event of its own`,
  );
}

/** Of a fixed width. */
function positionOf({ position = "" }: Place): string {
  return position;
}
