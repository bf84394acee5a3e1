// Queues of the local SQS on a clock that can be turned, records in dynoxide, and a real consumer between them.

import { ScanCommand } from "@aws-sdk/client-dynamodb";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SendMessageCommandInput,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { SqsEvent } from "../../lib/aws/lambda.ts";
import type { Message as SemelMessage } from "../../lib/consumer/message.ts";
import type { ExactlyOnceOptions } from "../../lib/consumer/options.ts";
import type { Tx } from "../../lib/consumer/tx.ts";
import { systemHost } from "../../lib/host.ts";
import { advance } from "../../lib/local/sqs/queue.ts";
import { startSqsServer } from "../../lib/local/sqs/server.ts";
import { toRecord } from "../../lib/local/sqs-record.ts";
import { type BatchHandler, createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { KEY_ATTRIBUTE } from "../../lib/protocol/key.ts";
import {
  findLookup,
  findQueues,
  type LetterClass,
  letterJudge,
  type RedriveResult,
  redrive,
  sdkQueueCalls,
} from "../../lib/redrive/index.ts";
import type { QueueCalls } from "../../lib/redrive/queue-calls.ts";
import type { RedriveOptions } from "../../lib/redrive/redrive.ts";
import { sdkSend } from "../../lib/store/sdk-send.ts";
import { startDynoxide } from "../support/dynoxide.ts";
import { sqsEvent } from "../support/sqs-event.ts";
import { createTables } from "../support/tables.ts";

export const ALL_BUT_MISMATCH: ReadonlySet<LetterClass> = new Set(["never-run", "rejected", "claimed", "unknown"]);

/** How many letters of each class. */
export const summary = ({ classes }: Pick<RedriveResult, "classes">): Record<string, number> =>
  Object.fromEntries(classes.map(({ letterClass, messages }) => [letterClass, messages]));

/** What a test's handler does with a message, beside its one effect. */
export type Habit = (message: SemelMessage, tx: Tx) => void;

export interface Pair {
  /** The consumer's name. */
  readonly consumer: string;
  readonly names: { readonly source: string; readonly dead: string };
  readonly url: string;
  readonly deadUrl: string;
  /** Sends a message with a stamped key, or none. */
  send(key: string | undefined, body: unknown, more?: Partial<SendMessageCommandInput>): Promise<void>;
  /** Runs the consumer on all that is visible; `keep`: nothing is acknowledged, as if every deletion were lost. */
  consume(habit?: Habit, options?: Partial<ExactlyOnceOptions>, keep?: boolean): Promise<string[]>;
  /** Commits the key as another delivery of its message would, whatever is before it in the queue. */
  commit(key: string, body: unknown): Promise<void>;
  /** The same under strategy insert: each message is one item of table Lines. */
  consumeInserts(options: Partial<ExactlyOnceOptions>): Promise<void>;
  /** Receives what is there, until it is in the dead-letter queue, without running anything. */
  exhaust(): Promise<void>;
  run(
    more?: Partial<RedriveOptions> & { strategy?: string; handler?: string; calls?: QueueCalls },
  ): Promise<RedriveResult>;
  /** Visible and hidden messages. */
  counts(which: "source" | "dead"): { visible: number; inFlight: number };
  /** What is in the queue, without taking it. */
  peek(which: "source" | "dead"): Promise<Message[]>;
}

export type Scene = Awaited<ReturnType<typeof startScene>>;

export async function startScene() {
  const dynoxide = await startDynoxide();
  await createTables(dynoxide.client, { Records: "pk", Effects: "id", Lines: "lineId" });
  let turnedMs = 0;
  const clock = { nowMs: () => Date.now() + turnedMs, after: systemHost.after };
  const server = await startSqsServer({ region: "eu-west-1", clock });
  const place = {
    endpoint: server.endpoint,
    region: "eu-west-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  };
  const sqs = new SQSClient(place);
  const calls = sdkQueueCalls(sqs);
  let pairs = 0;

  /** A queue and its dead-letter queue, to which a message goes on its second receive. */
  async function pair(isFifo = false): Promise<Pair> {
    const name = `q${++pairs}`;
    const suffix = isFifo ? ".fifo" : "";
    const create = async (QueueName: string, more: Record<string, string> = {}) => {
      const Attributes = { ...more, ...(isFifo ? { FifoQueue: "true" } : {}) };
      const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
      return QueueUrl;
    };
    const deadUrl = await create(`${name}-dead${suffix}`);
    const deadArn = `arn:aws:sqs:eu-west-1:000000000000:${name}-dead${suffix}`;
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: deadArn, maxReceiveCount: 1 });
    const url = await create(`${name}${suffix}`, { RedrivePolicy, VisibilityTimeout: "30" });
    const consumer = `c${pairs}`;
    const nameOf = { source: `${name}${suffix}`, dead: `${name}-dead${suffix}` };

    const receive = async (QueueUrl: string, VisibilityTimeout: number): Promise<Message[]> => {
      const all = { MessageSystemAttributeNames: ["All" as const], MessageAttributeNames: ["All"] };
      const command = new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout, MaxNumberOfMessages: 10, ...all });
      return (await sqs.send(command)).Messages ?? [];
    };

    const consumerOf = (options: Partial<ExactlyOnceOptions> = {}) =>
      createExactlyOnce(
        {
          ...{ consumer, table: "Records", retentionDays: 30, backoff: false, deadLetterQueueUrl: deadUrl },
          ...{ client: dynoxide.client, sqsClient: sqs, committedKeysMax: 0, logger: SILENT },
          ...options,
        },
        { environment: {} },
      );
    const effectOf = (key: string) => ({ TableName: "Effects", Key: { id: `${consumer}/${key}` } });
    const context = { awsRequestId: "r", getRemainingTimeInMillis: () => 60_000 };

    /** Gives all that is visible to the handler, and deletes what it acknowledges. */
    async function pump(handler: BatchHandler, keep: boolean): Promise<void> {
      for (;;) {
        const messages = await receive(url, 30);
        if (messages.length === 0) return;
        const queueArn = `arn:aws:sqs:eu-west-1:000000000000:${nameOf.source}`;
        const event: SqsEvent = { Records: messages.map((one) => toRecord(one, { queueArn, region: "eu-west-1" })) };
        const { batchItemFailures } = await handler(event, context);
        const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
        for (const { MessageId = "", ReceiptHandle } of messages) {
          if (!keep && !failed.has(MessageId)) {
            await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }));
          }
        }
      }
    }

    return {
      consumer,
      names: nameOf,
      url,
      deadUrl,
      async send(key, body, more = {}) {
        const stamp: SendMessageCommandInput["MessageAttributes"] =
          key === undefined ? {} : { [KEY_ATTRIBUTE]: { DataType: "String", StringValue: key } };
        const MessageBody = typeof body === "string" ? body : JSON.stringify(body);
        const MessageAttributes = { ...stamp, ...more.MessageAttributes };
        await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody, ...more, MessageAttributes }));
      },
      async consumeInserts(options) {
        const lines = consumerOf(options);
        await pump(
          lines.lambda(({ body }, tx) => tx.insert({ TableName: "Lines", Item: { body } })),
          false,
        );
      },
      async consume(habit = () => {}, options = {}, keep = false) {
        const orders = consumerOf(options);
        const ran: string[] = [];
        const handler = orders.lambda((message, tx) => {
          ran.push(tx.key);
          habit(message, tx);
          tx.increment(effectOf(tx.key), { times: 1 });
        });
        await pump(handler, keep);
        return ran;
      },
      async commit(key, body) {
        const messageAttributes = { [KEY_ATTRIBUTE]: { dataType: "String", stringValue: key } };
        const handler = consumerOf().lambda((_, tx) => tx.increment(effectOf(tx.key), { times: 1 }));
        await handler(sqsEvent({ body, messageAttributes }), context);
      },
      async exhaust() {
        turnedMs += 31_000; // what was received and not deleted is visible again
        for (let rounds = 0; rounds < 50; rounds++) await receive(url, 0);
      },
      async run({ calls: other = calls, strategy, handler, ...more } = {}) {
        const lookup = await findLookup(
          { handler, consumer, table: "Records", strategy, environment: process.env },
          systemHost,
        );
        const { deadLetters, sources, target } = await findQueues(calls, {
          deadLetters: deadUrl,
          to: undefined,
          dryRun: false,
        });
        const sourceArns = sources.map(({ arn }) => arn);
        const destination = target && { arn: target.arn, sourceArns, consumer };
        const judge = letterJudge({
          lookup,
          destination,
          arn: deadLetters.arn,
          send: sdkSend(dynoxide.client),
          host: systemHost,
        });
        return redrive(
          {
            ...{ deadLetters, target, judge, moves: ALL_BUT_MISMATCH, removesDone: false, dryRun: false },
            ...{ waitSeconds: 0, signal: new AbortController().signal },
            ...more,
          },
          { calls: other, host: { ...systemHost, nowMs: clock.nowMs } },
        );
      },
      counts(which) {
        const queue = server.engine.queues.get(nameOf[which]);
        if (!queue) throw new Error(`no queue ${nameOf[which]}`);
        advance(queue, clock.nowMs());
        return { visible: queue.counts.visible, inFlight: queue.counts.inFlight };
      },
      async peek(which) {
        const at = which === "source" ? url : deadUrl;
        const seen: Message[] = [];
        for (;;) {
          const some = await receive(at, 1);
          if (some.length === 0) break;
          seen.push(...some);
        }
        turnedMs += 1_001;
        return seen;
      },
    };
  }

  return {
    sqs,
    calls,
    dynoxide,
    endpoint: server.endpoint,
    engine: server.engine,
    pair,
    turn(ms: number) {
      turnedMs += ms;
    },
    /** How often each effect of this pair's consumer took place, by key. */
    async effects(of: number = pairs): Promise<Record<string, number>> {
      const { Items = [] } = await dynoxide.client.send(
        new ScanCommand({ TableName: "Effects", ConsistentRead: true }),
      );
      const all = Items.map((item) => unmarshall(item) as { id: string; times: number });
      const own = all
        .filter(({ id }) => id.startsWith(`c${of}/`))
        .map(({ id, times }) => [id.slice(id.indexOf("/") + 1), times]);
      return Object.fromEntries(own.sort());
    },
    async [Symbol.asyncDispose]() {
      sqs.destroy();
      await server.stop();
      await dynoxide.stop();
    },
  };
}

const SILENT = { debug() {}, info() {}, warn() {}, error() {} };
