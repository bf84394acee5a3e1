// A FIFO queue with message groups: our own engine, on the world's time.
//
// It may be deleted and made anew under its name, once it is empty: its sequence numbers then begin where they began before, and the
// consumer gets another epoch.

import type { SqsRecord } from "../../../lib/aws/lambda.ts";
import type { Chance } from "../seeded/chance.ts";
import type { Sent } from "./ledger.ts";
import type { OrderedSetup } from "./setup.ts";
import { type Batch, namedIn, type OrderedSource, type Queues, REGION } from "./source.ts";

const NAME = "simulated.fifo";
const ARN = `arn:aws:sqs:${REGION}:000000000000:${NAME}`;
const RECEIVED_MAX = 10;
const RETENTION_SECONDS = 1_209_600;

interface Received {
  readonly MessageId: string;
  readonly ReceiptHandle: string;
  readonly Body: string;
  readonly Attributes: SqsRecord["attributes"];
}

export function fifoSource(queues: Queues, setup: OrderedSetup, chance: Chance, isQuiet: () => boolean): OrderedSource {
  const byId = new Map<string, Sent>();
  const { act } = queues;
  let [lives, sends] = [0, 0];
  let url = open();

  function open(): string {
    lives++;
    return queues.create(NAME, {
      FifoQueue: "true",
      MessageRetentionPeriod: String(RETENTION_SECONDS),
      VisibilityTimeout: String(setup.visibilitySeconds),
    });
  }

  // Without a name for as long as there was only one.
  const epoch = (): string | undefined => (lives === 1 ? undefined : String(lives));

  function remove(ReceiptHandle: string): void {
    if (!isQuiet() && chance.happens(setup.lostDeletions)) return;
    try {
      act("DeleteMessage", { QueueUrl: url, ReceiptHandle });
    } catch {} // its receipt is over, or its queue is gone
  }

  function batchOf(received: readonly Received[]): Batch {
    const messages = received.flatMap(({ MessageId }) => byId.get(MessageId) ?? []);
    const ids = new Map(received.map(({ MessageId }) => [byId.get(MessageId), MessageId]));
    return {
      event: { Records: received.map(recordOf) },
      messages,
      returns: (response, message) => namedIn(response).includes(ids.get(message) ?? ""),
      settle(response) {
        if (!response) return true; // they are visible again when their time is over
        const named = new Set(namedIn(response));
        for (const one of received) if (!named.has(one.MessageId)) remove(one.ReceiptHandle);
        return [...named].every((id) => received.some(({ MessageId }) => MessageId === id));
      },
    };
  }

  const left = (): Sent[] => queues.idsIn(NAME).flatMap((id) => byId.get(id) ?? []);

  return {
    epoch,
    left,
    again: (batch) => batch,
    send(group, body, register) {
      const { MessageId, SequenceNumber } = act("SendMessage", {
        QueueUrl: url,
        MessageBody: JSON.stringify(body),
        MessageGroupId: group,
        MessageDeduplicationId: String(++sends),
      });
      const position = BigInt(String(SequenceNumber));
      byId.set(String(MessageId), register({ origin: ARN, group, position, epoch: epoch() }));
    },
    take() {
      const asked = {
        QueueUrl: url,
        MaxNumberOfMessages: Math.min(RECEIVED_MAX, setup.batchMax),
        MessageSystemAttributeNames: ["All"],
      };
      const { Messages = [] } = act("ReceiveMessage", asked) as { Messages?: unknown };
      const received = Messages as Received[];
      return received.length === 0 ? undefined : batchOf(received);
    },
    change() {
      if (left().length > 0) return undefined;
      act("DeleteQueue", { QueueUrl: url });
      url = open();
      return "the queue is made anew";
    },
  };
}

function recordOf({ MessageId, ReceiptHandle, Body, Attributes }: Received): SqsRecord {
  return {
    messageId: MessageId,
    receiptHandle: ReceiptHandle,
    body: Body,
    attributes: Attributes,
    messageAttributes: {},
    md5OfBody: "",
    eventSource: "aws:sqs",
    eventSourceARN: ARN,
    awsRegion: REGION,
  };
}
