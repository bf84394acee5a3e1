// Takes one direct invocation to its result. There is no queue: what fails is thrown to the caller.
//
//   O1. A duplicate gets the result that was kept with the record, and so does the invocation that wrote it. Also where the
//       handler, which runs for it too, fails: what it finds now is not what the first one found.
//   O2. What the handler threw is thrown on as it was; nothing of the invocation is committed then.
//   O3. It answers by the deadline, whatever is under way.

import type { LambdaContext } from "../aws/lambda.ts";
import { KeyInUseError, type SemelError } from "../errors.ts";
import { judgeRecord } from "../protocol/record.ts";
import { directDelivery } from "../sources/direct.ts";
import { recordReader } from "../store/record-reader.ts";
import { resultOf } from "../store/results.ts";
import { createSlots, createWait } from "./concurrency.ts";
import { controlOf, type Deadline, openDeadline } from "./deadline.ts";
import { commitFailure, leftOpen } from "./failures.ts";
import { type Prepared, prepare } from "./message.ts";
import { createObserver, type Observer } from "./observe.ts";
import { bodiesOf } from "./open-body.ts";
import { createGroupTurns } from "./outbox-turns.ts";
import { type MessageContext, processMessage, type Shell } from "./process-message.ts";
import { type Handler, type MessageOutcome, tooLate } from "./run.ts";

export interface DirectCall {
  readonly event: unknown;
  readonly context: LambdaContext;
  readonly handler: Handler<unknown>;
}

/** Resolves with the result; rejects with what the handler threw, a SemelError or a KeyInUseError. */
export async function processOnce(call: DirectCall, shell: Shell): Promise<unknown> {
  const { host, options } = shell;
  const deadline = openDeadline(call.context, options.deadlineMarginMs, host);
  const observer = createObserver(options.consumer, options.logger, options.metrics);
  try {
    return await Promise.race([answerOf(call, { deadline, observer, shell }), overAt(deadline.answer)]);
  } finally {
    deadline.end();
    observer.flush();
  }
}

interface Invocation {
  readonly deadline: Deadline;
  readonly observer: Observer;
  readonly shell: Shell;
}

async function answerOf({ event, context, handler }: DirectCall, invocation: Invocation): Promise<unknown> {
  const { observer, shell } = invocation;
  const { host } = shell;
  const requestId = String(context.awsRequestId);
  const delivery = directDelivery({ event, requestId, nowMs: host.nowMs() });
  let thrown: Thrown | undefined;
  const heard: Handler<unknown> = async (message, tx) => {
    try {
      return await handler(message, tx);
    } catch (value) {
      thrown = { value };
      throw value;
    }
  };
  const own = directContext(invocation, heard);
  const preparation = await prepare(delivery, own);
  if (preparation.kind === "unusable") throw preparation.error;
  const { prepared } = preparation;
  const outcome = await unlessCommitted(await processMessage(prepared, own), prepared, own);
  if (outcome.kind !== "failed") observer.message(requestId, prepared.key, outcome);
  return resultFrom(outcome, { storeResult: own.storeResult, nowMs: host.nowMs(), thrown });
}

/** O3 */
function overAt(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(leftOpen()), { once: true });
  });
}

/** O1. A claim has read the record before. */
async function unlessCommitted(
  outcome: MessageOutcome,
  { pk, fingerprint, message: { messageId } }: Prepared,
  { options, records }: MessageContext,
): Promise<MessageOutcome> {
  if (outcome.kind !== "failed" || options.strategy === "claim") return outcome;
  try {
    const found = await records.read(pk);
    const verdict = found && judgeRecord(found, { attemptId: "", fingerprint, messageId, status: "COMPLETED" });
    if (verdict?.kind === "duplicate") return verdict;
    return verdict?.kind === "payloadMismatch" ? { kind: "failed", error: commitFailure(verdict) } : outcome;
  } catch {
    return outcome;
  }
}

function directContext({ deadline, observer, shell }: Invocation, handler: Handler<unknown>): MessageContext {
  const { host, options, store } = shell;
  return {
    ...shell,
    options: { ...options, deadLetterQueueUrl: undefined },
    deadline,
    handler,
    bodies: bodiesOf({ ...shell, gate: deadline.gate }),
    slots: createSlots(1, deadline.gate),
    records: recordReader({ store, host, control: controlOf(deadline) }),
    storeResult: options.storeResult ?? true,
    observer,
    untilGate: createWait(deadline.gate, () => tooLate(deadline.gate)),
    groups: createGroupTurns(),
  };
}

/** What the handler threw, anything, also undefined. */
interface Thrown {
  readonly value: unknown;
}

interface AnswerParts {
  readonly storeResult: boolean;
  readonly nowMs: number;
  readonly thrown: Thrown | undefined;
}

function resultFrom(outcome: MessageOutcome, { storeResult, nowMs, thrown }: AnswerParts): unknown {
  switch (outcome.kind) {
    case "committed":
      return storeResult ? outcome.record && resultOf(outcome.record) : outcome.returned; // O1
    case "duplicate":
      return outcome.record && resultOf(outcome.record); // O1
    case "deferred":
      throw new KeyInUseError(Math.max(1, Math.ceil((outcome.untilMs - nowMs) / 1000)));
    case "failed":
    case "rejected":
      throw thrownBy(outcome.error, thrown);
  }
}

const OF_THE_HANDLER: ReadonlySet<string> = new Set(["SEMEL_HANDLER", "SEMEL_PERMANENT", "SEMEL_RETRY_LATER"]);

/** O2. The handler may have thrown long after its message failed for another reason. */
function thrownBy(error: SemelError, thrown: Thrown | undefined): unknown {
  return thrown && OF_THE_HANDLER.has(error.code) ? thrown.value : error;
}
