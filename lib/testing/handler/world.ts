// The explored world of any handler: its invocations in sandboxes, the tables, the queue that feeds it, and the systems behind its
// stubs. Nothing happens in it but what the controller performs. WO1 and WO2 of explorer/world.ts hold here too; left out is less,
// since of the handler only SB1 is known.
//
//   HW1. An invocation does not outlive its timeout: a later time than "soon" comes only when none is at work.

import { SemelError } from "../../errors.ts";
import { type Outcome, outcomeOf } from "../explorer/engine.ts";
import { type Adrift, createSandbox, type Sandbox } from "../explorer/sandbox.ts";
import { type CallFault, type Event, formatEvent } from "../explorer/schedule.ts";
import type { Explorable } from "../explorer/search.ts";
import { canonical, mark } from "../explorer/state.ts";
import { current, type Process } from "./current.ts";
import type { Tables } from "./dynamodb.ts";
import { createHandlerEngine, type HandlerTape } from "./engine.ts";
import { type ExplorableHandler, invokeHandler, type ReceivedMessage } from "./invocation.ts";
import { type Effects, type Judged, judge, type QueuedState } from "./judge.ts";
import { answeredAtOnce, faultyMoves, freeMoves, requestError } from "./moves.ts";
import { describe, isRead, type Request, requestText } from "./requests.ts";
import type { Teller } from "./story.ts";

/** A message of the queue. */
export interface QueuedEvent<Body> {
  readonly messageId: string;
  readonly body: Body;
  /** As SQS has it. */
  readonly text: string;
  readonly messageAttributes: ReceivedMessage["messageAttributes"];
}

export interface HandlerBounds {
  readonly faults: number;
  readonly deliveries: number;
  /** Sandboxes at work at a time. */
  readonly sandboxes: number;
  /** What may go wrong. @default everything */
  readonly faultKinds?: ReadonlySet<string> | undefined;
}

/** What is explored, whatever the bounds. */
export interface HandlerCase<Body> {
  /** Of a new process. */
  readonly load: () => ExplorableHandler;
  readonly events: readonly QueuedEvent<Body>[];
  readonly effects: Effects<Body>;
  readonly tables: Tables;
  readonly recordTable: string | undefined;
}

export interface HandlerWorldOptions<Body> {
  readonly explored: HandlerCase<Body>;
  readonly bounds: HandlerBounds;
  readonly tape?: HandlerTape | undefined;
  readonly teller?: Teller | undefined;
  readonly rehearsal?: boolean | undefined;
}

interface MessageState<Body> extends QueuedState<Body>, QueuedEvent<Body> {
  deleted: boolean;
  receives: number;
}

interface Running {
  readonly process: Process;
  readonly messageIds: readonly string[];
  /** SB1: stands for its state. */
  history: string;
}

interface AdriftState extends Adrift<Request> {
  readonly text: string;
}

/** Time of an invocation, ms. */
const TIMEOUT_MS = 10_000;
/** Semel's own margin: from here on it answers, whatever is under way. */
const DUE_MS = TIMEOUT_MS - 500;
const START_MS = 1_767_600_000_000;
/** After this every invocation of before is over, and so are leases that end with it. */
const EPOCH_MS = 10 * TIMEOUT_MS;
const DRAINS_MAX = 3;
const DRAIN_MOVES_MAX = 1_000;

export function createHandlerWorld<Body>(options: HandlerWorldOptions<Body>): Explorable<HandlerTape> {
  const { explored, bounds, teller, rehearsal = false } = options;
  const engine = createHandlerEngine({
    tables: explored.tables,
    recordTable: explored.recordTable,
    tape: options.tape,
  });
  const queue = explored.events.map((event): MessageState<Body> => ({ ...event, deleted: false, receives: 0 }));
  const running = new Map<number, Running>();
  const complaints: string[] = [];
  let adrift: AdriftState[] = [];
  let [faults, deliveries, epoch, ended] = [0, 0, 0, false];
  let stopped: SemelError | undefined;
  let judged: { readonly judgement: Judged; readonly of: string } | undefined;

  function optionsNow(): Event[] {
    if (ended) return [];
    const found = [...running.values()];
    const delivered = deliverable();
    const free = [
      ...found.flatMap(({ process }) => freeMoves(process.sandbox, isDue(process))),
      ...delivered,
      ...landings(),
    ];
    if (running.size === 0 && delivered.length === 0) free.push({ kind: "end" });
    if (faults >= bounds.faults) return free;
    return [...free, ...found.flatMap(({ process }) => faultyMoves(process.sandbox, isDue(process))).filter(isAllowed)];
  }

  function isAllowed(event: Event): boolean {
    const kind = event.kind === "answer" ? event.fault : event.kind;
    return kind === undefined || bounds.faultKinds === undefined || bounds.faultKinds.has(kind);
  }

  /** All that wait in one batch; and deleted ones with them, since a queue delivers at least once. */
  function deliverable(): Event[] {
    if (deliveries >= bounds.deliveries || running.size >= bounds.sandboxes) return [];
    const waiting = queue.filter(({ deleted }) => !deleted);
    const batches = [waiting, ...(waiting.length < queue.length ? [queue] : [])].filter(({ length }) => length > 0);
    return batches.flatMap((messages): Event[] => {
      const messageIds = messages.map(({ messageId }) => messageId);
      const soon: Event = { kind: "deliver", messageIds };
      return deliveries > 0 && running.size === 0 ? [soon, { ...soon, how: "late" }] : [soon]; // HW1
    });
  }

  function landings(): Event[] {
    return adrift
      .filter(({ request }) => engine.changes(request))
      .map(({ sandbox, call }): Event => ({ kind: "lands", sandbox, call }));
  }

  async function perform(event: Event): Promise<void> {
    teller?.before(formatEvent(event));
    await act(event);
    if (stopped) throw stopped;
    teller?.after(judgement().counts);
  }

  async function act(event: Event): Promise<void> {
    switch (event.kind) {
      case "deliver":
        if (event.how === "late") epoch++;
        return deliver(event.messageIds);
      case "answer":
        return answer(runningIn(event.sandbox), event.call, event.fault);
      case "lands":
        return land(event.sandbox, event.call);
      case "wakes":
        return move(runningIn(event.sandbox), "wakes", "short");
      case "slow": {
        const own = runningIn(event.sandbox);
        if (own.process.sandbox.calls.size > 0 && !isDue(own.process)) faults++;
        return move(own, "slow", "long");
      }
      case "dies":
        faults++;
        teller?.say(`the process of sandbox ${event.sandbox} dies`);
        return end(runningIn(event.sandbox));
      case "redrive":
        throw new Error(`Cannot go on: the dead letter of ${event.messageId} is not redriven in an explored handler`);
      case "end":
        ended = true;
        return drain();
    }
  }

  async function deliver(messageIds: readonly string[]): Promise<void> {
    const messages = messageIds.map((id) => {
      const found = queue.find(({ messageId }) => messageId === id);
      if (!found) throw new Error(`Cannot go on: message ${id} is not in the queue`);
      return { ...found, receiveCount: ++found.receives };
    });
    const number = ++deliveries;
    const startMs = START_MS + epoch * EPOCH_MS;
    const sandbox = createSandbox<Request>({
      number,
      startMs,
      endMs: startMs + TIMEOUT_MS,
      natural: false,
      atOnce: answeredAtOnce,
      onSend({ operation }) {
        // What semel promises of its own commits; other handlers may do as they like.
        const commits = explored.recordTable !== undefined && operation === "TransactWriteItems";
        if (commits && !running.has(number)) complaints.push(`L1: sandbox ${number} sent a commit after its response`);
      },
      onAdrift: (one) => drift([one]),
    });
    const stop = (error: SemelError): void => {
      stopped ??= error;
    };
    const process: Process = { sandbox, endMs: startMs + TIMEOUT_MS, rehearsal, loud: teller?.loud ?? false, stop };
    const counts = messages.map(({ messageId, receiveCount }) => `${messageId}#${receiveCount}`).join("+");
    teller?.delivered(messages, { sandbox: number, others: [...running.keys()], epoch });
    const own: Running = { process, messageIds, history: `${epoch}:${counts}` };
    running.set(number, own);
    const handler = current.run(process, explored.load);
    // In a tick of its own: the stack of what it does is not that of whoever explores, at which FI2 of guard.ts would look.
    const invoked = Promise.resolve().then(() => current.run(process, () => invokeHandler(process, handler, messages)));
    void invoked.then((failed) => {
      if (!running.delete(number)) return;
      for (const one of queue) if (messageIds.includes(one.messageId) && !failed.has(one.messageId)) one.deleted = true;
      teller?.answered(number, messageIds, failed);
    });
    await settle(own);
  }

  async function settle({ process: { sandbox }, process }: Running): Promise<void> {
    await current.run(process, () => sandbox.settle());
    const waits = (): boolean => running.has(sandbox.number) && sandbox.calls.size === 0 && stopped === undefined;
    const patienceMs = !isAsleep(sandbox) ? PATIENCE_MS : rehearsal ? REHEARSAL_MS : 0;
    // Nothing moves it by the schedule: it loads a module, say, or has bytes compressed.
    for (const untilMs = realNowMs() + patienceMs; waits() && realNowMs() < untilMs; ) {
      await pause();
      await current.run(process, () => sandbox.settle());
    }
    if (waits() && !isAsleep(sandbox)) throw waitsForever(sandbox.number);
    if (!running.has(sandbox.number)) drift(sandbox.end());
  }

  async function answer(own: Running, call: number, fault: CallFault | undefined): Promise<void> {
    const { sandbox } = own.process;
    const { request, resolve, reject } = sandbox.take(call);
    if (request === "handler") throw new Error(`Cannot go on: call ${call} is no request`);
    if (fault !== undefined) faults++;
    const result = outcomeOf(() => {
      if (fault === undefined) return engine.apply(request, sandbox.number);
      if (fault === "open") drift([{ sandbox: sandbox.number, call, request }]);
      throw requestError(fault, request);
    });
    if ("error" in result && result.error instanceof SemelError) throw result.error;
    teller?.say(`${nameOf(sandbox.number, call)}: ${describe(request)} ${toldOf(fault, result, request)}`);
    own.history += ` ${call}${resultText(result)}`;
    current.run(own.process, () => ("error" in result ? reject(result.error as Error) : resolve(result.answer)));
    await settle(own);
  }

  async function land(sandbox: number, call: number): Promise<void> {
    const found = adrift.find((one) => one.sandbox === sandbox && one.call === call);
    if (!found) throw new Error(`Cannot go on: call ${call} of sandbox ${sandbox} is not on its way`);
    adrift = adrift.filter((one) => one !== found);
    const result = outcomeOf(() => engine.apply(found.request, sandbox));
    if ("error" in result && result.error instanceof SemelError) throw result.error;
    teller?.say(`${nameOf(sandbox, call)}: ${describe(found.request)} arrives now, and nobody hears of it`);
  }

  async function move(own: Running, what: string, timer: "short" | "long"): Promise<void> {
    const { sandbox } = own.process;
    own.history += ` ${what}`;
    if (!sandbox.has(timer) && sandbox.has("never")) {
      teller?.say(`sandbox ${sandbox.number} reaches the timeout of its function, and is ended`);
      return end(own); // HW1
    }
    const told = timer === "short" ? "a pause between two tries is over" : "time passes until its next timer";
    teller?.say(`sandbox ${sandbox.number}: ${told}`);
    current.run(own.process, () => sandbox.fireNext(timer));
    await settle(own);
  }

  function end({ process: { sandbox } }: Running): void {
    running.delete(sandbox.number);
    drift(sandbox.end());
  }

  function drift(some: readonly Adrift<Request>[]): void {
    for (const one of some) if (!isRead(one.request)) adrift.push({ ...one, text: requestText(one.request) });
  }

  function runningIn(number: number): Running {
    const found = running.get(number);
    if (!found) throw new Error(`Cannot go on: sandbox ${number} is not at work`);
    return found;
  }

  /** J3. What is on its way to the end lands after it. */
  async function drain(): Promise<void> {
    for (let drains = 0; drains < DRAINS_MAX && queue.some(({ deleted }) => !deleted); drains++) {
      epoch++;
      teller?.say("from here on nothing goes wrong");
      await deliver(queue.filter(({ deleted }) => !deleted).map(({ messageId }) => messageId));
      for (let moves = 0; running.size > 0; moves++) {
        const [next] = [...running.values()].flatMap(({ process }) => freeMoves(process.sandbox, false));
        if (!next || moves > DRAIN_MOVES_MAX || stopped) break;
        await act(next);
      }
      for (const own of running.values()) end(own);
    }
    while (adrift[0]) await land(adrift[0].sandbox, adrift[0].call);
  }

  function judgement(): Judged {
    const of = `${engine.version()} ${ended} ${queue.map(({ deleted }) => deleted).join()}`;
    if (judged?.of !== of) judged = { of, judgement: judge(engine, { queue, effects: explored.effects, ended }) };
    return judged.judgement;
  }

  return {
    options: optionsNow,
    perform,
    complaints: () => [...judgement().complaints, ...engine.complaints, ...complaints],
    tape: engine.tape,
    resultText: () =>
      [
        ...queue.map((one) => `${one.messageId} ${one.deleted ? "deleted" : "waiting"}`),
        ...judgement().counts.values(),
      ].join(", "),
    stateText() {
      const mayStillSend = new Set([...running.keys(), ...adrift.map(({ sandbox }) => sandbox)]);
      return canonical([
        `${faults} ${deliveries} ${epoch}`,
        ...queue.map(({ receives, deleted }) => `${receives} ${deleted}`),
        engine.text(mayStillSend),
        ...[...running.values()].map(({ process, history }) => `${mark(process.sandbox.number)} ${history}`),
        ...adrift.map(({ sandbox, call, text }) => `${mark(sandbox)} ${call} ${text}`),
      ]);
    },
  };
}

function isDue({ sandbox, endMs }: Process): boolean {
  return sandbox.host.nowMs() >= endMs - TIMEOUT_MS + DUE_MS;
}

/** Time will move it. */
function isAsleep(sandbox: Sandbox<Request>): boolean {
  return sandbox.has("short") || sandbox.has("long") || sandbox.has("never");
}

/** Of real time: until time is believed to be all that it waits for, and until nothing is. */
const REHEARSAL_MS = 200;
const PATIENCE_MS = 3_000;
const realNowMs = performance.now.bind(performance);
const realSetTimeout = globalThis.setTimeout;

function pause(): Promise<void> {
  return current.exit(() => new Promise((resolve) => void realSetTimeout(resolve, 1)));
}

function waitsForever(number: number): SemelError {
  return new SemelError(
    `Cannot explore: sandbox ${number} has not answered, and waits for nothing that a schedule could bring: no request, no ` +
      "stub, no timer. Await only these in the handler",
    { code: "SEMEL_FOREIGN_IO", retryable: false },
  );
}

function nameOf(sandbox: number, call: number): string {
  return `sandbox ${sandbox}, request ${call}`;
}

function toldOf(fault: CallFault | undefined, result: Outcome, request: Request): string {
  if (fault === "open") return "gets no answer: it may arrive later, or never";
  if (fault !== undefined) return `is not applied (${fault})`;
  if ("error" in result) return `is refused: ${(result.error as Error).name}`;
  return isRead(request) ? "is answered" : "is applied and answered";
}

/** Of an error, what the handler can see of it. */
function resultText(result: Outcome): string {
  if ("answer" in result) return `=${JSON.stringify(result.answer)}`;
  const { name, message, ...rest } = result.error as Error;
  return `!${JSON.stringify([name, message, rest])}`;
}
