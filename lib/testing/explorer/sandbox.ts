// One sandbox of the function: a process with a clock, timers and requests that move only when the controller says so.
//
//   SB1. What its code does is a function of what it was given: its delivery, the answers and the timers, in their order. So its
//        history stands for its state.
//   SB2. A request has taken effect, or not, when the controller says so: never when it is sent.

import { QUEUE_TIMEOUT_MS } from "../../consumer/queue-actions.ts";
import type { SqsRequest, SqsSend } from "../../consumer/sqs-send.ts";
import { type Host, systemHost } from "../../host.ts";
import { REQUEST_TIMEOUT_MS } from "../../store/record-store.ts";
import type { DynamoDbRequest, Send } from "../../store/send.ts";

export type AwsRequest = DynamoDbRequest | SqsRequest;

/** What a sandbox waits for: an answer, or the word how its handler is to end. */
export interface Call<Request = AwsRequest> {
  readonly request: Request | "handler";
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A request that nobody waits for any more, and that may still take effect. */
export interface Adrift<Request = AwsRequest> {
  readonly sandbox: number;
  readonly call: number;
  readonly request: Request;
}

export interface Sandbox<Request = AwsRequest> {
  readonly number: number;
  readonly host: Host;
  readonly send: Send;
  readonly sqsSend: SqsSend;
  /** By number, in the order in which they were made. */
  readonly calls: ReadonlyMap<number, Call<Request>>;
  request(request: Request, signal: AbortSignal | undefined): Promise<unknown>;
  /** Runs `callback` once, after the given time, whatever it stands for; the returned function cancels it. */
  after(delayMs: number, callback: () => void): () => void;
  /** Waits until the controller says how the handler ends; rejects with what it is to throw. */
  decide(): Promise<void>;
  /** Takes a call off the list, for its answer. */
  take(call: number): Call<Request>;
  /** Runs everything that is ready, until only the controller can move it. */
  settle(): Promise<void>;
  /** "never": one that would fire only after the end of its invocation. */
  has(timer: "short" | "long" | "never"): boolean;
  fireNext(timer: "short" | "long"): void;
  /** It was frozen until then. */
  thaw(atMs: number): void;
  /** Nothing of it runs any more; gives what is still on its way. */
  end(): Adrift<Request>[];
}

export interface SandboxOptions<Request> {
  readonly number: number;
  readonly startMs: number;
  /** When its invocation is ended, whatever it does. @default never */
  readonly endMs?: number;
  /** Pauses are over by the controller's word alone. */
  readonly natural: boolean;
  /** Answered at once: requests that neither change nor tell anything that another sandbox has a hand in. */
  readonly atOnce: (request: Request) => unknown;
  readonly onSend: (request: Request) => void;
  readonly onAdrift: (adrift: Adrift<Request>) => void;
}

interface Timer {
  readonly atMs: number;
  readonly callback: () => void;
  readonly kind: "tick" | "short" | "long" | "never";
}

/** Pauses between two tries are no longer: the caps of protocol/backoff.ts. Renewals and deadlines are. */
const SHORT_MS_MAX = 2_000;
/** Of one sandbox, until something else than time has to happen. */
const TIMERS_MAX = 100_000;
const NEVER = new Promise<never>(() => {});
/** The process's own, whatever stands in its place while a handler is explored. */
const afterAllThatIsReady = setImmediate;

export function createSandbox<Request extends AwsRequest | object = AwsRequest>(
  options: SandboxOptions<Request>,
): Sandbox<Request> {
  const { number, startMs, endMs = Number.POSITIVE_INFINITY, natural, atOnce, onSend, onAdrift } = options;
  const calls = new Map<number, Call<Request>>();
  const timers = new Set<Timer>();
  let [nowMs, made, ids, ended] = [startMs, 0, 0, false];

  const host: Host = {
    nowMs: () => nowMs,
    after(delayMs, callback) {
      // A request's own time limit never fires: to its caller it is what the fault "open" is.
      if (delayMs === REQUEST_TIMEOUT_MS || delayMs === QUEUE_TIMEOUT_MS) return () => {};
      return after(delayMs, callback);
    },
    endOfTick: (callback) => void timers.add({ atMs: nowMs, callback, kind: "tick" }),
    random: () => 0.5, // decides only how long a pause is; which pause ends first is the controller's choice
    randomId: () => randomIdOf(number, ++ids),
    sha256: systemHost.sha256,
  };

  function after(delayMs: number, callback: () => void): () => void {
    const atMs = nowMs + Math.max(0, delayMs);
    const kind = delayMs <= 0 ? "tick" : atMs >= endMs ? "never" : delayMs <= SHORT_MS_MAX ? "short" : "long";
    const timer: Timer = { atMs, callback, kind };
    timers.add(timer);
    return () => void timers.delete(timer);
  }

  function call(request: Request | "handler", signal?: AbortSignal): Promise<unknown> {
    if (ended) return NEVER;
    if (signal?.aborted) return Promise.reject(new Error("aborted")); // never sent
    const mine = ++made;
    return new Promise((resolve, reject) => {
      calls.set(mine, { request, resolve, reject });
      const giveUp = (): void => {
        if (!calls.delete(mine) || request === "handler") return;
        onAdrift({ sandbox: number, call: mine, request });
        reject(new Error("aborted"));
      };
      signal?.addEventListener("abort", giveUp, { once: true });
    });
  }

  function request(given: Request, signal: AbortSignal | undefined): Promise<unknown> {
    onSend(given);
    const answer = atOnce(given);
    return answer === undefined ? call(given, signal) : Promise.resolve(answer);
  }

  function nextOf(kind: Timer["kind"]): Timer | undefined {
    let next: Timer | undefined; // of two at one time the one that was set first
    for (const timer of timers) if (timer.kind === kind && (!next || timer.atMs < next.atMs)) next = timer;
    return next;
  }

  function fireNext(kind: Timer["kind"]): boolean {
    const timer = nextOf(kind);
    if (!timer) return false;
    timers.delete(timer);
    nowMs = Math.max(nowMs, timer.atMs);
    timer.callback();
    return true;
  }

  return {
    number,
    host,
    calls,
    request,
    after,
    send: (given, { signal }) => request(given as AwsRequest as Request, signal) as Promise<never>,
    sqsSend: (given, { signal }) => request(given as AwsRequest as Request, signal) as Promise<never>,
    async decide() {
      await call("handler");
    },
    take(wanted) {
      const found = calls.get(wanted);
      if (!found) throw new Error(`Cannot go on: sandbox ${number} does not wait for its call ${wanted}`);
      calls.delete(wanted);
      return found;
    },
    async settle() {
      for (let fired = 0; fired < TIMERS_MAX; fired++) {
        await new Promise<void>((resolve) => void afterAllThatIsReady(resolve)); // everything that is ready has run then
        if (ended) return;
        if (fireNext("tick")) continue;
        // Whoever waits for a pause alone commutes with everybody else: it wakes at once.
        if (natural || calls.size > 0 || !fireNext("short")) return;
      }
      throw new Error(`Cannot go on: sandbox ${number} does nothing but set timers, ${TIMERS_MAX} of them`);
    },
    has: (kind) => nextOf(kind) !== undefined,
    fireNext(kind) {
      if (!fireNext(kind)) throw new Error(`Cannot go on: sandbox ${number} has no ${kind} timer`);
    },
    thaw(atMs) {
      nowMs = Math.max(nowMs, atMs);
    },
    end() {
      ended = true;
      timers.clear();
      const left = [...calls].flatMap(([mine, { request: one }]) =>
        one === "handler" ? [] : [{ sandbox: number, call: mine, request: one }],
      );
      calls.clear();
      return left;
    },
  };
}

/** Tells who made it. */
function randomIdOf(sandbox: number, id: number): string {
  return `00000000-0000-4000-8${String(sandbox).padStart(3, "0")}-${String(id).padStart(12, "0")}`;
}

/** The sandbox that made a random id. */
export function makerOf(randomId: string): number {
  return Number(randomId.slice(20, 23));
}
