// Sends messages until each is in the queue, refused for good, or given up.
//
//   PS1. Every message gets one result, in its place.
//   PS2. What is in the queue is not sent again. What is not, or not surely, goes as it was, under its key.
//   PS3. A message of which a try may have gone through is never called refused or not sent.
//   PS4. A lane stops at its first failure: what is behind it is not sent.
//   PS5. It ends with its time or the caller's signal, whatever the client does; and no try starts after.

import { type Backoff, fullJitterMs } from "../protocol/backoff.ts";
import type { EntryAnswer } from "./answers.ts";
import { createEnd, type EndOptions } from "./end.ts";
import { type Item, type Lane, type Turn, takeRequest } from "./lanes.ts";
import { notSent, refused, type SendResult, unknownOutcome, unstored } from "./results.ts";
import { type TryContext, tryOnce } from "./try-once.ts";

export type SendContext = TryContext & EndOptions & { readonly concurrency: number };

/** Throttling is over within the second, trouble of a queue mostly within some. */
const BACKOFF: Backoff = { baseMs: 50, capMs: 2_000 };

/** By the messages' places. Never rejects. */
export function sendLanes(lanes: readonly Lane[], context: SendContext): Promise<readonly SendResult[]> {
  const { host, concurrency, queueUrl } = context;
  const results: SendResult[] = [];
  const ready = new Set<Lane>();
  const delays = new Set<() => void>();
  const end = createEnd(context);
  let underway = 0;

  /** The lane's next message waits for a request. */
  function enter(lane: Lane): void {
    const item = lane.items[lane.next];
    if (item === undefined) return;
    if (item.message.ok) ready.add(lane);
    else leave(lane, behind(item)); // PS4
  }

  /** Nothing more of this lane is sent. */
  function leave(lane: Lane, why: string): void {
    for (const item of lane.items) results[item.index] ??= givenUp(item, why, queueUrl);
    lane.next = lane.items.length;
  }

  /** True where it is to be sent again after a while. */
  function judge({ lane, item }: Turn, answer: EntryAnswer): boolean {
    const result = resultOf(item, answer, queueUrl);
    if (result === "later") return true;
    if (result !== "now") {
      results[item.index] = result;
      if (!result.ok) leave(lane, behind(item)); // PS4
      lane.next += 1; // PS2
    }
    enter(lane);
    return false;
  }

  /** Together, so that they are one request again. */
  function delay(turns: readonly Turn[], resume: () => void): void {
    const tries = Math.max(...turns.map(({ item }) => item.tries));
    const cancel = host.after(fullJitterMs(BACKOFF, tries, host.random()), () => {
      delays.delete(cancel);
      for (const { lane } of turns) enter(lane);
      resume();
    });
    delays.add(cancel);
  }

  return new Promise((resolve) => {
    async function request(turns: readonly Turn[]): Promise<void> {
      underway += 1;
      const answers = await tryOnce(turns, end, context);
      underway -= 1;
      const again = turns.filter((turn, place) => judge(turn, answers[place] as EntryAnswer));
      if (again.length > 0) delay(again, go);
      go();
    }

    function go(): void {
      while (!end.isUp() && underway < concurrency && ready.size > 0) void request(takeRequest(ready)); // PS5
      if (underway > 0 || (!end.isUp() && ready.size + delays.size > 0)) return;
      end.release();
      for (const cancel of delays) cancel();
      for (const lane of lanes) leave(lane, end.reason()); // PS1
      resolve(results);
    }

    for (const lane of lanes) enter(lane);
    end.signal.addEventListener("abort", go);
    go();
  });
}

/** The result, or when it is to be sent again. */
function resultOf(item: Item, answer: EntryAnswer, queueUrl: string): SendResult | "now" | "later" {
  item.tries += 1;
  const named = { key: item.message.key ?? "", queueUrl };
  switch (answer.kind) {
    case "sent":
      return { ok: true, key: named.key, messageId: answer.messageId, sequenceNumber: answer.sequenceNumber };
    case "refused":
      return item.isOpen ? unknownOutcome(named, answer.cause) : refused(named, answer.cause); // PS3
    case "unstored":
      return unstored(named, answer.cause);
    case "refusedTogether":
      item.goesAlone = true;
      return "now";
    case "unknown":
      item.isOpen = true;
      break;
    case "throttled":
  }
  item.cause = answer.cause;
  return "later";
}

function givenUp({ message, isOpen, cause }: Item, why: string, queueUrl: string): SendResult {
  if (!message.ok) return message;
  const named = { key: message.key, queueUrl };
  return isOpen ? unknownOutcome(named, cause) : notSent(named, why, cause); // PS3
}

function behind({ message: { key } }: Item): string {
  return `the one before it in its message group${key === undefined ? "" : `, key ${JSON.stringify(key)},`} failed`;
}
