// Receipt handles, and what their holder may do with the message.
//
//   RH1. Only the latest receipt of a message changes it: a late holder can neither delete nor hide what somebody else has
//        received since.
//   RH2. On a FIFO queue a receipt ends with its visibility timeout; on a standard queue it lasts until the next receive.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessage.html
import { VISIBILITY_TIMEOUT_SECONDS_MAX } from "../../aws/limits.ts";
import { invalidParameter, SqsError } from "./errors.ts";
import type { StoredMessage } from "./message.ts";
import { advance, hide, type Queue, show, take } from "./queue.ts";

/** Opaque, as AWS's. It names queue, message and receive: handles need no memory. */
export function receiptHandle(queue: Queue, message: StoredMessage): string {
  return Buffer.from(`${queue.serial} ${message.id} ${message.receiveCount}`).toString("base64");
}

interface Receipt {
  /** Undefined when it left the queue. */
  readonly message: StoredMessage | undefined;
  readonly isLatest: boolean;
}

const RECEIPT = /^(\d+) (\S+) (\d+)$/;

function readReceipt(queue: Queue, handle: string): Receipt {
  const [, serial, id = "", count] = RECEIPT.exec(Buffer.from(handle, "base64").toString()) ?? [];
  if (serial !== String(queue.serial)) {
    throw new SqsError("ReceiptHandleIsInvalid", `The input receipt handle "${handle}" is not a valid receipt handle.`);
  }
  const message = queue.messages.get(id);
  return { message, isLatest: String(message?.receiveCount) === count };
}

/** Of a message that is gone, or that was received again since: succeeds and deletes nothing (RH1). Gives what it deleted. */
export function deleteByReceipt(queue: Queue, handle: string, nowMs: number): StoredMessage | undefined {
  advance(queue, nowMs);
  const { message, isLatest } = readReceipt(queue, handle);
  if (message === undefined) return undefined;
  if (queue.isFifo && (!isLatest || message.state !== "inFlight")) {
    throw invalidParameter("ReceiptHandle", handle, "The receipt handle has expired."); // RH2
  }
  if (!isLatest) return undefined;
  take(queue, message);
  return message;
}

/** The time runs from now. Beyond 12 hours from the receive is an error. */
export function changeVisibility(queue: Queue, handle: string, change: { seconds: number; nowMs: number }): void {
  const { seconds, nowMs } = change;
  advance(queue, nowMs);
  const { message, isLatest } = readReceipt(queue, handle);
  if (message === undefined || (!isLatest && message.state === "inFlight")) {
    const reason = "Message does not exist or is not available for visibility timeout change.";
    throw invalidParameter("ReceiptHandle", handle, reason);
  }
  if (message.state !== "inFlight") {
    throw new SqsError("MessageNotInflight", "The specified message isn't in flight.");
  }
  if (nowMs - message.receivedAtMs + seconds * 1000 > VISIBILITY_TIMEOUT_SECONDS_MAX * 1000) {
    const reason = `Total VisibilityTimeout for the message is beyond the limit [${VISIBILITY_TIMEOUT_SECONDS_MAX} seconds]`;
    throw invalidParameter("VisibilityTimeout", seconds, reason);
  }
  if (seconds === 0) show(queue, message);
  else hide(queue, message, nowMs + seconds * 1000);
}
