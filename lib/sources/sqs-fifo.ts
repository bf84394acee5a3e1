// SQS FIFO queues. Pure.
//
//   QF1. With a failed message, everything after it in its message group is returned, and nothing of other groups. Lambda's
//        page asks to return all that follows in the batch; the order of SQS holds within a group, and groups are mixed in a
//        batch. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html

import type { SqsRecord } from "../aws/lambda.ts";
import { FIFO_QUEUE_SUFFIX } from "../aws/names.ts";
import { unsettled } from "./outcomes.ts";
import { positionsOf, recordsOf, textOf, unusable } from "./records.ts";
import type { Delivery, Place, Source } from "./source.ts";
import { SQS, sqsDelivery, sqsResponse } from "./sqs.ts";

/** Digits of 128 bits. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html */
const SEQUENCE_NUMBER_WIDTH = 40;
const positionOf = positionsOf("SequenceNumber", SEQUENCE_NUMBER_WIDTH);

export const sqsFifo: Source = {
  name: "an SQS FIFO queue",
  ordered: true,
  sendsAgain: true,
  carriesKey: true,
  deliveries: (event) => recordsOf(event, SQS).map(fifoDelivery),
  response: (batch, outcomes) => sqsResponse(withFollowers(batch, unsettled(batch, outcomes))),
};

/** QF1 */
function withFollowers(batch: readonly Place[], failed: readonly Place[]): Place[] {
  const failures = new Set(failed);
  const stopped = new Set<string>();
  return batch.filter((place) => {
    const group = `${place.origin}/${place.orderingKey}`; // an ARN has no slash
    if (failures.has(place)) stopped.add(group);
    return stopped.has(group);
  });
}

function fifoDelivery(record: Partial<Record<string, unknown>>, index: number): Delivery<SqsRecord> {
  const delivery = sqsDelivery(record, index);
  if (!delivery.origin.endsWith(FIFO_QUEUE_SUFFIX)) {
    throw unusable(`record ${index} is of a standard queue, ${delivery.origin}, and the first one is of a FIFO queue`);
  }
  const attributes: Partial<SqsRecord["attributes"]> = delivery.record.attributes ?? {};
  return {
    ...delivery,
    orderingKey: textOf(attributes.MessageGroupId, index, "of a FIFO queue has no MessageGroupId"),
    position: positionOf(attributes.SequenceNumber, index),
  };
}
