// Message move tasks: the redrive of a dead-letter queue, a step at a time.
//
//   MT1. A message leaves its queue in the step that sends it to the other: it is never in none and never in both. What can't
//        be sent stays, and the task fails.
//   MT2. What arrives is a new message: a new id, sent now, not yet received, with body, attributes, group and deduplication id
//        of the old one. It is not taken for a duplicate, whatever was sent before it.
//   MT3. A task ends: it moves no more than what was there when it began.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html

import { queueByArn, type SqsEngine } from "./engine.ts";
import { invalidParameter, SqsError } from "./errors.ts";
import { MOVE_TASKS_LISTED_MAX } from "./limits.ts";
import { newMessage, type StoredMessage } from "./message.ts";
import { advance, place, type Queue, take } from "./queue.ts";

export interface MoveTask {
  readonly handle: string;
  readonly sourceArn: string;
  /** Absent: each message goes back to the queue it came from. */
  readonly destinationArn?: string | undefined;
  readonly perSecond?: number | undefined;
  readonly startedAtMs: number;
  readonly toMove: number;
  moved: number;
  status: "RUNNING" | "COMPLETED" | "CANCELLED" | "FAILED";
  failureReason?: string | undefined;
  cancelTimer: () => void;
}

/** Why a task failed. */
const NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue";
const NO_SOURCE = "CouldNotDetermineMessageSource";

/** Of a task without a rate; then others get their turn. */
const MESSAGES_OF_A_STEP = 100;

export interface MoveOptions {
  readonly destinationArn?: string | undefined;
  readonly perSecond?: number | undefined;
}

export function startMoveTask(engine: SqsEngine, source: Queue, options: MoveOptions): MoveTask {
  const before = engine.moveTasks.get(source.arn) ?? [];
  if (before.some(({ status }) => status === "RUNNING")) {
    throw new SqsError(
      "InvalidParameterValue",
      "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
    );
  }
  const nowMs = engine.clock.nowMs();
  advance(source, nowMs);
  const task: MoveTask = {
    handle: Buffer.from(JSON.stringify({ taskId: engine.newId(), sourceArn: source.arn })).toString("base64"),
    sourceArn: source.arn,
    ...options,
    startedAtMs: nowMs,
    toMove: source.counts.visible,
    moved: 0,
    status: "RUNNING",
    cancelTimer: () => {},
  };
  engine.moveTasks.set(source.arn, [task, ...before].slice(0, MOVE_TASKS_LISTED_MAX));
  schedule(engine, task);
  return task;
}

export function cancelMoveTask(engine: SqsEngine, handle: string): MoveTask {
  const sourceArn = sourceOf(handle);
  if (queueByArn(engine, sourceArn) === undefined) throw noSuchQueue("SourceArn");
  const task = engine.moveTasks.get(sourceArn)?.find((one) => one.handle === handle);
  if (task === undefined) throw new SqsError("ResourceNotFoundException", "Task does not exist.");
  if (task.status !== "RUNNING") throw new SqsError("UnsupportedOperation", "Only active tasks can be cancelled.");
  task.cancelTimer();
  task.status = "CANCELLED";
  return task;
}

export function noSuchQueue(parameter: string): SqsError {
  return new SqsError(
    "ResourceNotFoundException",
    `The resource that you specified for the ${parameter} parameter doesn't exist.`,
  );
}

function sourceOf(handle: string): string {
  try {
    const { sourceArn } = JSON.parse(Buffer.from(handle, "base64").toString()) as { sourceArn?: unknown };
    if (typeof sourceArn === "string") return sourceArn;
  } catch {
    // Not one of ours.
  }
  throw new SqsError("InvalidParameterValue", "Value for parameter TaskHandle is invalid.");
}

function schedule(engine: SqsEngine, task: MoveTask): void {
  task.cancelTimer = engine.clock.after(task.perSecond === undefined ? 0 : 1000, () => {
    step(engine, task);
    if (task.status === "RUNNING") schedule(engine, task);
    engine.polls.serve();
  });
}

function step(engine: SqsEngine, task: MoveTask): void {
  const source = queueByArn(engine, task.sourceArn);
  if (source === undefined) {
    fail(task, NO_QUEUE);
    return;
  }
  advance(source, engine.clock.nowMs());
  const most = Math.min(task.perSecond ?? MESSAGES_OF_A_STEP, task.toMove - task.moved); // MT3
  const { taken } = source.order.select(most, () => false);
  for (const message of taken) {
    const targetArn = task.destinationArn ?? message.deadLetterSourceArn;
    const target = targetArn === undefined ? undefined : queueByArn(engine, targetArn);
    if (target === undefined) {
      fail(task, targetArn === undefined ? NO_SOURCE : NO_QUEUE); // MT1
      return;
    }
    take(source, message);
    resend(engine, target, message);
    task.moved += 1;
  }
  if (task.moved >= task.toMove || taken.length === 0) task.status = "COMPLETED";
}

function resend(engine: SqsEngine, target: Queue, message: StoredMessage): void {
  const nowMs = engine.clock.nowMs();
  advance(target, nowMs);
  place(target, newMessage(message, engine.newId(), nowMs), target.attributes.DelaySeconds * 1000); // MT2
}

function fail(task: MoveTask, reason: string): void {
  task.status = "FAILED";
  task.failureReason = reason;
}

/** A dead-letter queue's type is that of its sources, so a destination's must be, too. */
export function checkSameType(source: Queue, destination: Queue): void {
  if (source.isFifo === destination.isFifo) return;
  throw invalidParameter(
    "DestinationArn",
    destination.arn,
    "Destination queue must be of the same type as the source queue.",
  );
}
