// One invocation of the real runtime, in a sandbox.

import { AsyncLocalStorage } from "node:async_hooks";
import type { Tx } from "../../consumer/tx.ts";
import { PermanentError } from "../../errors.ts";
import type { Host } from "../../host.ts";
import { createExactlyOnce, type ExactlyOnce } from "../../middleware/exactly-once.ts";
import { CONSUMER } from "./engine.ts";
import { againOf, bodyOf, eventOf, type Received } from "./events.ts";
import type { Sandbox } from "./sandbox.ts";
import { isPlaced, type Outside, type QueuedMessage, type Scenario } from "./scenario.ts";
import type { CallFault } from "./schedule.ts";
import { mark } from "./state.ts";
import { RECORDS } from "./tables.ts";

/** Time of an invocation, ms. */
export const TIMEOUT_MS = 10_000;
const MARGIN_MS = 500;
/** When nothing is committed any more, ms from the start. */
export const GATE_MS: number = TIMEOUT_MS - MARGIN_MS;

const DLQ_URL = "http://localhost/123456789012/explored-dlq";
const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** How an invocation ended. */
export interface Ended {
  /** Ids of the messages that go back to where they came from. */
  readonly failed: ReadonlySet<string>;
  /** What a caller got, as JSON. */
  readonly result?: string;
}

/** Rejects where a batch is not answered: no caller's invocation does. */
export async function invoke(
  sandbox: Sandbox,
  messages: readonly Received[],
  {
    scenario,
    consumer,
    outside,
  }: { readonly scenario: Scenario; readonly consumer: Consumer; readonly outside: Outside },
): Promise<Ended> {
  const { host, decide, number } = sandbox;
  const handle = ({ body }: { readonly body: unknown }, tx: Tx): Promise<unknown> => {
    const { key, payload } = body as QueuedMessage;
    return scenario.handle(key, tx, { decide, outside, payload, sandbox: mark(number) });
  };
  const endMs = host.nowMs() + TIMEOUT_MS;
  const context = { awsRequestId: mark(number), getRemainingTimeInMillis: () => endMs - host.nowMs() };
  if (scenario.source === "caller") {
    const [asked] = messages;
    return consumer
      .once(handle)(asked && bodyOf(asked), context)
      .then(
        (result) => ({ failed: new Set(), result: JSON.stringify(result) }),
        () => ({ failed: new Set(messages.map(({ messageId }) => messageId)) }), // the caller heard of no result
      );
  }
  const take = scenario.reduction ? consumer.reduce(scenario.reduction) : consumer.lambda(handle);
  const response = await take(eventOf(messages, host.nowMs(), scenario), context);
  return { failed: againOf(messages, response, scenario) };
}

export type Consumer = Pick<ExactlyOnce<unknown>, "lambda" | "once" | "reduce">;

/** All that a process keeps from one invocation to the next. */
export function createConsumer({ host, send, sqsSend }: Sandbox, scenario: Scenario): Consumer {
  // A timer belongs to the invocation that set it.
  const itsOwn: Host = {
    ...host,
    after: (delayMs, callback) => host.after(delayMs, AsyncLocalStorage.bind(callback)),
    endOfTick: (callback) => host.endOfTick(AsyncLocalStorage.bind(callback)),
  };
  const options = {
    ...scenario.options,
    consumer: CONSUMER,
    table: RECORDS,
    retentionDays: 40,
    ...(isPlaced(scenario) ? {} : { key: "key" }),
    logger: silent,
    deadLetterQueueUrl: scenario.source === "fifo" ? `${DLQ_URL}.fifo` : DLQ_URL,
    deadlineMarginMs: MARGIN_MS,
    backoff: false, // when a message comes again is the controller's choice
  };
  return createExactlyOnce(options, { host: scenario.warm ? itsOwn : host, send, sqsSend, environment: {} });
}

/** What a handler throws by the controller's word. */
export function handlerError(fault: CallFault): Error {
  return fault === "rejects" ? new PermanentError("for good") : new Error("this time");
}
