// What a redrive asks of SQS: the seam behind which the SDK stands, and what makes calls go through trouble.
//
//   QC1. A call that does not say that it is the caller's fault is repeated: nothing here does harm when it is done twice. A
//        message that is sent twice is one message twice, and takes effect once.

import { type Host, sleep } from "../host.ts";
import { type Backoff, fullJitterMs } from "../protocol/backoff.ts";
import type { Letter, Outgoing } from "./letter.ts";

/** Why one message of a call was not served. */
export interface EntryFailure {
  readonly code: string;
  readonly reason: string;
  /** The same message will not go better the next time. */
  readonly isFinal: boolean;
}

/** Of one message sent: its new id. */
export type SendAnswer = { readonly messageId: string } | EntryFailure;

/** All of them reject with SQS's error. Lists have 10 elements at most, and answers are in their order. */
export interface QueueCalls {
  urlOf(name: string, accountId?: string): Promise<string>;
  attributesOf(url: string): Promise<Readonly<Record<string, string>>>;
  /** URLs of all queues whose dead-letter queue it is. */
  sourcesOf(url: string): Promise<readonly string[]>;
  receive(url: string, options: { waitSeconds: number; hideSeconds: number }): Promise<readonly Letter[]>;
  send(url: string, messages: readonly Outgoing[]): Promise<readonly SendAnswer[]>;
  /** Undefined: SQS took the deletion. */
  remove(url: string, receiptHandles: readonly string[]): Promise<readonly (EntryFailure | undefined)[]>;
  /** Undefined: it is hidden for that long; for 0 seconds, it is back. */
  hide(url: string, receiptHandles: readonly string[], seconds: number): Promise<readonly (EntryFailure | undefined)[]>;
}

export function isFailure(answer: SendAnswer | EntryFailure | undefined): answer is EntryFailure {
  return answer !== undefined && "isFinal" in answer;
}

export const TRIES_MAX = 5;
const BACKOFF: Backoff = { baseMs: 100, capMs: 3_000 };

/** Before the next try, full jitter. */
export function pauseAfter(tries: number, host: Host): Promise<void> {
  return sleep(host, fullJitterMs(BACKOFF, tries, host.random()));
}

/** QC1 */
export function persistent(calls: QueueCalls, host: Host): QueueCalls {
  async function repeated<T>(act: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await act();
      } catch (error) {
        if (tries === TRIES_MAX || isCallersFault(error)) throw error;
        await pauseAfter(tries, host);
      }
    }
  }
  return {
    urlOf: (...of) => repeated(() => calls.urlOf(...of)),
    attributesOf: (...of) => repeated(() => calls.attributesOf(...of)),
    sourcesOf: (...of) => repeated(() => calls.sourcesOf(...of)),
    receive: (...of) => repeated(() => calls.receive(...of)),
    send: (...of) => repeated(() => calls.send(...of)),
    remove: (...of) => repeated(() => calls.remove(...of)),
    hide: (...of) => repeated(() => calls.hide(...of)),
  };
}

/** What the SDK calls throttling is the client's fault to it, too. */
function isCallersFault(error: unknown): boolean {
  const { $fault, $retryable, name } = error as { $fault?: string; $retryable?: object; name?: string };
  return $fault === "client" && $retryable === undefined && !/Throttl|RequestTimeout|TooManyRequests/.test(name ?? "");
}
