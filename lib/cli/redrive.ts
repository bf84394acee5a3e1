// semel redrive: says what became of a dead-letter queue's messages, and moves those back that are to run again.
import { writeFile } from "node:fs/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import { SemelError } from "../errors.ts";
import { systemHost } from "../host.ts";
import {
  findLookup,
  findQueues,
  type Lookup,
  letterJudge,
  persistent,
  type RedriveObserver,
  type RedriveQueues,
  type RedriveResult,
  redrive,
  sdkQueueCalls,
} from "../redrive/index.ts";
import { sdkSend } from "../store/sdk-send.ts";
import { waitForInterruption } from "./interruption.ts";
import { createProgress, type Progress } from "./progress.ts";
import { movedUnasked, parseRedrive, type RedriveArguments } from "./redrive-options.ts";
import { describeClasses, describeResult, describeStart, type Names, reportOf } from "./redrive-report.ts";

export const REDRIVE_HELP = `Usage: semel redrive DLQ [--to QUEUE] [options]

Says what became of the messages of a dead-letter queue, by their idempotency records, then moves those that are not done back to
their queue. A message is deleted only when it is in its queue. Interrupted, the same command goes on where it was.

  never-run   no record: nothing of them took effect         moved
  rejected    failed for good; the reason is the consumer's  moved
  claimed     begun, not committed (strategy claim)          moved
  unknown     nothing tells: no key, or no record to read    moved
  mismatch    their key is done, with another payload        stay, unless --only mismatch
  done        their effects are there                        stay, unless --remove-done
  elsewhere   not of the queue that messages are moved to    stay

Under strategy watermark all stay, unless --only names them: what is sent again has a new place in its order, and runs, done or not.

Queues are given as name, URL or ARN.

Options:
  --to QUEUE          where to (default: the one queue that has this dead-letter queue)
  --dry-run           says what there is, and moves nothing
  --only CLASS        moves this class only; may be given more than once
  --remove-done       removes what is done from the dead-letter queue
  --rate N/s          moves no more than N messages a second (default: as fast as SQS answers)
  --handler PATH      the consumer's module, which tells its key, schema, fingerprint, strategy and table; no handler runs
  --consumer NAME     the consumer, where no --handler tells it, or which one of it (default: SEMEL_CONSUMER)
  --table NAME        its table of idempotency records (default: SEMEL_TABLE, or what --handler tells)
  --strategy NAME     its strategy, where no --handler tells it: commit, claim, insert, watermark (default: commit)
  --json FILE         writes the figures, with all reasons, to a file
  --endpoint URL      SQS and DynamoDB in place of AWS: LocalStack, say
  --sqs-endpoint URL, --dynamodb-endpoint URL
                      one of them: "semel local" prints both
  --help              this text

Without --handler, a message's key is the one that semel's publisher stamped (attribute semel-idempotency-key), as it is to a
consumer without a key option.
`;

const INTERRUPTED = 130;

/** Gives the exit status: 0 when all that was to be moved is moved. */
export async function redriveCommand(args: readonly string[]): Promise<number> {
  const wanted = parseRedrive(args);
  const clients = createClients(wanted.endpoints);
  const calls = sdkQueueCalls(clients.sqs);
  const lookup = await findLookup({ ...wanted, environment: process.env }, systemHost);
  const queues = await findQueues(persistent(calls, systemHost), wanted);
  const names = namesOf(queues, lookup, wanted.handler);
  process.stdout.write(describeStart(names));

  const interruption = new AbortController();
  void waitForInterruption().then(() => interruption.abort());
  const progress = createProgress(process.stderr);
  const { deadLetters, target } = queues;
  const moves = wanted.only ?? movedUnasked(lookup?.door.strategy);
  const intent = { ...wanted, moves, isFifo: deadLetters.isFifo };
  const judge = judgeOf(queues, lookup, clients.dynamodb);
  const observer = observerOf(progress, (counts) => process.stdout.write(describeClasses(counts, intent)));
  const result = await redrive(
    { ...intent, deadLetters, target, judge, observer, signal: interruption.signal },
    { calls, host: systemHost },
  );
  progress.clear();
  if (observer.judgements() > 1) process.stdout.write(describeClasses(result.classes, intent));
  process.stdout.write(describeResult(result, intent));
  if (wanted.json !== undefined) await writeFile(wanted.json, reportOf(result, names));
  return statusOf(result);
}

function statusOf({ error, interrupted, left, refused }: RedriveResult): number {
  if (error !== undefined) throw stopped(error);
  if (interrupted) return INTERRUPTED;
  return refused.length + left > 0 ? 1 : 0;
}

function createClients({ dynamodb, sqs }: RedriveArguments["endpoints"]) {
  const requestHandler = { connectionTimeout: 5_000, requestTimeout: 10_000, throwOnRequestTimeout: true };
  return {
    // Requests go to the configured endpoint: a queue's URL may name a host that cannot be reached from here.
    sqs: new SQSClient({ ...placeOf(sqs), requestHandler, useQueueUrlAsEndpoint: false }),
    dynamodb: new DynamoDBClient({ ...placeOf(dynamodb), requestHandler }),
  };
}

/** An engine of one's own asks for no credentials; the SDK does. */
function placeOf(endpoint: string | undefined) {
  if (endpoint === undefined) return {};
  const { AWS_ACCESS_KEY_ID, AWS_PROFILE, AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  const isGiven = AWS_ACCESS_KEY_ID !== undefined || AWS_PROFILE !== undefined;
  const region = AWS_REGION ?? AWS_DEFAULT_REGION ?? (isGiven ? undefined : "us-east-1");
  return {
    endpoint,
    ...(region === undefined ? {} : { region }),
    ...(isGiven ? {} : { credentials: { accessKeyId: "local", secretAccessKey: "local" } }),
  };
}

function namesOf({ deadLetters, target }: RedriveQueues, lookup: Lookup | undefined, handler?: string): Names {
  const { consumer, strategy } = lookup?.door ?? {};
  return { deadLetterQueue: deadLetters.arn, to: target?.arn, table: lookup?.table, consumer, strategy, handler };
}

function judgeOf({ deadLetters, sources, target }: RedriveQueues, lookup: Lookup | undefined, client: DynamoDBClient) {
  const sourceArns = sources.map(({ arn }) => arn);
  const destination = target && { arn: target.arn, sourceArns, consumer: lookup?.door.consumer };
  return letterJudge({ lookup, destination, arn: deadLetters.arn, send: sdkSend(client), host: systemHost });
}

/** The table comes before anything is moved; what later turns find is in the one at the end. */
function observerOf(progress: Progress, describe: (counts: RedriveResult["classes"]) => void) {
  let judgements = 0;
  let waiting = false;
  return {
    judgements: () => judgements,
    onSeen: (letters: number) => progress.show("looked at", letters),
    onHidden(letters: number) {
      if (!waiting) {
        progress.clear();
        process.stderr.write(
          `somebody else has received ${letters} messages, a redrive that was killed perhaps: waits until they are back, ` +
            "2 minutes at most\n",
        );
      }
      waiting = true;
    },
    onJudged(counts: RedriveResult["classes"]) {
      progress.clear();
      judgements += 1;
      if (judgements === 1) describe(counts);
    },
    onMoved: (moved: number, toMove: number) => progress.show("moved", moved, toMove),
  } satisfies RedriveObserver & { judgements: () => number };
}

function stopped(cause: unknown): SemelError {
  if (cause instanceof SemelError) return cause;
  const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new SemelError(
    `The redrive stopped: ${why}. What is not deleted is still in the dead-letter queue; the same command goes on where it was`,
    { code: "SEMEL_REDRIVE", retryable: true, cause },
  );
}
