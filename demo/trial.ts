// One trial: the local cloud with one handler, the input on its queue, trouble, and the check of the ledger.

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient, paginateScan } from "@aws-sdk/lib-dynamodb";
import { type LocalCloud, type LogLine, startLocal } from "semel/local";
import type { OrderLine } from "../functions/orders/order-line.ts";
import { type HandlerName, STACKS } from "./app.ts";
import { type Crashes, plotCrashes } from "./crashes.ts";
import { checkLedger, type LedgerCheck, type LedgerTables } from "./ledger.ts";
import { sendAll } from "./producer.ts";
import type { Progress } from "./progress.ts";
import type { Random } from "./random.ts";
import { createTimeline, type Timeline } from "./timeline.ts";

export interface TrialInput {
  readonly handler: HandlerName;
  /** The cloud assembly. */
  readonly assembly: string;
  readonly lines: readonly OrderLine[];
  /** The lines in order of sending, repetitions among them. */
  readonly sends: readonly OrderLine[];
  readonly crashes: number;
  readonly random: Random;
  readonly progress: Progress;
  readonly logger: (line: LogLine) => void;
}

/** Figures of one trial, as they go into the JSON. */
export interface TrialResult extends LedgerCheck {
  readonly handler: HandlerName;
  readonly messages: number;
  readonly sends: number;
  readonly deliveries: number;
  readonly crashes: number;
  readonly deadLettered: number;
  /** From the first send to the end of the last invocation. */
  readonly seconds: number;
  readonly visibilityWaitSeconds: number;
  readonly messagesPerSecond: number;
  readonly dynamodbRequestsPerMessage: number;
}

const DRAIN_TIMEOUT_MS = 10 * 60_000;

export async function runTrial(input: TrialInput): Promise<TrialResult> {
  let crashes: Crashes | undefined;
  const timeline = createTimeline((messages) => crashes?.delivered(messages));
  const cloud = await startLocal({
    assembly: input.assembly,
    stacks: [STACKS[input.handler]],
    logger: input.logger,
    transactionConflicts: false, // its counters are so hot that waiting for one another is most of what would be seen
    observer(event) {
      timeline.observe(event);
      input.progress.update(timeline.deleted());
    },
  });
  try {
    const [fn] = cloud.functions;
    if (!fn) throw new Error(`stack ${STACKS[input.handler]} has no function`);
    crashes = plotCrashes(fn, input.crashes, input.sends.length, input.random);
    return await runOn(cloud, input, timeline, crashes);
  } finally {
    await crashes?.stop();
    await cloud.stop();
  }
}

async function runOn(cloud: LocalCloud, input: TrialInput, timeline: Timeline, crashes: Crashes): Promise<TrialResult> {
  const outputs = cloud.outputs(STACKS[input.handler]);
  const sqs = new SQSClient(cloud.clientConfig.sqs);
  const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient(cloud.clientConfig.dynamodb));
  const startMs = Date.now();
  await sendAll(sqs, output(outputs, "QueueUrl"), input.sends, () => {});
  await cloud.idle({ timeoutMs: DRAIN_TIMEOUT_MS });
  const seconds = (timeline.lastEndMs() - startMs) / 1000;
  const requests = Object.values(cloud.dynamodbRequests()).reduce((all, count) => all + count, 0);
  const check = checkLedger(input.lines, await readTables(dynamodb, outputs));
  return {
    handler: input.handler,
    messages: input.lines.length,
    sends: input.sends.length,
    deliveries: timeline.deliveries(),
    crashes: crashes.count(),
    ...check,
    deadLettered: await queueDepth(sqs, output(outputs, "DeadLetterQueueUrl")),
    seconds: rounded(seconds),
    visibilityWaitSeconds: rounded(timeline.visibilityWaitSeconds()),
    messagesPerSecond: rounded(input.lines.length / seconds),
    dynamodbRequestsPerMessage: rounded(requests / input.lines.length),
  };
}

async function readTables(dynamodb: DynamoDBDocumentClient, outputs: Record<string, string>): Promise<LedgerTables> {
  const scan = async (name: string): Promise<Record<string, unknown>[]> => {
    const items: Record<string, unknown>[] = [];
    const pages = paginateScan({ client: dynamodb }, { TableName: output(outputs, name), ConsistentRead: true });
    for await (const { Items = [] } of pages) items.push(...Items);
    return items;
  };
  return {
    ledger: await scan("LedgerTable"),
    customers: await scan("CustomersTable"),
    articles: await scan("ArticlesTable"),
  };
}

async function queueDepth(sqs: SQSClient, QueueUrl: string): Promise<number> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["ApproximateNumberOfMessages"] }),
  );
  return Number(Attributes?.["ApproximateNumberOfMessages"]);
}

function output(outputs: Record<string, string>, name: string): string {
  const value = outputs[name];
  if (value === undefined) throw new Error(`the stack has no output ${name}`);
  return value;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
