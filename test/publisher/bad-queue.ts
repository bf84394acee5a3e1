// A queue of the local SQS engine behind the publisher's `send`, on a virtual clock, that answers as SQS does on a bad day.

import type { SendMessageBatchEntry, SendMessageBatchInput } from "../../lib/aws/sqs.ts";
import { call } from "../../lib/local/sqs/call.ts";
import { createSqsEngine, queueUrl } from "../../lib/local/sqs/engine.ts";
import type { StoredMessage } from "../../lib/local/sqs/message.ts";
import type { JsonObject } from "../../lib/local/values.ts";
import { KEY_ATTRIBUTE } from "../../lib/protocol/key.ts";
import type { SendBatch } from "../../lib/publisher/sqs-send.ts";
import { named } from "../support/faulty-send.ts";
import { type VirtualHost, virtualHost } from "../support/virtual-host.ts";

type Answer = Awaited<ReturnType<SendBatch>>;

/** What happens to one request. */
export const REQUEST_FAULTS = [
  "answer-lost",
  "never-applied",
  "server-error-applied",
  "hangs",
  /** Neither answers nor heeds its signal. */
  "deaf",
  /** Applied long after the caller gave it up. */
  "applied-later",
  "throttled",
  "refused",
  /** For the fault of one of them, if there are several. */
  "refused-together",
  /** The client sent it more than once by itself: applied, then refused. */
  "refused-after-repeat",
  "no-ids",
] as const;
/** What happens to one entry of a request that is answered. */
export const ENTRY_FAULTS = [
  "failed",
  "failed-applied",
  "throttled",
  "refused",
  "left-out",
  "left-out-applied",
] as const;

export type RequestFault = "none" | (typeof REQUEST_FAULTS)[number];
export type EntryFault = "none" | (typeof ENTRY_FAULTS)[number];

export interface BadQueue {
  readonly host: VirtualHost;
  readonly url: string;
  readonly send: SendBatch;
  readonly requests: SendMessageBatchInput[];
  /** What is or was in the queue, as it came. */
  messages(): StoredMessage[];
}

export interface BadDay {
  readonly fifo?: boolean;
  readonly ofRequest?: (input: SendMessageBatchInput) => RequestFault;
  readonly ofEntry?: (entry: SendMessageBatchEntry) => EntryFault;
}

const LATER_MS = 9_000;

export function badQueue({ fifo = false, ofRequest = () => "none", ofEntry = () => "none" }: BadDay = {}): BadQueue {
  const host = virtualHost();
  const engine = createSqsEngine({ region: "eu-west-1", clock: host });
  const name = fifo ? "q.fifo" : "q";
  const act = (action: string, input: object): JsonObject =>
    call(engine, { action, input: input as JsonObject }, { onGone: () => {} }) as JsonObject;
  act("CreateQueue", { QueueName: name, Attributes: fifo ? { FifoQueue: "true" } : {} });
  const url = queueUrl(engine, name);
  const requests: SendMessageBatchInput[] = [];

  /** The engine's own answer, for the entries that reach it. */
  function apply(input: SendMessageBatchInput): Answer {
    return act("SendMessageBatch", { ...input, Entries: input.Entries.map(onWire) }) as Answer;
  }

  function answerEach(input: SendMessageBatchInput): Answer {
    const answer: Required<Answer> = { Successful: [], Failed: [], $metadata: {} };
    for (const entry of input.Entries) {
      const fault = ofEntry(entry);
      const isApplied = fault === "none" || fault.endsWith("-applied");
      const own = isApplied ? apply({ ...input, Entries: [entry] }) : {};
      if (fault === "none") {
        answer.Successful?.push(...(own.Successful ?? []));
        answer.Failed?.push(...(own.Failed ?? []));
      } else if (!fault.startsWith("left-out")) {
        const Code = { failed: "InternalError", throttled: "RequestThrottled", refused: "InvalidMessageContents" }[
          fault.split("-")[0] ?? ""
        ];
        answer.Failed?.push({ Id: entry.Id, ...(Code && { Code }), SenderFault: !fault.startsWith("failed") });
      }
    }
    return answer;
  }

  const send: SendBatch = async (input, { signal }) => {
    signal.throwIfAborted();
    requests.push(input);
    const fault = ofRequest(input);
    switch (fault) {
      case "none":
        return answerEach(input);
      case "answer-lost":
        apply(input);
        throw named("Error", "read ECONNRESET");
      case "never-applied":
        throw named("Error", "read ECONNRESET");
      case "server-error-applied":
        apply(input);
        throw named("InternalFailure", "500");
      case "hangs":
        apply(input);
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      case "deaf":
        apply(input);
        return new Promise(() => {});
      case "applied-later":
        host.after(LATER_MS, () => void apply(input));
        return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      case "throttled":
        throw named("RequestThrottled", "slow down");
      case "refused":
        throw named("QueueDoesNotExist", "no such queue");
      case "refused-together":
        if (input.Entries.length === 1) return answerEach(input);
        throw named("BatchRequestTooLong", "too long");
      case "refused-after-repeat":
        apply(input);
        throw Object.assign(named("AccessDeniedException", "no"), { $metadata: { attempts: 2 } });
      case "no-ids": {
        const { Successful = [] } = apply(input);
        return { Successful: Successful.map(({ Id }) => ({ Id })) };
      }
    }
  };
  return { host, url, send, requests, messages: () => [...(engine.queues.get(name)?.messages.values() ?? [])] };
}

export function keyOf({ attributes = {} }: Pick<StoredMessage, "attributes">): string | undefined {
  return attributes[KEY_ATTRIBUTE]?.StringValue;
}

function onWire({ MessageAttributes = {}, ...rest }: SendMessageBatchEntry): object {
  const attributes = Object.entries(MessageAttributes).map(([name, { BinaryValue, ...value }]) => [
    name,
    BinaryValue === undefined ? value : { ...value, BinaryValue: Buffer.from(BinaryValue).toString("base64") },
  ]);
  return { ...rest, MessageAttributes: Object.fromEntries(attributes) };
}
