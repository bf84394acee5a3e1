// Sends messages to their targets, until each is sent, is in the dead-letter queue, or has to be left.
//
//   OG1. Sent is only what its target acknowledged. A lost answer is followed by the same message under the same id.
//   OG2. What is refused for good is done when the dead-letter queue has it, not before.
//   OG3. No try begins after the gate has closed. What was not sent then is left.
//   OG4. A message that this process knows to be done is not sent again: an item whose removal failed, or a batch that comes again.
//   OG5. A target that took nothing for a while rests until the invocation ends: what is for others does not wait for it.

import { type Host, sleep } from "../host.ts";
import { fullJitterMs, UNKNOWN_BACKOFF } from "../protocol/backoff.ts";
import type { OutboxMessage } from "../protocol/outbox.ts";
import { letterOf } from "./dead-letters.ts";
import { createLine, type Line } from "./line.ts";
import type { Observer } from "./observe.ts";
import type { TargetSend } from "./target-send.ts";
import { targetOf } from "./targets.ts";
import { callVerdict, TARGET_RESTS, type Verdict } from "./verdict.ts";

/** Of a message, in one invocation. Lambda tries the batch again, and the sweeper its item. */
export const TRIES_MAX = 4;
/** To one target, side by side. */
const CALLS_MAX = 8;
/** A request without an answer is given up after this time. */
export const CALL_TIMEOUT_MS = 5_000;
/** A target rests when so long, and so often as one message is tried, none of its calls was answered. */
const TROUBLE_MS_MAX = 2_000;
/** Ids that a process remembers. */
const KNOWN_MAX = 20_000;

/** What became of a message. */
export type Delivered = { readonly kind: "done" } | { readonly kind: "left"; readonly cause: unknown };

export interface Outgoing {
  /** Never rejects. */
  deliver(message: OutboxMessage, gate: AbortSignal): Promise<Delivered>;
}

export interface OutgoingOptions {
  readonly send: TargetSend;
  readonly host: Host;
  readonly observer: Observer;
  readonly deadLetterQueueUrl: string;
  /** The relay's name, in dead letters. */
  readonly relay: string;
}

interface Parcel {
  readonly message: OutboxMessage;
  readonly gate: AbortSignal;
}

export function createOutgoing(options: OutgoingOptions): Outgoing {
  const { host, observer } = options;
  const lines = new Map<string, Line<Parcel, Verdict>>();
  const done = rememberIds(KNOWN_MAX);

  function lineTo({ kind, target }: OutboxMessage): Line<Parcel, Verdict> {
    const key = `${kind} ${target}`;
    const line = lines.get(key) ?? createTargetLine({ kind, target } as OutboxMessage, options);
    lines.set(key, line);
    return line;
  }

  async function post(message: OutboxMessage, gate: AbortSignal): Promise<Verdict> {
    let alone = false;
    let verdict: Verdict = { kind: "failed", cause: new Error("the time was up before the first try") };
    for (let tries = 1; tries <= TRIES_MAX && !gate.aborted; tries++) {
      verdict = await lineTo(message).offer({ message, gate }, alone); // OG3: the line's call looks at the gate, too
      if (verdict.kind === "alone" && !alone) {
        alone = true;
        tries--;
        continue;
      }
      if (verdict.kind !== "failed" || verdict.cause === TARGET_RESTS) return verdict;
      if (tries < TRIES_MAX) await sleep(host, fullJitterMs(UNKNOWN_BACKOFF, tries, host.random()), gate);
    }
    return verdict;
  }

  async function bury(
    message: OutboxMessage,
    refusal: Verdict & { kind: "refused" },
    gate: AbortSignal,
  ): Promise<Verdict> {
    const { deadLetterQueueUrl: queueUrl, relay } = options;
    const letter = letterOf(message, refusal, { queueUrl, relay });
    const verdict = await post(letter.message, gate);
    if (verdict.kind === "sent") observer.deadLettered(message, refusal, letter.tellsReason);
    return verdict;
  }

  return {
    async deliver(message, gate) {
      if (done.has(message.id)) return { kind: "done" }; // OG4
      const first = await post(message, gate);
      const verdict = first.kind === "refused" ? await bury(message, first, gate) : first; // OG2
      if (verdict.kind !== "sent") return { kind: "left", cause: causeOf(verdict) };
      done.add(message.id);
      return { kind: "done" };
    },
  };
}

function createTargetLine(
  message: OutboxMessage,
  { send, host }: Pick<OutgoingOptions, "send" | "host">,
): Line<Parcel, Verdict> {
  const target = targetOf(message);
  const troubles = new WeakMap<AbortSignal, Trouble>();
  const rests = ({ gate }: Parcel): boolean => {
    const { calls, fromMs, toMs } = troubles.get(gate) ?? NO_TROUBLE;
    return calls >= TRIES_MAX && toMs - fromMs >= TROUBLE_MS_MAX;
  };

  return createLine<Parcel, Verdict>({
    host,
    callsMax: CALLS_MAX,
    entriesMax: target.entriesMax,
    bytesMax: target.bytesMax,
    bytesOf: (parcel) => target.bytesOf(parcel.message),
    async call(parcels) {
      if (parcels.some(rests)) return parcels.map(() => ({ kind: "failed", cause: TARGET_RESTS })); // OG5
      const startedMs = host.nowMs();
      const timeout = new AbortController();
      const cancel = host.after(CALL_TIMEOUT_MS, () => timeout.abort(new Error("no answer in time")));
      const signal = AbortSignal.any([timeout.signal, ...new Set(parcels.map(({ gate }) => gate))]);
      try {
        signal.throwIfAborted(); // OG3
        const answer = await send(target.request(parcels.map((parcel) => parcel.message)), { signal });
        for (const { gate } of parcels) troubles.delete(gate);
        return target.verdicts(answer, parcels.length); // OG1
      } catch (error) {
        const verdict = callVerdict(error, parcels.length);
        if (verdict.kind === "failed")
          for (const gate of new Set(parcels.map((parcel) => parcel.gate)))
            note(troubles, gate, [startedMs, host.nowMs()]);
        return parcels.map(() => verdict);
      } finally {
        cancel();
      }
    },
  });
}

/** All calls of an invocation failed, from the begin of the first to the end of the last one. */
interface Trouble {
  readonly calls: number;
  readonly fromMs: number;
  readonly toMs: number;
}

const NO_TROUBLE: Trouble = { calls: 0, fromMs: Number.POSITIVE_INFINITY, toMs: 0 };

function note(troubles: WeakMap<AbortSignal, Trouble>, gate: AbortSignal, [startedMs, toMs]: [number, number]): void {
  const { calls, fromMs } = troubles.get(gate) ?? NO_TROUBLE;
  troubles.set(gate, { calls: calls + 1, fromMs: Math.min(fromMs, startedMs), toMs });
}

function causeOf(verdict: Exclude<Verdict, { kind: "sent" }>): unknown {
  if (verdict.kind === "failed") return verdict.cause;
  return verdict.kind === "refused"
    ? new Error(`${verdict.code}: ${verdict.reason}`)
    : new Error("refused among others");
}

/** The longest unused goes first. */
function rememberIds(idsMax: number): Pick<Set<string>, "add" | "has"> {
  const ids = new Set<string>();
  // Goes on where it stood: a new iterator passes by all places that were deleted, every time.
  const oldestFirst = ids.values();
  return {
    has: (id) => ids.has(id),
    add(id) {
      ids.add(id);
      const oldest = ids.size > idsMax ? oldestFirst.next() : undefined;
      if (oldest?.done === false) ids.delete(oldest.value);
      return ids;
    },
  };
}
