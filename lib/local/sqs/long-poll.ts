// Receives that wait for messages.
//
//   LP1. Who waits is served within the call that made a message available, the longest waiting first.
//   LP2. Nothing is received for a caller that has gone: the message would be hidden and nobody would have it.
//   LP3. A timer runs only while somebody waits.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html

import type { JsonObject } from "../values.ts";
import type { SqsClock } from "./clock.ts";
import { nextChangeMs, type Queue } from "./queue.ts";

export type Answer = readonly JsonObject[];

export interface Poll {
  readonly queue: Queue;
  readonly untilMs: number;
  /** Receives what is there. May throw. */
  readonly attempt: () => Answer;
  /** Calls the listener when the caller goes. */
  readonly onGone: (listener: () => void) => void;
}

export interface LongPolls {
  /** Resolves with messages, or with none when the time is up. */
  wait(poll: Poll): Promise<Answer>;
  /** After anything that may have made a message available. */
  serve(): void;
  /** Answers all who wait with nothing. */
  end(): void;
}

interface Waiting extends Poll {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
}

export function createLongPolls(clock: SqsClock): LongPolls {
  const waiting = new Set<Waiting>();
  let armedMs = Number.POSITIVE_INFINITY;
  let cancel = (): void => {};

  /** Returns whether messages left the queue: perhaps to one whose waiters were tried before. */
  function tryOne(one: Waiting): boolean {
    const before = one.queue.messages.size;
    let answer: Answer;
    try {
      answer = one.attempt();
    } catch (thrown) {
      waiting.delete(one);
      one.reject(thrown);
      return false;
    }
    const isOver = answer.length > 0 || one.untilMs <= clock.nowMs();
    if (isOver) {
      waiting.delete(one);
      one.resolve(answer);
    }
    return one.queue.messages.size !== before;
  }

  function serve(): void {
    if (waiting.size === 0) return;
    // As often as messages may move on; where queues are each other's dead-letter queues they would move for ever.
    let passes = waiting.size;
    for (let isMoving = true; isMoving && passes >= 0; passes -= 1) {
      isMoving = false;
      for (const one of waiting) isMoving = tryOne(one) || isMoving; // LP1
    }
    arm();
  }

  function arm(): void {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const { queue, untilMs } of waiting) nextMs = Math.min(nextMs, untilMs, nextChangeMs(queue));
    if (nextMs === armedMs) return;
    cancel();
    armedMs = nextMs;
    cancel = Number.isFinite(nextMs) ? clock.after(Math.max(0, nextMs - clock.nowMs()), wake) : () => {}; // LP3
  }

  function wake(): void {
    armedMs = Number.POSITIVE_INFINITY;
    cancel = () => {};
    serve();
  }

  return {
    wait: (poll) =>
      new Promise((resolve, reject) => {
        const one = { ...poll, resolve, reject };
        waiting.add(one);
        poll.onGone(() => {
          if (waiting.delete(one)) arm(); // LP2
        });
        arm();
      }),
    serve,
    end() {
      for (const one of waiting) one.resolve([]);
      waiting.clear();
      arm();
    },
  };
}
