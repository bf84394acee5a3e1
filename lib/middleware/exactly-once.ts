// exactlyOnce(): a Middy middleware and a handler of single messages that belong together. The only file that knows
// Middy, and only its shape: hooks that take a request.
//
//   W1. State belongs to one invocation, and goes from `before` to the handler by the invocation's own context object:
//       one process may run many invocations at a time, and a thawed sandbox may finish an old one.
//   W2. A batch is answered truthfully once it has begun, whatever is thrown or answered around it. Before that, errors are
//       thrown on, and an early answer of another middleware acknowledges nothing.
//   W3. A middleware without its handler, or a handler of messages without its middleware, is an error, never silence. One that
//       folds them stands alone as well: it is itself who takes the event.

import type { StandardSchemaV1 } from "@standard-schema/spec";
import type {
  BatchEvent,
  BatchResponse,
  KafkaBatchResponse,
  LambdaContext,
  SqsBatchResponse,
  SqsEvent,
} from "../aws/lambda.ts";
import { openDeadline } from "../consumer/deadline.ts";
import { announce } from "../consumer/door.ts";
import { deliveriesOf, type Intake, intakeOf } from "../consumer/intake.ts";
import { knownWatermarks } from "../consumer/known-watermarks.ts";
import type { Message } from "../consumer/message.ts";
import { quietly } from "../consumer/observe.ts";
import { type ExactlyOnceOptions, type ResolvedOptions, resolveOptions } from "../consumer/options.ts";
import { keyNamesOf } from "../consumer/outbox-options.ts";
import { type Batch, batchResponse, processBatch } from "../consumer/process-batch.ts";
import type { Shell } from "../consumer/process-message.ts";
import { processOnce } from "../consumer/process-once.ts";
import { queueActions } from "../consumer/queue-actions.ts";
import { resolveReduction } from "../consumer/reduction.ts";
import type { Handler } from "../consumer/run.ts";
import { sdkSqsSend } from "../consumer/sqs-send.ts";
import { knownStates, type Reduction } from "../consumer/state-store.ts";
import type { Tx } from "../consumer/tx.ts";
import { SemelError } from "../errors.ts";
import { systemHost } from "../host.ts";
import { sdkObjects } from "../payload/objects.ts";
import type { Delivery } from "../sources/source.ts";
import { claims } from "../store/claims.ts";
import { committedKeys } from "../store/committed-keys.ts";
import { initialGroupSize } from "../store/group-committer.ts";
import { recordStore } from "../store/record-store.ts";
import { defaultClient, sdkSend } from "../store/sdk-send.ts";
import { type Surroundings, surroundingsOf } from "./surroundings.ts";

/** The records of an event. */
export type RecordOf<Event> = Event extends { Records: (infer Record)[] }
  ? Record
  : Event extends { records: { [topicPartition: string]: (infer Record)[] } }
    ? Record
    : never;
/** @types/aws-lambda's handlers of Kafka return nothing: this one is assignable to them, and to what Lambda wants to hear. */
// biome-ignore lint/suspicious/noConfusingVoidType: see above
type KafkaAnswer = KafkaBatchResponse & void;
/** What Lambda wants to hear after an event. */
export type ResponseTo<Event> = Event extends { records: unknown } ? KafkaAnswer : SqsBatchResponse;

/**
 * A Lambda handler of batches. Assignable to `SQSHandler`, `KinesisStreamHandler`, `DynamoDBStreamHandler`, `MSKHandler` and
 * `SelfManagedKafkaHandler`, by the event that it is of.
 */
export type BatchHandler<Event extends BatchEvent = SqsEvent> = (
  event: Event,
  context: LambdaContext,
) => Promise<ResponseTo<Event>>;

/** A direct invocation, as its handler sees it. */
export type DirectMessage<Body> = Pick<Message<Body>, "body" | "messageId">;
/** What it returns is kept with the record, as JSON, and is what a duplicate gets. */
export type OnceHandler<Body, Result> = (message: DirectMessage<Body>, tx: Tx) => Promise<Result> | Result;
/** A Lambda handler of direct invocations. */
export type DirectHandler<Result> = (event: unknown, context: LambdaContext) => Promise<Result>;

/** The part of Middy's request that semel touches. */
export interface MiddlewareRequest<Event = BatchEvent> {
  event: Event;
  context: LambdaContext;
  response: unknown;
  error: unknown;
}

/**
 * Middleware and message handler of one consumer. Body is what its schema gives. Event is a type alone: what the source is, the
 * records of an event tell.
 */
export interface ExactlyOnce<Body, Event extends BatchEvent = SqsEvent> {
  readonly name: string;
  /** Middy's hooks: `.use(orders)`, before any other middleware, so that semel owns the response. */
  before(request: MiddlewareRequest<Event>): void;
  after(request: MiddlewareRequest<Event>): void;
  onError(request: MiddlewareRequest<Event>): void;
  /**
   * The handler for `middy().use(orders).handler(orders.each(…))`: runs `handler` for each message, of whatever source: SQS
   * standard and FIFO queues, Kinesis, DynamoDB Streams, Kafka.
   */
  each(handler: Handler<Body, RecordOf<Event>>): BatchHandler<Event>;
  /** The same without Middy. The event's type comes from where it is assigned to, too. */
  lambda<E extends BatchEvent = Event>(handler: Handler<Body, RecordOf<E>>): BatchHandler<E>;
  /**
   * Strategy watermark: folds the messages of each ordering key into a state, one item of a table of its own, by a pure function;
   * a run of messages is one conditional write. A Lambda handler as it is, and the handler for `middy().use(readings).handler(…)`.
   */
  reduce<State, E extends BatchEvent = Event>(reduction: Reduction<State, Message<Body, RecordOf<E>>>): BatchHandler<E>;
  /**
   * A Lambda handler of direct invocations: API Gateway and function URLs (the key is the header `Idempotency-Key` where no
   * option says otherwise), EventBridge, SNS, S3, Invoke. Its body is the event. A duplicate gets the result of the first one;
   * what the handler throws is thrown on, and commits nothing. A key in use under strategy claim throws a KeyInUseError.
   * Stands without `.use(orders)`.
   */
  once<Result>(handler: OnceHandler<Body, Result>): DirectHandler<Result>;
}

/** What a simulator puts in place of the process and the SDK. */
export interface Dependencies extends Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** States that a process remembers, bytes. */
const STATES_BYTES_MAX: number = 16 * 1024 * 1024;

/** All that belongs to one process. */
function openShell(options: ResolvedOptions, { host, send, sqsSend, objects }: Surroundings): Shell {
  const store = recordStore({ table: options.table, send, host, tables: keyNamesOf(options.outbox) });
  return {
    options,
    host,
    queue: queueActions({ send: sqsSend, host }),
    objects: objects ?? sdkObjects(options.claimCheck?.client),
    store,
    claims: claims(store, host),
    groupSize: initialGroupSize(),
    committed: committedKeys(options.committedKeysMax),
    watermarks: knownWatermarks(options.committedKeysMax),
    states: knownStates(options.committedKeysMax === 0 ? 0 : STATES_BYTES_MAX),
  };
}

/** From `before` to the handler. The batch is there once it has begun. */
interface Invocation {
  readonly request: MiddlewareRequest;
  readonly intake: Intake;
  batch: Batch | undefined;
}

/** What Lambda calls a handler with. */
interface Call {
  readonly event: BatchEvent;
  readonly context: LambdaContext;
}

interface Begun {
  readonly deliveries: readonly Delivery[];
  readonly batch: Batch;
}

/** Throws a SemelError for options that are missing or wrong: at start, not at the first message. */
export function createExactlyOnce<S extends StandardSchemaV1, Event extends BatchEvent = SqsEvent>(
  options: ExactlyOnceOptions<S>,
  dependencies: Partial<Dependencies> = {},
): ExactlyOnce<StandardSchemaV1.InferOutput<S>, Event> {
  const resolved = resolveOptions(options, dependencies.environment ?? process.env);
  announce(resolved, dependencies.host ?? systemHost);
  const ownShell = openShell(resolved, {
    host: dependencies.host ?? systemHost,
    send: dependencies.send ?? sdkSend(resolved.client ?? defaultClient()),
    sqsSend: dependencies.sqsSend ?? sdkSqsSend(resolved.sqsClient),
    ...(dependencies.objects && { objects: dependencies.objects }),
  });
  const otherShells = new WeakMap<Surroundings, Shell>();
  const invocations = new WeakMap<object, Invocation>(); // W1

  /** Other surroundings are another process: nothing that was learnt in one is known in the other. */
  function shellOf(context: LambdaContext): Shell {
    const surroundings = surroundingsOf(context);
    if (!surroundings) return ownShell;
    const shell = otherShells.get(surroundings) ?? openShell(resolved, surroundings);
    otherShells.set(surroundings, shell);
    return shell;
  }

  function begin(intake: Intake, context: LambdaContext): Batch {
    return {
      ...intake,
      deadline: openDeadline(context, resolved.deadlineMarginMs, shellOf(context).host),
      outcomes: [],
    };
  }

  /** What the handler is called with by itself. */
  function beginAlone({ event, context }: Call): Begun {
    const intake = intakeOf(event, resolved);
    return { deliveries: intake.places, batch: begin(intake, context) };
  }

  /** What the handler is called with by Middy, whose hook came first. */
  function beginWithin(invocation: Invocation, method: string, { event, context }: Call): Begun {
    if (invocation.batch) throw calledTwice(method);
    const deliveries = deliveriesOf(event, invocation.intake);
    invocation.batch = begin(invocation.intake, context);
    return { deliveries, batch: invocation.batch };
  }

  /** W2. Middy skips hooks when another one answers early, so the answer is guarded at the request itself. */
  function ownResponse(request: MiddlewareRequest, invocation: Invocation): void {
    Object.defineProperty(request, "response", {
      configurable: true,
      enumerable: true,
      get: () => answerOf(invocation),
      set(value: unknown) {
        if (invocation.batch || value === undefined || value === null || request.error) return;
        const details = { consumer: resolved.consumer, response: value };
        const message = "A response was given before the batch began: it is not passed on, every message goes back";
        quietly(() => resolved.logger.error(message, details));
      },
    });
  }

  return {
    name: "semel",
    before(request) {
      if (invocations.get(request.context)?.request === request) throw usedTwice();
      const invocation: Invocation = { request, intake: intakeOf(request.event, resolved), batch: undefined };
      invocations.set(request.context, invocation);
      ownResponse(request, invocation);
    },
    after(request) {
      const invocation = invocations.get(request.context);
      if (!invocation?.batch) throw withoutEach(); // W3
      invocation.batch.deadline.end();
    },
    onError(request) {
      const batch = invocations.get(request.context)?.batch;
      if (!batch) return;
      batch.deadline.end();
      const details = { consumer: resolved.consumer, error: request.error };
      const message = "An error was thrown around the batch; it is answered by what became of its messages";
      quietly(() => resolved.logger.error(message, details));
    },
    each(handler) {
      checkHandler("each", handler);
      return async (event, context) => {
        const invocation = invocations.get(context);
        if (invocation === undefined) throw withoutUse(); // W3
        const { deliveries, batch } = beginWithin(invocation, "each", { event, context });
        const response = await processBatch(deliveries, batch, handler as Handler<unknown>, shellOf(context));
        return response as ResponseTo<Event>; // what the source of the event gives
      };
    },
    lambda<E extends BatchEvent>(handler: Handler<StandardSchemaV1.InferOutput<S>, RecordOf<E>>): BatchHandler<E> {
      checkHandler("lambda", handler);
      return async (event, context) => {
        const { deliveries, batch } = beginAlone({ event, context });
        const response = await processBatch(deliveries, batch, handler as Handler<unknown>, shellOf(context));
        return response as ResponseTo<E>;
      };
    },
    reduce<State, E extends BatchEvent>(
      given: Reduction<State, Message<StandardSchemaV1.InferOutput<S>, RecordOf<E>>>,
    ): BatchHandler<E> {
      const reduction = resolveReduction(given as unknown as Reduction, resolved);
      return async (event, context) => {
        const invocation = invocations.get(context);
        const call = { event, context };
        const { deliveries, batch } = invocation ? beginWithin(invocation, "reduce", call) : beginAlone(call);
        const shell = { ...shellOf(context), reduction };
        return (await processBatch(deliveries, batch, () => {}, shell)) as ResponseTo<E>;
      };
    },
    once<Result>(handler: OnceHandler<StandardSchemaV1.InferOutput<S>, Result>): DirectHandler<Result> {
      checkHandler("once", handler);
      if (resolved.strategy !== "commit" && resolved.strategy !== "claim") throw onceWithoutRecord(resolved.strategy);
      const direct = handler as Handler<unknown>;
      return async (event, context) =>
        (await processOnce({ event, context, handler: direct }, shellOf(context))) as Result;
    },
  };
}

/**
 * What Middy is to answer. Once the batch has begun: what became of it, and nothing more is added. Before: nothing where an
 * error is under way, so that Middy throws it; else every message goes back, whatever another middleware answered.
 */
function answerOf({ request, intake, batch }: Invocation): BatchResponse | undefined {
  if (batch) {
    batch.deadline.end();
    return batchResponse(batch);
  }
  return request.error ? undefined : intake.source.response(intake.places, []);
}

function checkHandler(method: string, handler: unknown): void {
  if (typeof handler === "function") return;
  throw wiring(
    `.${method}() got ${handler === null ? "null" : typeof handler}. Pass the function that takes one message and tx`,
  );
}

function withoutUse(): SemelError {
  return wiring(
    "the handler of .each() was called without its middleware, so nothing is protected. Write " +
      "middy().use(orders).handler(orders.each(…)) with the same orders, or orders.lambda(…) without Middy",
  );
}

function withoutEach(): SemelError {
  return wiring(
    "the middleware ran, but no handler of its .each() or .reduce() did, so nothing is protected. Write " +
      "middy().use(orders).handler(orders.each(…)), or orders.reduce(…), with the same orders",
  );
}

function calledTwice(method: string): SemelError {
  return wiring(
    `the handler of .${method}() was called when the batch had begun: handlers were called twice in one invocation. Call one, once`,
  );
}

function usedTwice(): SemelError {
  return wiring("the same middleware is used twice. Write .use(orders) once");
}

function onceWithoutRecord(strategy: string): SemelError {
  return wiring(
    `.once() needs strategy "commit" or "claim": under "${strategy}" there is no record that could keep a result`,
  );
}

function wiring(what: string): SemelError {
  return new SemelError(`Cannot run the batch: ${what}`, { code: "SEMEL_WIRING", retryable: false });
}

/**
 * Exactly-once effects for a consumer of a queue or a stream: each message's writes are committed together with its idempotency record,
 * in one DynamoDB transaction, or not at all.
 *
 * The handler's code may run more than once; its effects do not. Effects outside DynamoDB are at-least-once: pass
 * `tx.key` on, so that the other side can tell a repetition.
 *
 * @throws SemelError at start, for options that are missing, wrong or unknown.
 */
export function exactlyOnce<
  S extends StandardSchemaV1 = StandardSchemaV1<unknown, unknown>,
  Event extends BatchEvent = SqsEvent,
>(options: ExactlyOnceOptions<S> = {}): ExactlyOnce<StandardSchemaV1.InferOutput<S>, Event> {
  return createExactlyOnce(options);
}
