// The explored world: the real runtime in sandboxes, over the memory store and a queue model. Nothing happens in it but what the
// controller performs.
//
//   WO1. What is possible next is a function of the state, and so is all that follows; `stateText` holds the whole state.
//   WO2. Left out is only what leads nowhere new; each reduction says why at its line.

import { AsyncLocalStorage } from "node:async_hooks";
import { createAdriftRequests } from "./adrift.ts";
import { type Budget, createBudget, explainsMore } from "./budget.ts";
import { createEngine, outcomeOf, outcomeText, pkOf, type Tamper, type Tape } from "./engine.ts";
import { committedDeadLetters, committerOf, isSettled } from "./invariants.ts";
import { type Consumer, createConsumer, GATE_MS, handlerError, invoke, TIMEOUT_MS } from "./invocation.ts";
import { createJudge } from "./judge.ts";
import {
  answeredAtOnce,
  decisions,
  describeCall,
  faultyMoves,
  freeMoves,
  isCommit,
  isDeciding,
  isHandling,
  partlyAnswered,
  requestError,
} from "./moves.ts";
import { createQueue, type Surroundings } from "./queue.ts";
import { type AwsRequest, type Call, createSandbox, type Sandbox } from "./sandbox.ts";
import { isPlaced, type Outside, type Scenario } from "./scenario.ts";
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

interface Running {
  readonly sandbox: Sandbox;
  readonly consumer: Consumer;
  readonly budget: Budget;
  readonly messageIds: readonly string[];
  readonly startMs: number;
  /** SB1: stands for its state. */
  history: string;
  /** How handlers of its batch go on, who wait for the others. */
  readonly held: (() => void)[];
  /** Has it got an answer yet? */
  heard: boolean;
}

/** Which invocation of a sandbox some code belongs to. */
const whose = new AsyncLocalStorage<Running>();

const START_MS = 1_767_600_000_000;
/** After this every lease and every invocation of before is over. */
const EPOCH_MS = 10 * TIMEOUT_MS;

export function createWorld({ scenario, bounds, natural = false, ...under }: WorldOptions): World {
  const isInsert = scenario.options.strategy === "insert";
  const byPlace = isPlaced(scenario);
  const idOf = (key: string): string => scenario.messages.find((one) => one.key === key)?.messageId ?? key;
  const engine = createEngine({ ...under, inserts: isInsert, idOf: byPlace ? idOf : undefined });
  const queue = createQueue(scenario);
  const judge = createJudge(scenario, engine, queue);
  const running = new Map<number, Running>();
  /** Whose invocation is over, and who may be used again. */
  const idle = new Map<number, Running>();
  const charges = new Map<string, string>();
  /** What callers got, by key. */
  const results = new Map<string, string>();
  const complaints: string[] = [];
  const adrift = createAdriftRequests(engine);
  let [faults, deliveries, epoch, ended] = [0, 0, 0, false];

  const outsideOf = (number: number): Outside => ({
    look(id) {
      const n = engine.look(() => Number(engine.effects().get(id)?.["n"]?.N ?? 0));
      const own = running.get(number);
      if (own) own.history += ` ${id}=${n}`;
      return n;
    },
    charge(key, idempotencyKey) {
      if (engine.keeps(pkOf(key), "charge", number)) complaints.push(`ST1: the step of ${key} is kept, and runs again`);
      if ((charges.get(key) ?? idempotencyKey) !== idempotencyKey)
        complaints.push(`ST3: the step of ${key} has two keys`);
      charges.set(key, idempotencyKey);
      return idempotencyKey;
    },
    started(key) {
      const place = queue.messages.findIndex((one) => one.key === key);
      const before = queue.messages[place - 1];
      if (!before || engine.isAhead() || isSettled(before, judge.snapshot())) return;
      complaints.push(`I10: the handler of ${key} starts before ${before.messageId} is settled`);
    },
  });

  function options(): Event[] {
    const possible = possibilities();
    if (!scenario.steady) return possible;
    return possible.filter((one) => one.kind !== "answer" || one.fault !== "rejects");
  }

  function possibilities(): Event[] {
    if (ended) return [];
    const found = [...running.values()];
    if (natural) return movesOf(found, [...deliverable(), ...redrives(), ...adrift.landings()]);
    // A handler that goes on, alone in its sandbox, commutes with everything that others do: first it, then the others.
    const deciding = found.find(({ sandbox }) => isDeciding(sandbox));
    if (deciding) {
      const how = { any: scenario.warm === true, closed: isClosed(deciding), gathers: byPlace };
      return decisions(deciding.sandbox, faults < bounds.faults, how);
    }
    // So does the start of an invocation, up to its first answer, since messages are delivered before and after they are
    // deleted: it is put off until just before that answer.
    const begun = found.find(({ heard }) => !heard);
    return begun ? movesOf([begun], []) : movesOf(found, [...deliverable(), ...redrives(), ...adrift.landings()]);
  }

  function movesOf(some: readonly Running[], others: readonly Event[]): Event[] {
    const free = [...some.flatMap((own) => freeMoves(own.sandbox, isClosed(own))), ...others];
    if (running.size === 0 && !others.some(({ kind }) => kind === "deliver")) free.push({ kind: "end" });
    return faults < bounds.faults ? [...free, ...some.flatMap((own) => faultyMoves(own.sandbox, isClosed(own)))] : free;
  }

  function deliverable(): Event[] {
    if (deliveries >= bounds.deliveries || running.size >= bounds.sandboxes) return [];
    const surroundings: Surroundings = { first: deliveries === 0, isLeased, idle: [...idle.keys()] };
    return natural ? queue.redeliverable(surroundings) : queue.deliverable(surroundings);
  }

  function redrives(): Event[] {
    return queue.redrives(engine.deadLetters);
  }

  function isLeased(): boolean {
    const nowMs = START_MS + epoch * EPOCH_MS;
    return [...engine.records().values()].some(
      ({ status, leaseUntil }) => status?.S === "IN_PROGRESS" && Number(leaseUntil?.N) > nowMs,
    );
  }

  async function perform(event: Event): Promise<void> {
    switch (event.kind) {
      case "deliver":
        if (event.how === "late") epoch++;
        return deliver(event);
      case "redrive":
        return queue.redrive(event.messageId, ({ key, payload }) =>
          engine.look(() => committerOf(key, judge.snapshot(), payload) !== undefined),
        );
      case "answer":
        return answer(event.sandbox, event.call, event.fault);
      case "lands":
        return adrift.land(event);
      case "wakes":
        // A run does not wait for a slow handler: what follows is another one.
        if (isHandling(runningIn(event.sandbox).sandbox)) runningIn(event.sandbox).budget.explained();
        return move(event, (sandbox) => sandbox.fireNext("short"));
      case "slow":
        if (!isClosed(runningIn(event.sandbox))) faults++;
        runningIn(event.sandbox).budget.explained();
        return move(event, (sandbox) => sandbox.fireNext("long"));
      case "dies":
        faults++;
        return stop(runningIn(event.sandbox));
      case "end":
        ended = true;
        return drain();
    }
  }

  async function deliver({ messageIds, how, sandbox: used }: Extract<Event, { kind: "deliver" }>): Promise<void> {
    const messages = messageIds.map((id) => {
      const found = queue.messages.find(({ messageId }) => messageId === id);
      if (!found) throw new Error(`Cannot go on: message ${id} is not in the queue`);
      found.received ||= how !== "again";
      return { ...found, receiveCount: how === undefined ? 1 : 2 };
    });
    deliveries++;
    const own = used === undefined ? opened(messageIds) : usedAgain(used, messageIds);
    const { sandbox, consumer } = own;
    const { number } = sandbox;
    own.history += `${epoch}:${how}:${messageIds.join("+")}`;
    running.set(number, own);
    const ended = whose.run(own, () => invoke(sandbox, messages, { scenario, consumer, outside: outsideOf(number) }));
    ended.then(
      ({ failed, result }) => {
        running.delete(number);
        for (const one of queue.messages) {
          if (!messageIds.includes(one.messageId) || failed.has(one.messageId)) continue;
          one.deleted = true;
          if (result !== undefined) hear(one.key, result);
        }
      },
      (error: unknown) => complaints.push(`B2: the invocation in sandbox ${number} was rejected: ${String(error)}`),
    );
    await settle(own);
  }

  function opened(messageIds: readonly string[]): Running {
    const number = deliveries;
    const startMs = START_MS + epoch * EPOCH_MS;
    const sandbox = createSandbox({
      number,
      startMs,
      natural,
      atOnce: answeredAtOnce,
      onSend: (request) => watch(number, request),
      onAdrift: (one) => adrift.add([one]),
    });
    const budget = createBudget(number, messageIds.length, scenario);
    const consumer = createConsumer(sandbox, scenario);
    return { sandbox, consumer, budget, messageIds, startMs, history: "", held: [], heard: false };
  }

  /** With its memory, and with the handlers that go on. */
  function usedAgain(number: number, messageIds: readonly string[]): Running {
    const found = idle.get(number);
    if (!found) throw new Error(`Cannot go on: sandbox ${number} is not idle`);
    idle.delete(number);
    const { sandbox, consumer, history, held } = found;
    sandbox.thaw(START_MS + epoch * EPOCH_MS);
    for (const release of held) release();
    const budget = found.budget.ofNext(messageIds.length);
    const startMs = sandbox.host.nowMs();
    return { sandbox, consumer, budget, messageIds, startMs, history: `${history} then `, held: [], heard: false };
  }

  function watch(number: number, request: AwsRequest): void {
    if (!isCommit(request)) return;
    const own = running.get(number);
    if (!own || (scenario.warm && whose.getStore() !== own))
      complaints.push(`L1: sandbox ${number} sent a commit after its response`);
    const tooMany = own?.budget.sent(request); // I12
    if (tooMany !== undefined) complaints.push(tooMany);
  }

  /** I6: every answer for a key is the same result. */
  function hear(key: string, result: string): void {
    const known = results.get(key) ?? result;
    if (known !== result) complaints.push(`I6: a caller got ${known} for key ${key}, and then ${result}`);
    results.set(key, known);
  }

  async function settle(own: Running): Promise<void> {
    const { sandbox } = own;
    await sandbox.settle();
    if (running.has(sandbox.number)) return;
    if (scenario.warm && deliveries < bounds.deliveries) idle.set(sandbox.number, own);
    else adrift.add(sandbox.end());
  }

  async function answer(number: number, call: number, fault: CallFault | undefined): Promise<void> {
    const own = runningIn(number);
    const { request, resolve, reject } = own.sandbox.take(call);
    if (fault !== undefined) faults++;
    own.heard ||= request !== "handler";
    const result = outcomeOf(() => outcome(own.sandbox, { request, call, fault }));
    if (fault !== undefined || explainsMore(result)) own.budget.explained();
    own.history += ` ${call}${outcomeText(result)}`;
    const give = (): void => ("error" in result ? reject(result.error as Error) : resolve(result.answer));
    if (request === "handler" && scenario.together) {
      // Messages of a batch are ready in the same tick: else none would ever share a transaction.
      own.held.push(give);
      if (isHandling(own.sandbox)) return;
      for (const release of own.held.splice(0)) release();
    } else {
      give();
    }
    await settle(own);
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
    if (fault === "open") adrift.add([{ sandbox: number, call, request }]);
    if (fault === "partly") return partlyAnswered(request, (rest) => engine.apply(rest, number));
    throw requestError(fault, request);
  }

  async function move(event: Event & { readonly sandbox: number }, act: (sandbox: Sandbox) => void): Promise<void> {
    const own = runningIn(event.sandbox);
    own.history += ` ${event.kind}`;
    act(own.sandbox);
    await settle(own);
  }

  function stop({ sandbox }: Running): void {
    running.delete(sandbox.number);
    adrift.add(sandbox.end());
  }

  function runningIn(number: number): Running {
    const found = running.get(number);
    if (!found) throw new Error(`Cannot go on: sandbox ${number} is not at work`);
    return found;
  }

  /** I11: with nothing that goes wrong any more, one delivery acknowledges each message. What lands after it changes nothing. */
  async function drain(): Promise<void> {
    epoch++;
    for (const messageIds of queue.left()) {
      await deliver({ kind: "deliver", messageIds, how: "again" });
      for (let moves = 0; running.size > 0; moves++) {
        const [next] = [...running.values()].flatMap(({ sandbox }) => freeMoves(sandbox, false));
        if (!next || moves > DRAIN_MOVES_MAX) break;
        await perform(next);
      }
    }
    const left = queue.left().flat();
    if (left.length > 0)
      complaints.push(`I11: ${left.join(", ")} not acknowledged, though nothing went wrong any more`);
    while (adrift.landNext());
  }

  return {
    options,
    perform,
    complaints() {
      return [...complaints, ...engine.complaints, ...judge.complaints()];
    },
    tape: engine.tape,
    resultText() {
      const records = [...engine.records().values()].map(({ status, messageId, fencingToken, steps, position }) =>
        [status?.S, messageId?.S, fencingToken?.N, ...Object.keys(steps?.M ?? {}), position?.S].join(" "),
      );
      const states = [...engine.states().values()].map(({ state }) => JSON.stringify(state));
      const deleted = queue.messages.map((one) => `${one.messageId} ${one.deleted ? "deleted" : "waiting"}`);
      const landing = adrift.landings().length;
      const dead = [...engine.deadLetters.keys()].sort();
      const flagged = committedDeadLetters(judge.snapshot()).map((id) => `dead letter ${id} is committed`); // I9
      return [...records, ...states, ...deleted, ...dead, ...flagged, `${landing} on its way`].join(", ");
    },
    waits: () =>
      [...running.values()].flatMap(({ sandbox }) =>
        [...sandbox.calls].map(([call, { request }]) => `${sandbox.number}.${call} is ${describeCall(request)}`),
      ),
    stateText() {
      const mayBeUsed = deliveries < bounds.deliveries ? [...idle.values()] : [];
      const idling = mayBeUsed.map(({ sandbox, history }) => `idle ${mark(sandbox.number)} ${history}`);
      const mayStillSend = new Set([...running.keys(), ...idle.keys(), ...adrift.sandboxes()]);
      return canonical([
        `${faults} ${deliveries} ${epoch}`,
        ...queue.messages.map(({ messageId, received, deleted, redundant }) =>
          [messageId, received, deleted, redundant].join(" "),
        ),
        engine.text(mayStillSend),
        ...[...running.values()].map(({ sandbox, history }) => `${mark(sandbox.number)} ${history}`),
        ...idling,
        ...adrift.texts(),
        ...charges.values(),
        ...results.values(),
      ]);
    },
  };
}

const DRAIN_MOVES_MAX = 100;

function isClosed({ sandbox, startMs }: Running): boolean {
  return sandbox.host.nowMs() >= startMs + GATE_MS;
}
