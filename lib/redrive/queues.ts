// Finds the queues of a redrive: the dead-letter queue, and the one that its messages go back to.

import { FIFO_QUEUE_SUFFIX } from "../aws/names.ts";
import { SemelError } from "../errors.ts";
import type { QueueCalls } from "./queue-calls.ts";

export interface FoundQueue {
  readonly url: string;
  readonly arn: string;
  readonly isFifo: boolean;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface RedriveQueues {
  readonly deadLetters: FoundQueue;
  /** All queues that have this dead-letter queue. */
  readonly sources: readonly FoundQueue[];
  /** Undefined: nobody's, and only to be looked at. */
  readonly target: FoundQueue | undefined;
}

export interface QueueNames {
  /** Name, URL or ARN. */
  readonly deadLetters: string;
  readonly to: string | undefined;
  readonly dryRun: boolean;
}

/** Rejects with a SemelError that says what is not there, or not said. */
export async function findQueues(calls: QueueCalls, { deadLetters, to, dryRun }: QueueNames): Promise<RedriveQueues> {
  const from = await find(calls, deadLetters);
  const urls = await asked("list the queues of", deadLetters, () => calls.sourcesOf(from.url));
  const sources = await Promise.all(urls.map((url) => find(calls, url)));
  const target = to === undefined ? onlyOne(sources, { deadLetters, dryRun }) : await find(calls, to);
  if (target?.arn === from.arn) throw cannot(`${to} is the dead-letter queue itself. Name the queue that it serves`);
  if (target && target.isFifo !== from.isFifo) {
    const type = ({ isFifo }: FoundQueue): string => (isFifo ? "a FIFO" : "a standard");
    throw cannot(
      `${from.arn} is ${type(from)} queue, and ${target.arn} ${type(target)} queue. Name a queue of the same type by --to`,
    );
  }
  return { deadLetters: from, sources, target };
}

function onlyOne(
  sources: readonly FoundQueue[],
  { deadLetters, dryRun }: Pick<QueueNames, "deadLetters" | "dryRun">,
): FoundQueue | undefined {
  if (sources.length === 1) return sources[0];
  if (sources.length > 1) {
    const names = sources.map(({ arn }) => nameOf(arn)).join(", ");
    throw cannot(`${deadLetters} is the dead-letter queue of ${names}. Name the one whose messages to move by --to`);
  }
  if (dryRun) return undefined;
  throw cannot(`no queue has ${deadLetters} as its dead-letter queue. Name the queue to move the messages to by --to`);
}

export function nameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf(":") + 1);
}

async function find(calls: QueueCalls, given: string): Promise<FoundQueue> {
  return asked("find", given, async () => {
    const url = await urlOf(calls, given);
    const attributes = await calls.attributesOf(url);
    const arn = attributes["QueueArn"] ?? "";
    return { url, arn, isFifo: arn.endsWith(FIFO_QUEUE_SUFFIX), attributes };
  });
}

/** An ARN's URL is looked up: it has to work at the client's endpoint, be it a local one. */
function urlOf(calls: QueueCalls, given: string): Promise<string> {
  if (/^https?:\/\//.test(given)) return Promise.resolve(given);
  if (!given.startsWith("arn:")) return calls.urlOf(given);
  const [, , , , account = "", name = ""] = given.split(":");
  return calls.urlOf(name, account === "" ? undefined : account);
}

async function asked<T>(what: string, queue: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw cannot(
      `SQS does not ${what} ${queue} (${why}). Give a queue's name, URL or ARN; see that region, endpoint and credentials ` +
        "are those of its account, and that they may sqs:GetQueueUrl, GetQueueAttributes and ListDeadLetterSourceQueues",
      cause,
    );
  }
}

function cannot(what: string, cause?: unknown): SemelError {
  return new SemelError(`Cannot redrive: ${what}`, { code: "SEMEL_REDRIVE", retryable: false, cause });
}
