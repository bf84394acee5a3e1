// SQS behind the `sqsSend` seam, in memory: keeps what it was asked, and answers well or badly.

import type { MessageAttributeValue, SendMessageInput, VisibilityEntry } from "../../lib/aws/sqs.ts";
import type { SqsAnswerOf, SqsRequest, SqsSend } from "../../lib/consumer/sqs-send.ts";
import { messageFault } from "../../lib/protocol/queue-message.ts";

export const DLQ_URL = "http://localhost/123456789012/orders-dlq";

/** What happens to one request. */
export type QueueFault = "none" | "answer-lost" | "never-applied" | "hangs" | "no-id";

export interface MemoryQueue {
  readonly sqsSend: SqsSend;
  readonly requests: SqsRequest[];
  /** What is in the dead-letter queue. */
  readonly deadLetters: SendMessageInput[];
  /** Seconds that each receipt handle is hidden. */
  readonly hidden: Map<string, number>;
}

export function memoryQueue(nextFault: (request: SqsRequest) => QueueFault = () => "none"): MemoryQueue {
  const requests: SqsRequest[] = [];
  const deadLetters: SendMessageInput[] = [];
  const hidden = new Map<string, number>();

  function apply(request: SqsRequest): SqsAnswerOf<SqsRequest> {
    switch (request.operation) {
      case "SendMessage":
        refuseTooLarge(request.input);
        return { MessageId: `dead-${deadLetters.push(request.input)}` };
      case "ChangeMessageVisibilityBatch":
        for (const entry of request.input.Entries) hide(entry);
        return { Failed: [] };
      case "GetQueueUrl":
        return { QueueUrl: `http://localhost/123456789012/${request.input.QueueName}` };
    }
  }
  const hide = ({ ReceiptHandle, VisibilityTimeout }: VisibilityEntry): void =>
    void hidden.set(ReceiptHandle, VisibilityTimeout);

  const sqsSend = async <R extends SqsRequest>(
    request: R,
    { signal }: { signal?: AbortSignal },
  ): Promise<SqsAnswerOf<R>> => {
    signal?.throwIfAborted();
    requests.push(request);
    const fault = nextFault(request);
    if (fault === "hangs") return neverAnswered(signal);
    if (fault === "never-applied") throw new Error("read ECONNRESET");
    const answer = apply(request);
    if (fault === "answer-lost") throw new Error("read ECONNRESET");
    return (fault === "no-id" ? {} : answer) as SqsAnswerOf<R>;
  };
  return { sqsSend, requests, deadLetters, hidden };
}

function refuseTooLarge({ MessageBody, MessageAttributes = {} }: SendMessageInput): void {
  const fault = messageFault(MessageBody, MessageAttributes);
  if (fault !== undefined) throw Object.assign(new Error(fault), { name: "InvalidParameterValue" });
}

/** What `semel-failure` of a dead letter says. */
export function failureOf({ MessageAttributes = {} }: SendMessageInput): unknown {
  const attribute: MessageAttributeValue | undefined = MessageAttributes["semel-failure"];
  return attribute?.StringValue === undefined ? undefined : JSON.parse(attribute.StringValue);
}

function neverAnswered(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(new Error("aborted")), { once: true });
  });
}
