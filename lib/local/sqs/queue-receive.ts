// Receiving: visible messages go in flight, and those that were received too often go to the dead-letter queue instead.
//
//   RC1. A message moves on the receive after its maxReceiveCount-th one. That receive doesn't count: AWS counts what was
//        received. Its count goes on in the dead-letter queue.
//   RC2. It keeps its id and its receive count. A standard queue keeps when it was sent; a FIFO queue starts that anew, and makes
//        the message id the deduplication id.
//   RC3. Without a dead-letter queue to go to, it stays, and is received.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
import { SqsError } from "./errors.ts";
import { IN_FLIGHT_MAX } from "./limits.ts";
import type { StoredMessage } from "./message.ts";
import { advance, hide, place, type Queue, take } from "./queue.ts";

export interface ReceiveOptions {
  readonly max: number;
  /** @default - the queue's */
  readonly visibilitySeconds?: number | undefined;
  readonly nowMs: number;
  readonly findQueue: (arn: string) => Queue | undefined;
}

export function receive(queue: Queue, options: ReceiveOptions): readonly StoredMessage[] {
  const { nowMs } = options;
  advance(queue, nowMs);
  const room = IN_FLIGHT_MAX - queue.counts.inFlight;
  if (room <= 0 && queue.isFifo) return []; // AWS gives no error there
  if (room <= 0) {
    throw new SqsError(
      "OverLimit",
      `The queue has ${queue.counts.inFlight} messages in flight, the maximum; delete some.`,
    );
  }
  if (queue.counts.visible === 0) return [];
  const policy = queue.attributes.RedrivePolicy;
  const deadLetters = policy && options.findQueue(policy.deadLetterTargetArn);
  const limit = policy && deadLetters ? policy.maxReceiveCount : Number.POSITIVE_INFINITY; // RC3
  const { taken, dead } = queue.order.select(Math.min(options.max, room), ({ receiveCount }) => receiveCount >= limit); // RC1
  if (deadLetters) for (const message of dead) moveToDeadLetters(message, queue, { deadLetters, nowMs });
  const visibilityMs = (options.visibilitySeconds ?? queue.attributes.VisibilityTimeout) * 1000;
  for (const message of taken) {
    message.receiveCount += 1;
    message.firstReceivedAtMs ??= nowMs;
    message.receivedAtMs = nowMs;
    if (visibilityMs > 0) hide(queue, message, nowMs + visibilityMs);
    queue.order.received(message);
  }
  return taken;
}

interface Move {
  readonly deadLetters: Queue;
  readonly nowMs: number;
}

function moveToDeadLetters(message: StoredMessage, source: Queue, { deadLetters, nowMs }: Move): void {
  take(source, message);
  message.deadLetterSourceArn = source.arn;
  if (deadLetters.isFifo) {
    message.sentAtMs = nowMs; // RC2
    message.dedupId = message.id;
  }
  place(deadLetters, message);
}
