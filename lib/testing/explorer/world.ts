// The explored world: the real runtime in sandboxes, over the memory store and a queue model. Nothing happens in it but what the
// controller performs.
//
//   WO1. What is possible next is a function of the state, and so is all that follows; `stateText` holds the whole state.
//   WO2. Left out is only what leads nowhere new; each reduction says why at its line.

import { createEngine, type Engine, type Outcome, outcomeOf, pkOf, type Tamper, type Tape } from "./engine.ts";
import { complaintsAbout } from "./invariants.ts";
import { GATE_MS, handlerError, invoke, TIMEOUT_MS } from "./invocation.ts";
import {
  answeredAtOnce,
  decisions,
  describeCall,
  faultyMoves,
  freeMoves,
  isDeciding,
  isHandling,
  isRead,
  requestError,
} from "./moves.ts";
import { type Adrift, type Call, createSandbox, type Sandbox } from "./sandbox.ts";
import type { Outside, Scenario } from "./scenario.ts";
import type { CallFault, Event } from "./schedule.ts";
import type { Explorable } from "./search.ts";
import { canonical, mark } from "./state.ts";

export interface Bounds {
  readonly faults: number;
  readonly deliveries: number;
  /** Sandboxes at work at a time. */
  readonly sandboxes: number;
}

export interface World extends Explorable<Tape> {
  /** What every sandbox at work waits for, for people. */
  waits(): string[];
}

export interface WorldOptions {
  readonly scenario: Scenario;
  readonly bounds: Bounds;
  readonly tamper?: Tamper | undefined;
  /** Of a schedule that is to be run again. */
  readonly tape?: Tape | undefined;
  /** Nothing is left out: far more schedules, and no other ends. @default false */
  readonly natural?: boolean | undefined;
}

interface QueuedState {
  readonly messageId: string;
  readonly key: string;
  received: boolean;
  deleted: boolean;
}

interface Running {
  readonly sandbox: Sandbox;
  readonly messageIds: readonly string[];
  readonly startMs: number;
  /** SB1: stands for its state. */
  history: string;
  /** How handlers of its batch go on, who wait for the others. */
  readonly held: (() => void)[];
  /** Has it got an answer yet? */
  heard: boolean;
}

interface AdriftState extends Adrift {
  readonly text: string;
}

const START_MS = 1_767_600_000_000;
/** After this every lease and every invocation of before is over. */
const EPOCH_MS = 10 * TIMEOUT_MS;

export function createWorld({ scenario, bounds, natural = false, ...under }: WorldOptions): World {
  const engine = createEngine(under);
  const queue = scenario.messages.map((message): QueuedState => ({ ...message, received: false, deleted: false }));
  const running = new Map<number, Running>();
  const charges = new Map<string, string>();
  const complaints: string[] = [];
  let adrift: AdriftState[] = [];
  let [faults, deliveries, epoch, ended] = [0, 0, 0, false];

  const outsideOf = (number: number): Outside => ({
    charge(key, idempotencyKey) {
      if (engine.keeps(pkOf(key), "charge", number)) complaints.push(`ST1: the step of ${key} is kept, and runs again`);
      if ((charges.get(key) ?? idempotencyKey) !== idempotencyKey)
        complaints.push(`ST3: the step of ${key} has two keys`);
      charges.set(key, idempotencyKey);
      return idempotencyKey;
    },
  });

  function options(): Event[] {
    if (ended) return [];
    const found = [...running.values()];
    if (natural) return movesOf(found, [...redeliverable(), ...landings()]);
    // A handler that goes on, alone in its sandbox, commutes with everything that others do: first it, then the others.
    const deciding = found.find(({ sandbox }) => isDeciding(sandbox));
    if (deciding) return decisions(deciding.sandbox, faults < bounds.faults);
    // So does the start of an invocation, up to its first answer, since messages are delivered before and after they are
    // deleted: it is put off until just before that answer.
    const begun = found.find(({ heard }) => !heard);
    return begun ? movesOf([begun], []) : movesOf(found, [...deliverable(), ...landings()]);
  }

  function movesOf(some: readonly Running[], others: readonly Event[]): Event[] {
    const free = [...some.flatMap((own) => freeMoves(own.sandbox, isClosed(own))), ...others];
    if (running.size === 0 && !others.some(({ kind }) => kind === "deliver")) free.push({ kind: "end" });
    return faults < bounds.faults ? [...free, ...some.flatMap((own) => faultyMoves(own.sandbox, isClosed(own)))] : free;
  }

  function deliverable(): Event[] {
    if (deliveries >= bounds.deliveries || running.size >= bounds.sandboxes) return [];
    // At work, or deleted: it is delivered at least once.
    const waiting = queue.filter(({ deleted }) => !deleted);
    const batches = batchesOf(queue);
    if (scenario.together && waiting.length > 0 && waiting.length < queue.length) batches.push(...batchesOf(waiting));
    // Messages differ in their names only, so whichever is first may be called the first.
    const offered = deliveries === 0 ? batches.slice(0, 1) : batches;
    return offered.flatMap((messageIds): Event[] => {
      const now: Event = { kind: "deliver", messageIds };
      // Only acquisitions look at the clock of another sandbox, and only at a lease in force.
      if (scenario.options.strategy === "claim") return isLeased() ? [now, { ...now, how: "late" }] : [now];
      // Its start is put off, so the first receipt may come after the second. No other strategy asks how often it was received.
      const again: Event = { ...now, how: "again" };
      return queue.some(({ messageId, received }) => received && messageIds.includes(messageId))
        ? [again]
        : [now, again];
    });
  }

  /** As a queue would have it, where nothing is put off. */
  function redeliverable(): Event[] {
    if (deliveries >= bounds.deliveries || running.size >= bounds.sandboxes) return [];
    return batchesOf(queue.filter(({ deleted }) => !deleted)).flatMap((messageIds): Event[] => {
      const now: Event = { kind: "deliver", messageIds };
      if (scenario.options.strategy === "claim") return isLeased() ? [now, { ...now, how: "late" }] : [now];
      const known = queue.some(({ messageId, received }) => received && messageIds.includes(messageId));
      return known ? [{ ...now, how: "again" }] : [now];
    });
  }

  function batchesOf(messages: readonly QueuedState[]): string[][] {
    const ids = messages.map(({ messageId }) => messageId);
    if (!scenario.together) return ids.map((messageId) => [messageId]);
    return ids.length > 0 ? [ids] : [];
  }

  function isLeased(): boolean {
    const nowMs = START_MS + epoch * EPOCH_MS;
    return [...engine.records().values()].some(
      ({ status, leaseUntil }) => status?.S === "IN_PROGRESS" && Number(leaseUntil?.N) > nowMs,
    );
  }

  /** One that changes nothing now leads nowhere that it does not lead when it lands later, or never. */
  function landings(): Event[] {
    return adrift
      .filter(({ request }) => engine.changes(request))
      .map(({ sandbox, call }): Event => ({ kind: "lands", sandbox, call }));
  }

  async function perform(event: Event): Promise<void> {
    switch (event.kind) {
      case "deliver":
        if (event.how === "late") epoch++;
        return deliver(event);
      case "answer":
        return answer(event.sandbox, event.call, event.fault);
      case "lands":
        return land(event);
      case "wakes":
        return move(event, (sandbox) => sandbox.fireNext("short"));
      case "slow":
        if (!isClosed(runningIn(event.sandbox))) faults++;
        return move(event, (sandbox) => sandbox.fireNext("long"));
      case "dies":
        faults++;
        return stop(runningIn(event.sandbox));
      case "end":
        ended = true;
        return drain();
    }
  }

  async function deliver({ messageIds, how }: Extract<Event, { kind: "deliver" }>): Promise<void> {
    const messages = messageIds.map((id) => {
      const found = queue.find(({ messageId }) => messageId === id);
      if (!found) throw new Error(`Cannot go on: message ${id} is not in the queue`);
      found.received ||= how !== "again";
      return { ...found, receiveCount: how === undefined ? 1 : 2 };
    });
    const number = ++deliveries;
    const startMs = START_MS + epoch * EPOCH_MS;
    const sandbox = createSandbox({
      number,
      startMs,
      natural,
      atOnce: answeredAtOnce,
      onSend(request) {
        const late = !running.has(number) && request.operation === "TransactWriteItems";
        if (late) complaints.push(`L1: sandbox ${number} sent a commit after its response`);
      },
      onAdrift: (one) => drift([one]),
    });
    const history = `${epoch}:${how}:${messageIds.join("+")}`;
    const own: Running = { sandbox, messageIds, startMs, history, held: [], heard: false };
    running.set(number, own);
    invoke(sandbox, messages, { scenario, outside: outsideOf(number) }).then(
      ({ batchItemFailures }) => {
        running.delete(number);
        const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
        for (const one of queue) {
          if (messageIds.includes(one.messageId) && !failed.has(one.messageId)) one.deleted = true;
        }
      },
      (error: unknown) => complaints.push(`B2: the invocation in sandbox ${number} was rejected: ${String(error)}`),
    );
    await settle(sandbox);
  }

  async function settle(sandbox: Sandbox): Promise<void> {
    await sandbox.settle();
    if (!running.has(sandbox.number)) drift(sandbox.end());
  }

  async function answer(number: number, call: number, fault: CallFault | undefined): Promise<void> {
    const own = runningIn(number);
    const { request, resolve, reject } = own.sandbox.take(call);
    if (fault !== undefined) faults++;
    own.heard ||= request !== "handler";
    const result = outcomeOf(() => outcome(own.sandbox, { request, call, fault }));
    own.history += ` ${call}${resultText(result)}`;
    const give = (): void => ("error" in result ? reject(result.error as Error) : resolve(result.answer));
    if (request === "handler" && scenario.together) {
      // Messages of a batch are ready in the same tick: else none would ever share a transaction.
      own.held.push(give);
      if (isHandling(own.sandbox)) return;
      for (const release of own.held.splice(0)) release();
    } else {
      give();
    }
    await settle(own.sandbox);
  }

  function outcome(
    { number }: Sandbox,
    { request, call, fault }: { request: Call["request"]; call: number; fault: CallFault | undefined },
  ): unknown {
    if (request === "handler") {
      if (fault !== undefined) throw handlerError(fault);
      return undefined;
    }
    if (fault === undefined) return engine.apply(request, number);
    if (fault === "open") drift([{ sandbox: number, call, request }]);
    throw requestError(fault, request);
  }

  async function land({ sandbox, call }: { readonly sandbox: number; readonly call: number }): Promise<void> {
    const found = adrift.find((one) => one.sandbox === sandbox && one.call === call);
    if (!found) throw new Error(`Cannot go on: call ${call} of sandbox ${sandbox} is not on its way`);
    adrift = adrift.filter((one) => one !== found);
    try {
      engine.apply(found.request, sandbox);
    } catch {} // nobody hears of it
  }

  async function move(event: Event & { readonly sandbox: number }, act: (sandbox: Sandbox) => void): Promise<void> {
    const own = runningIn(event.sandbox);
    own.history += ` ${event.kind}`;
    act(own.sandbox);
    await settle(own.sandbox);
  }

  function stop({ sandbox }: Running): void {
    running.delete(sandbox.number);
    drift(sandbox.end());
  }

  function drift(some: readonly Adrift[]): void {
    for (const one of some) if (!isRead(one.request)) adrift.push({ ...one, text: JSON.stringify(one.request) });
  }

  function runningIn(number: number): Running {
    const found = running.get(number);
    if (!found) throw new Error(`Cannot go on: sandbox ${number} is not at work`);
    return found;
  }

  /** I11: with nothing that goes wrong any more, one delivery acknowledges each message. What lands after it changes nothing. */
  async function drain(): Promise<void> {
    epoch++;
    for (const messageIds of batchesOf(queue.filter(({ deleted }) => !deleted))) {
      await deliver({ kind: "deliver", messageIds, how: "again" });
      for (let moves = 0; running.size > 0; moves++) {
        const [next] = [...running.values()].flatMap(({ sandbox }) => freeMoves(sandbox, false));
        if (!next || moves > DRAIN_MOVES_MAX) break;
        await perform(next);
      }
    }
    const left = queue.filter(({ deleted }) => !deleted).map(({ messageId }) => messageId);
    if (left.length > 0)
      complaints.push(`I11: ${left.join(", ")} not acknowledged, though nothing went wrong any more`);
    while (adrift[0]) await land(adrift[0]);
  }

  return {
    options,
    perform,
    complaints() {
      const { deadLetters } = engine;
      const snapshot = { records: engine.records(), effects: engine.effects(), queue, deadLetters, pkOf };
      return [...complaints, ...engine.complaints, ...complaintsAbout(snapshot)];
    },
    tape: engine.tape,
    resultText() {
      const records = [...engine.records().values()].map(({ status, messageId, fencingToken, steps }) =>
        [status?.S, messageId?.S, fencingToken?.N, ...Object.keys(steps?.M ?? {})].join(" "),
      );
      const deleted = queue.map((one) => `${one.messageId} ${one.deleted ? "deleted" : "waiting"}`);
      const landing = landings().length;
      return [...records, ...deleted, ...[...engine.deadLetters].sort(), `${landing} on its way`].join(", ");
    },
    waits: () =>
      [...running.values()].flatMap(({ sandbox }) =>
        [...sandbox.calls].map(([call, { request }]) => `${sandbox.number}.${call} is ${describeCall(request)}`),
      ),
    stateText() {
      const mayStillSend = new Set([...running.keys(), ...adrift.map(({ sandbox }) => sandbox)]);
      return canonical([
        `${faults} ${deliveries} ${epoch}`,
        ...queue.map(({ received, deleted }) => `${received} ${deleted}`),
        engine.text(mayStillSend),
        ...[...running.values()].map(({ sandbox, history }) => `${mark(sandbox.number)} ${history}`),
        ...lasting(adrift, engine).map(({ sandbox, call, text }) => `${mark(sandbox)} ${call} ${text}`),
        ...charges.values(),
      ]);
    },
  };
}

/** Of an error, what the runtime can see of it. */
function resultText(result: Outcome): string {
  if ("answer" in result) return `=${JSON.stringify(result.answer)}`;
  const { name, message } = result.error as Error;
  const { CancellationReasons, Item } = result.error as { CancellationReasons?: unknown; Item?: unknown };
  return `!${JSON.stringify([name, message, CancellationReasons, Item])}`;
}

const DRAIN_MOVES_MAX = 100;

function isClosed({ sandbox, startMs }: Running): boolean {
  return sandbox.host.nowMs() >= startMs + GATE_MS;
}

/** Without those that will never change anything: where all is COMPLETED it stays (I5, checked at every write). */
function lasting(adrift: readonly AdriftState[], engine: Engine): readonly AdriftState[] {
  const records = [...engine.records().values()];
  if (records.some(({ status }) => status?.S !== "COMPLETED")) return adrift;
  return adrift.filter(({ request }) => engine.changes(request));
}
