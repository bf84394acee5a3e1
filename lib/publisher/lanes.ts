// In which order messages go. A lane is what goes one after the other: a message group of a FIFO queue; elsewhere each message is
// its own. Pure.
//
//   LA1. A message goes when the one before it in its lane is known to be in the queue, so one request holds one message of a lane:
//        SQS judges the entries of a request each by itself, and may take the second though it failed the first.
//   LA2. A request has 10 entries and 1 MiB at most.

import { QUEUE_BATCH_MESSAGES_MAX } from "../aws/limits.ts";
import { FIFO_QUEUE_SUFFIX } from "../aws/names.ts";
import { MESSAGE_BYTES_MAX } from "../aws/queues.ts";
import type { CheckedMessage, OutgoingMessage, ReadyMessage } from "./message.ts";

/** Changed by the loop that sends. */
export interface Item {
  /** Its place in the call. */
  readonly index: number;
  readonly message: CheckedMessage;
  tries: number;
  /** A try may have gone through. */
  isOpen: boolean;
  /** Its request was refused for what may be another one's fault. */
  goesAlone: boolean;
  /** What its body names is in S3. */
  isStored: boolean;
  /** Of the last try that failed. */
  cause?: unknown;
}

export interface Lane {
  readonly items: readonly Item[];
  /** Place of the one whose turn it is. */
  next: number;
}

export function lanesOf(
  queueUrl: string,
  messages: readonly OutgoingMessage[],
  checked: readonly CheckedMessage[],
): Lane[] {
  const isFifo = queueUrl.endsWith(FIFO_QUEUE_SUFFIX);
  const items = checked.map((message, index) => ({
    index,
    message,
    tries: 0,
    isOpen: false,
    goesAlone: false,
    isStored: false,
  }));
  // A message whose group is not known has a lane of its own.
  const laneOf = ({ index }: Item): unknown => (isFifo ? (messages[index]?.groupId ?? index) : index);
  return [...Map.groupBy(items, laneOf).values()].map((lane) => ({ items: lane, next: 0 }));
}

export interface Turn {
  readonly lane: Lane;
  readonly item: Item;
  readonly message: ReadyMessage;
}

/** Takes the lanes of the next request out of those that are ready, the first first; none of them is empty. */
export function takeRequest(ready: Set<Lane>): Turn[] {
  const turns: Turn[] = [];
  let bytes = 0;
  for (const lane of ready) {
    const item = lane.items[lane.next];
    if (!item?.message.ok) throw new Error("a lane without a message to send is not ready");
    bytes += item.message.bytes;
    const isFirst = turns.length === 0;
    if (!isFirst && (item.goesAlone || bytes > MESSAGE_BYTES_MAX)) break; // LA2
    ready.delete(lane); // LA1
    turns.push({ lane, item, message: item.message });
    if (item.goesAlone || turns.length === QUEUE_BATCH_MESSAGES_MAX) break;
  }
  return turns;
}
