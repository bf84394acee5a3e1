// Reads what is there: effects, charges, dead letters.

import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  DeleteMessageBatchCommand,
  ListMessageMoveTasksCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { BatchGetCommand, DynamoDBDocumentClient, paginateScan } from "@aws-sdk/lib-dynamodb";
import type { LocalCloud } from "semel/local";
import { QUEUE_BATCH_MESSAGES_MAX } from "../lib/aws/limits.ts";
import { STACK } from "./app.ts";
import { accountId, accountOf, COUNT, EFFECT_KEY } from "./message.ts";
import { OUTPUTS } from "./stack.ts";

export interface Effects {
  readonly applied: ReadonlyMap<string, number>;
  readonly accounts: ReadonlyMap<string, number>;
}

export interface EffectStore {
  readonly sqs: SQSClient;
  readonly queueUrl: string;
  effects(): Promise<Effects>;
  /** How many effects all accounts count together. */
  appliedInAccounts(accounts: readonly string[]): Promise<number>;
  /** Idempotency keys of each key's charges. */
  charges(): Promise<ReadonlyMap<string, number>>;
  /** Moves all dead letters back to their queue. They get new message ids. */
  redrive(): Promise<void>;
  /** Takes the bodies of all dead letters off their queue. */
  takeDeadLetters(): Promise<string[]>;
  close(): void;
}

const POLL_MS = 100;

export function openStore(cloud: LocalCloud): EffectStore {
  const outputs = cloud.outputs(STACK);
  const sqs = new SQSClient(cloud.clientConfig.sqs);
  const client = new DynamoDBClient(cloud.clientConfig.dynamodb);
  const dynamodb = DynamoDBDocumentClient.from(client);
  const effectsTable = output(outputs, OUTPUTS.effects);
  const deadLetterUrl = output(outputs, OUTPUTS.deadLetters);

  async function* items(TableName: string): AsyncGenerator<Record<string, unknown>> {
    for await (const { Items = [] } of paginateScan({ client: dynamodb }, { TableName, ConsistentRead: true }))
      yield* Items;
  }

  return {
    sqs,
    queueUrl: output(outputs, OUTPUTS.queue),
    async effects() {
      const [applied, accounts] = [new Map<string, number>(), new Map<string, number>()];
      for await (const item of items(effectsTable)) {
        const id = String(item[EFFECT_KEY]);
        const account = accountOf(id);
        if (account === undefined) applied.set(id, Number(item[COUNT]));
        else accounts.set(account, Number(item[COUNT]));
      }
      return { applied, accounts };
    },
    async appliedInAccounts(accounts) {
      const Keys = accounts.map((account) => ({ [EFFECT_KEY]: accountId(account) }));
      const { Responses } = await dynamodb.send(new BatchGetCommand({ RequestItems: { [effectsTable]: { Keys } } }));
      return (Responses?.[effectsTable] ?? []).reduce((sum, item) => sum + Number(item[COUNT]), 0);
    },
    async charges() {
      const charges = new Map<string, number>();
      for await (const { key } of items(output(outputs, OUTPUTS.charges))) {
        charges.set(String(key), (charges.get(String(key)) ?? 0) + 1);
      }
      return charges;
    },
    redrive: () => redriveFrom(cloud, sqs, deadLetterUrl),
    takeDeadLetters: () => takeMessages(sqs, deadLetterUrl),
    close() {
      sqs.destroy();
      client.destroy();
    },
  };
}

/** Moves all of a dead-letter queue back to where it came from. */
export async function redriveFrom(cloud: LocalCloud, sqs: SQSClient, deadLetterUrl: string): Promise<void> {
  const SourceArn = cloud.queues.find(({ url }) => url === deadLetterUrl)?.arn;
  await sqs.send(new StartMessageMoveTaskCommand({ SourceArn }));
  for (;;) {
    const { Results } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn, MaxResults: 1 }));
    if (Results?.[0]?.Status !== "RUNNING") return;
    await sleep(POLL_MS);
  }
}

/** The bodies of all messages, which are taken off their queue. */
export async function takeMessages(sqs: SQSClient, queueUrl: string): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const messages = await receive(sqs, queueUrl);
    if (messages.length === 0) return bodies;
    bodies.push(...messages.map(({ Body }) => Body ?? ""));
  }
}

async function receive(sqs: SQSClient, QueueUrl: string): Promise<readonly Message[]> {
  const most = { QueueUrl, MaxNumberOfMessages: QUEUE_BATCH_MESSAGES_MAX };
  const { Messages: messages = [] } = await sqs.send(new ReceiveMessageCommand(most));
  if (messages.length === 0) return messages;
  const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
  return messages;
}

function output(outputs: Record<string, string>, name: string): string {
  const value = outputs[name];
  if (value === undefined) throw new Error(`the stack has no output ${name}`);
  return value;
}
