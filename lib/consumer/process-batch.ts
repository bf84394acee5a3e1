// Runs the messages of one invocation side by side, those of an ordering key one after the other (order.ts), and gathers what
// became of each.
//
//   B1. Messages of one key in one batch: one runs, the others get its outcome, fingerprints compared.
//   B2. A message's failure, whatever it is, is that message's alone.
//   B3. After the end of the invocation nothing is added to the outcomes: the response has told what it knew.

import type { BatchResponse } from "../aws/lambda.ts";
import { endOfTick } from "../host.ts";
import type { Delivery, DeliveryOutcome } from "../sources/source.ts";
import { groupCommitter } from "../store/group-committer.ts";
import { insertCommitter } from "../store/insert-committer.ts";
import { recordReader } from "../store/record-reader.ts";
import type { RecordStore } from "../store/record-store.ts";
import { createSlots, createWait } from "./concurrency.ts";
import { aborted, controlOf, type Deadline } from "./deadline.ts";
import { commitFailure, handlerFailure, leftOpen } from "./failures.ts";
import { type Failure, messagesToHide } from "./hiding.ts";
import type { Intake } from "./intake.ts";
import { type Prepared, prepare } from "./message.ts";
import { createObserver } from "./observe.ts";
import { bodiesOf } from "./open-body.ts";
import { countFirsts, createTurns, laneOf, type Turn } from "./order.ts";
import { createGroupTurns } from "./outbox-turns.ts";
import { inLanes, type LanesContext, processLanes } from "./process-lanes.ts";
import { type BatchShell, type MessageContext, processMessage, type Shell } from "./process-message.ts";
import { failOrReject } from "./rejection.ts";
import { type Handler, type MessageOutcome, tooLate } from "./run.ts";

/** One invocation. */
export interface Batch extends Intake {
  readonly deadline: Deadline;
  readonly outcomes: DeliveryOutcome[];
}

/** Of its message no more than is compared: the body is let go at its end. */
interface Leader {
  readonly messageId: string;
  readonly fingerprint: string;
  readonly outcome: Promise<MessageOutcome>;
}

/** One for all messages. */
interface BatchContext extends MessageContext, Pick<BatchShell, "reduction"> {
  readonly batch: Batch;
  readonly leaders: Map<string, Leader>;
  /** What is to come again. */
  readonly failures: Failure[];
  /** What has no outcome yet; held: it waits for its turn in its ordering key. */
  readonly underWay: Map<Delivery, "started" | "held">;
}

/** Resolves with the response, at the deadline at the latest. Never rejects. */
export async function processBatch(
  deliveries: readonly Delivery[],
  batch: Batch,
  handler: Handler<unknown>,
  shell: BatchShell,
): Promise<BatchResponse> {
  const lanes = shell.options.strategy === "watermark" ? inLanes(deliveries) : undefined;
  const waiting: Waiting = { messages: lanes?.length ?? countFirsts(deliveries) };
  const context = batchContext(waiting, { batch, handler, shell });
  const { observer, underWay } = context;
  for (const delivery of deliveries) underWay.set(delivery, lanes ? "held" : "started");
  const turnIn = createTurns();
  async function processAll(): Promise<void> {
    const all: Promise<void>[] = [];
    for (const delivery of deliveries) {
      if (all.length > 0 && all.length % STARTED_A_TICK === 0) await endOfTick(shell.host);
      if (batch.deadline.answer.aborted) return; // what started now would be told to nobody
      const lane = laneOf(delivery);
      const turn = lane === undefined ? undefined : turnIn(lane);
      if (turn?.isFirst !== false) waiting.messages--;
      const done = turn === undefined ? processDelivery(delivery, context) : processInTurn(delivery, turn, context);
      all.push(done.then(() => void underWay.delete(delivery)));
    }
    await Promise.all(all);
  }
  const processing = lanes ? processLanes(lanes, lanesContext(waiting, context)) : processAll();
  await Promise.race([processing, aborted(batch.deadline.answer)]);
  const someFailed = context.failures.length > 0 && !batch.deadline.answer.aborted;
  if (someFailed) await Promise.race([hideFailures(context), aborted(batch.deadline.answer)]);
  batch.deadline.end();
  for (const [delivery, stage] of underWay) {
    if (stage === "held") observer.held(delivery.messageId);
    else observer.message(delivery.messageId, undefined, { kind: "failed", error: leftOpen() });
  }
  observer.flush();
  return batchResponse(batch);
}

/**
 * Messages of a large batch that start in one tick, each tick: so the first commits are under way, and what they hold is free
 * again, while the last messages start.
 */
const STARTED_A_TICK = 100;

/** Messages that have not started, though nobody of their ordering key is before them. */
interface Waiting {
  messages: number;
}

function batchContext(waiting: Waiting, { batch, handler, shell }: BatchParts): BatchContext {
  const { host, options } = shell;
  const { deadline } = batch;
  const store = batchStore(waiting, deadline, shell);
  return {
    ...shell,
    store,
    batch,
    deadline,
    handler,
    bodies: bodiesOf({ ...shell, gate: deadline.gate }),
    observer: createObserver(options.consumer, options.logger, options.metrics),
    slots: createSlots(options.concurrency, deadline.gate),
    untilGate: createWait(deadline.gate, () => tooLate(deadline.gate)),
    groups: createGroupTurns(),
    records: recordReader({ store, host, control: controlOf(deadline) }),
    storeResult: options.storeResult ?? false,
    leaders: new Map(),
    failures: [],
    underWay: new Map(),
  };
}

interface BatchParts {
  readonly batch: Batch;
  readonly handler: Handler<unknown>;
  readonly shell: BatchShell;
}

/** Messages of one batch commit together; a message that is alone has nobody to wait for. */
function batchStore(waiting: Waiting, deadline: Deadline, shell: Shell): RecordStore {
  const { options, store, host, groupSize: size } = shell;
  const together = waiting.messages > 1 && options.groupCommit;
  const common = { store, host, lanes: options.lanes, size, control: controlOf(deadline) };
  if (options.insert) return { ...store, ...insertCommitter({ ...common, together, target: options.insert }) };
  return together ? { ...store, ...groupCommitter({ ...common, toCome: () => waiting.messages }) } : store;
}

/** What is known now; whatever has no outcome is failed. */
export function batchResponse({ source, places, outcomes }: Batch): BatchResponse {
  return source.response(places, outcomes);
}

/** OR1, OR2 of order.ts. */
async function processInTurn(delivery: Delivery, turn: Turn, context: BatchContext): Promise<void> {
  const { batch, failures, observer, underWay } = context;
  if (!turn.isFirst) underWay.set(delivery, "held");
  const mayStart = await turn.mayStart;
  if (batch.deadline.answer.aborted) return; // B3
  underWay.set(delivery, "started");
  if (mayStart) return turn.settled(await processDelivery(delivery, context));
  observer.held(delivery.messageId);
  failures.push({ delivery, held: true });
  turn.settled(false);
}

/** Resolves with whether the message may leave its source. */
async function processDelivery(delivery: Delivery, context: BatchContext): Promise<boolean> {
  let key: string | undefined;
  let outcome: MessageOutcome;
  try {
    const preparation = await prepare(delivery, context);
    if (preparation.kind === "ready") {
      key = preparation.prepared.key;
      outcome = await runOrFollow(preparation.prepared, context);
    } else {
      outcome = await failOrReject({ delivery, ...preparation }, context);
    }
  } catch (error) {
    outcome = { kind: "failed", error: handlerFailure(error) }; // B2
  }
  return conclude({ delivery, key }, outcome, context);
}

/** Notes what became of a delivery. Says whether it may leave its source. */
function conclude(
  { delivery, key }: { readonly delivery: Delivery; readonly key: string | undefined },
  outcome: MessageOutcome,
  { batch, bodies, failures, observer }: BatchContext,
): boolean {
  bodies.close(delivery);
  if (batch.deadline.answer.aborted) return false; // B3
  batch.outcomes.push({ messageId: delivery.messageId, acknowledged: isEnded(outcome) });
  observer.message(delivery.messageId, key, outcome);
  if (isEnded(outcome)) return true;
  failures.push({ delivery, ...outcome });
  return false;
}

function lanesContext(waiting: Waiting, context: BatchContext): LanesContext {
  const { failures, observer, underWay } = context;
  return {
    ...context,
    laneStarts: () => void waiting.messages--,
    start: (delivery) => void underWay.set(delivery, "started"),
    conclude(delivery, outcome) {
      underWay.delete(delivery);
      return conclude({ delivery, key: undefined }, outcome, context);
    },
    giveBack(delivery) {
      context.bodies.close(delivery);
      if (!underWay.delete(delivery)) return;
      observer.held(delivery.messageId);
      failures.push({ delivery, held: true });
    },
  };
}

/** Its message may leave its source. */
function isEnded(
  outcome: MessageOutcome,
): outcome is Extract<MessageOutcome, { kind: "committed" | "duplicate" | "rejected" }> {
  return outcome.kind === "committed" || outcome.kind === "duplicate" || outcome.kind === "rejected";
}

async function hideFailures({ batch, failures, host, observer, options, queue }: BatchContext): Promise<void> {
  const hidden = messagesToHide(failures, options.backoff, host);
  if (hidden.length === 0) return;
  const failed = await queue.hide(hidden, batch.deadline.answer);
  for (const { messageIds, cause } of failed) observer.notHidden(messageIds, cause);
}

// B1
function runOrFollow(prepared: Prepared, context: BatchContext): Promise<MessageOutcome> {
  const { leaders } = context;
  const leader = leaders.get(prepared.pk);
  if (leader) return follow(leader, prepared, context);
  const outcome = processMessage(prepared, context);
  leaders.set(prepared.pk, { messageId: prepared.message.messageId, fingerprint: prepared.fingerprint, outcome });
  return outcome;
}

async function follow(leader: Leader, prepared: Prepared, context: BatchContext): Promise<MessageOutcome> {
  const { leaders } = context;
  const outcome = await leader.outcome;
  if (outcome.kind === "failed" || outcome.kind === "deferred") return outcome;
  if (outcome.kind === "rejected") {
    const isCopy = leader.messageId === prepared.message.messageId;
    if (isCopy) return outcome; // copies of one message: one dead letter
    if (leaders.get(prepared.pk) === leader) leaders.delete(prepared.pk);
    return runOrFollow(prepared, context); // a rejection stops no other message
  }
  if (leader.fingerprint === prepared.fingerprint) return { kind: "duplicate" };
  const error = commitFailure({ kind: "payloadMismatch", committedAtMs: context.host.nowMs() });
  return failOrReject({ delivery: prepared.delivery, error, identity: prepared }, context);
}
