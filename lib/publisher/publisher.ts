// Sends messages to a queue under idempotency keys of their own, again where it has to.
//
//   PB1. The key is made before the first try, and told whatever becomes of the message: a caller that sends it again says so.
//   PB2. A call has one message to a key: a second one with another body would be taken for the first.

import { SemelError } from "../errors.ts";
import { type Host, systemHost } from "../host.ts";
import { type ObjectStore, sdkObjects } from "../payload/objects.ts";
import { idsOf } from "./ids.ts";
import { lanesOf } from "./lanes.ts";
import { type CheckContext, type CheckedMessage, checkMessage, type OutgoingMessage } from "./message.ts";
import { type PublisherOptions, resolvePublisherOptions } from "./options.ts";
import type { SendResult, SentMessage } from "./results.ts";
import { sendLanes } from "./sending.ts";
import { type SendBatch, sdkSendBatch } from "./sqs-send.ts";

export interface SendOptions {
  /** Ends the call: what is not in the queue by then is given up. @default the publisher's timeoutMs alone ends it */
  readonly signal?: AbortSignal | undefined;
}

export interface Publisher {
  /**
   * Sends one message; resolves when it is in the queue, else rejects with a SemelError, as in a `SendResult`. An answer that is lost is
   * asked for again under the same key, so a standard queue may then hold the message twice, and a FIFO queue once: consumers
   * that dedup on the key take it once either way.
   */
  send(message: OutgoingMessage, options?: SendOptions): Promise<SentMessage>;
  /**
   * Sends messages, 10 and 1 MiB a request; gives a result for each, in the order given. On a FIFO queue the messages of one group
   * go one after the other, a request each, and stop at the first that fails; groups go side by side. Rejects only where it is called
   * wrongly, and then has sent nothing.
   */
  sendBatch(messages: readonly OutgoingMessage[], options?: SendOptions): Promise<readonly SendResult[]>;
}

/** A publisher for one queue. Throws a SemelError for options that are missing or wrong. */
export function createPublisher(options: PublisherOptions): Publisher {
  return publisherOf(options, { host: systemHost });
}

export interface Surroundings {
  readonly host: Host;
  /** @default by the AWS SDK */
  readonly send?: SendBatch;
  /** @default by the AWS SDK */
  readonly objects?: ObjectStore;
}

export function publisherOf(
  options: PublisherOptions,
  { host, send: given, objects: givenObjects }: Surroundings,
): Publisher {
  const resolved = resolvePublisherOptions(options);
  const { queueUrl, snowflakeWorkerId, timeoutMs, concurrency, client, encoding, messageBytesMax } = resolved;
  const send = given ?? sdkSendBatch(client);
  const objects = givenObjects ?? sdkObjects(resolved.claimCheck?.client);
  const { sha256 } = host;
  const newId = idsOf(host, snowflakeWorkerId);
  const context: CheckContext = { queueUrl, newId, sha256, encoding, messageBytesMax };

  async function sendBatch(
    messages: readonly OutgoingMessage[],
    options: SendOptions = {},
  ): Promise<readonly SendResult[]> {
    const signal = signalOf(options);
    if (!Array.isArray(messages)) throw wrongCall(`the messages are of type ${typeof messages}. Give a list of them`);
    const checked = refuseSameKeys(messages.map((message) => checkMessage(message, context))); // PB1
    const lanes = lanesOf(queueUrl, messages, checked);
    return sendLanes(lanes, { queueUrl, send, objects, host, concurrency, timeoutMs, signal });
  }

  return {
    sendBatch,
    async send(message, options) {
      const [result] = await sendBatch([message], options);
      if (result?.ok !== true) throw result?.error;
      const { key, messageId, sequenceNumber } = result;
      return { key, messageId, sequenceNumber };
    },
  };
}

function refuseSameKeys(messages: readonly CheckedMessage[]): CheckedMessage[] {
  const bodies = new Map<string, string>();
  return messages.map((message) => {
    if (!message.ok) return message;
    const { key, entry } = message;
    const body = bodies.get(key) ?? entry.MessageBody;
    bodies.set(key, body);
    if (body === entry.MessageBody) return message;
    const text = `Cannot send the message: its key ${JSON.stringify(key)} is that of another message of the same call, with another body. Give each a key of its own`;
    return { ok: false, key, error: new SemelError(text, { code: "SEMEL_MESSAGE", retryable: false, key }) }; // PB2
  });
}

function signalOf(options: SendOptions): AbortSignal | undefined {
  const unknown = Object.keys(options).filter((name) => name !== "signal");
  if (unknown.length > 0) throw wrongCall(`unknown option ${unknown.join(", ")}. Known options: signal`);
  const { signal } = options;
  if (signal === undefined || typeof signal?.addEventListener === "function") return signal;
  throw wrongCall(`signal is ${String(signal)}. Use the signal of an AbortController`);
}

function wrongCall(what: string): SemelError {
  return new SemelError(`Cannot send: ${what}`, { code: "SEMEL_OPTIONS", retryable: false });
}
