// Clients of what is given, tables and queues with names of this run, and their removal.
//
//   EG1. Whatever is created has a name that begins with the run's prefix, and `sweep` deletes what does: also what a test
//        that failed, or a process that died, left behind.

import { DeleteTableCommand, DynamoDBClient, ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { DeleteQueueCommand, ListQueuesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { sdkSend } from "../../lib/store/sdk-send.ts";
import type { Send } from "../../lib/store/send.ts";
import type { Target } from "../local/sqs/scene.ts";
import type { Engine } from "../store/conformance.ts";
import { createTables } from "../support/tables.ts";
import { givenFor, type Service } from "./given.ts";
import { withTablePrefix } from "./renamed.ts";

export const PREFIX_VARIABLE = "SEMEL_TEST_AWS_PREFIX";
export const PREFIX_PATTERN: RegExp = /^semel-test-[a-z0-9]{6,}$/;
/** One that finds nothing is asked again this often: a short poll of AWS's looks at some servers only. */
const EMPTY_RECEIVES_REPEATED = 4;
/** A table that is still being created cannot be deleted. */
const DELETIONS_MAX = 30;
const DELETION_PAUSE_MS = 2_000;

export function runPrefix(): string {
  const prefix = process.env[PREFIX_VARIABLE];
  if (prefix === undefined) throw new Error("These tests are run by npm run test:aws, which removes what they create");
  return prefix;
}

const random = (): string => Math.random().toString(36).slice(2, 8);

/** Region, endpoint and credentials. An engine at an endpoint is not shown real ones. */
export function clientConfig(service: Service) {
  const given = givenFor(service);
  if (given.kind === "nothing") throw new Error(given.reason);
  const { region } = given;
  if (given.kind === "aws") return { region };
  return { region, endpoint: given.endpoint, credentials: { accessKeyId: "local", secretAccessKey: "local" } };
}

export interface Tables extends Engine {
  readonly client: DynamoDBClient;
  /** The name that this table has in the account. */
  real(name: string): string;
  /** For another client's requests to the same tables. */
  sendBy(client: DynamoDBClient): Send;
}

/** New tables, by name: the partition key, a string. Who sends to them says their short names. */
export async function startTables(tables: Readonly<Record<string, string>>): Promise<Tables> {
  const client = new DynamoDBClient({ ...clientConfig("DynamoDB"), maxAttempts: 1 }); // semel's own retries are tested
  const prefix = `${runPrefix()}-${random()}-`;
  const real = (name: string): string => prefix + name;
  const creator = new DynamoDBClient({ ...clientConfig("DynamoDB"), maxAttempts: 5 });
  await createTables(creator, Object.fromEntries(Object.entries(tables).map(([name, key]) => [real(name), key])));
  creator.destroy();
  const sendBy = (one: DynamoDBClient): Send => withTablePrefix(sdkSend(one), prefix);
  return { client, real, sendBy, send: sendBy(client), stop: async () => client.destroy() };
}

export function sqsTarget(): Target {
  const given = givenFor("SQS");
  if (given.kind === "nothing") throw new Error(given.reason);
  const common = { region: given.region, namePrefix: runPrefix(), stop: async () => {} };
  if (given.kind === "endpoint") return { ...common, endpoint: given.endpoint };
  const endpoint = `https://sqs.${given.region}.amazonaws.com`;
  return { ...common, endpoint, emptyReceivesRepeated: EMPTY_RECEIVES_REPEATED };
}

/** EG1. The names of what it deleted. */
export async function sweep(prefix: string): Promise<string[]> {
  if (!PREFIX_PATTERN.test(prefix)) {
    throw new Error(`Cannot delete what begins with "${prefix}": a run's prefix looks like semel-test-1a2b3c`);
  }
  return [...(await sweepTables(prefix)), ...(await sweepQueues(prefix))];
}

async function sweepTables(prefix: string): Promise<string[]> {
  if (givenFor("DynamoDB").kind === "nothing") return [];
  const client = new DynamoDBClient({ ...clientConfig("DynamoDB"), maxAttempts: 5 });
  const names: string[] = [];
  try {
    let from: string | undefined;
    do {
      const command: ListTablesCommand = new ListTablesCommand({ ExclusiveStartTableName: from });
      const { TableNames = [], LastEvaluatedTableName } = await client.send(command);
      names.push(...TableNames.filter((name) => name.startsWith(`${prefix}-`)));
      from = LastEvaluatedTableName;
    } while (from !== undefined);
    for (const name of names) await deleteTable(client, name);
    return names;
  } finally {
    client.destroy();
  }
}

async function deleteTable(client: DynamoDBClient, TableName: string): Promise<void> {
  for (let left = DELETIONS_MAX; ; left--) {
    try {
      await client.send(new DeleteTableCommand({ TableName }));
      return;
    } catch (error) {
      const { name } = error as Error;
      if (name === "ResourceNotFoundException") return;
      const waits = name === "ResourceInUseException" || name === "LimitExceededException";
      if (!waits || left === 0) throw error;
      await new Promise((resolve) => setTimeout(resolve, DELETION_PAUSE_MS));
    }
  }
}

async function sweepQueues(prefix: string): Promise<string[]> {
  if (givenFor("SQS").kind === "nothing") return [];
  const client = new SQSClient({ ...clientConfig("SQS"), maxAttempts: 5 });
  const urls: string[] = [];
  try {
    let NextToken: string | undefined;
    do {
      const command: ListQueuesCommand = new ListQueuesCommand({
        QueueNamePrefix: `${prefix}-`,
        MaxResults: 1000,
        NextToken,
      });
      const answer = await client.send(command);
      urls.push(...(answer.QueueUrls ?? []));
      NextToken = answer.NextToken;
    } while (NextToken !== undefined);
    for (const QueueUrl of urls) {
      await client.send(new DeleteQueueCommand({ QueueUrl })).catch((error: Error) => {
        if (error.name !== "QueueDoesNotExist") throw error; // the list is late
      });
    }
    return urls.map((url) => url.split("/").at(-1) ?? url);
  } finally {
    client.destroy();
  }
}
