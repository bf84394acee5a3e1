// Engines and clients: what a local cloud stands on.
import { join } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import { startDynamoDbEngine } from "./engines/dynamodb.ts";
import { type Engine, givenEngine } from "./engines/engine.ts";
import { type EmbeddedSqs, startSqsEngine } from "./engines/sqs.ts";
import { type Identity, identityOf } from "./identity.ts";
import { localError } from "./local-error.ts";
import { type Reaper, startReaper } from "./reaper.ts";
import { createStaging, makeDataFolder, makeStagingFolder, type Stage } from "./staging.ts";
import type { ClientConfig, EngineName, LocalCloud, LocalOptions } from "./types.ts";

export interface Foundation {
  readonly identity: Identity;
  readonly dynamodb: Engine;
  readonly sqs: Engine | EmbeddedSqs;
  /** Which of them are ours. */
  readonly embedded: Readonly<Record<EngineName, boolean>>;
  readonly reaper: Reaper;
  readonly stage: Stage;
  /** Bootstrap servers of a Kafka that runs already. */
  readonly kafka: string | undefined;
  readonly clientConfig: LocalCloud["clientConfig"];
  readonly dynamodbClient: DynamoDBClient;
  readonly sqsClient: SQSClient;
}

/** Undoes, in the reverse order, what was started. */
export interface Undo {
  add(step: () => unknown): void;
  run(): Promise<void>;
}

export function createUndo(): Undo {
  const steps: (() => unknown)[] = [];
  let done: Promise<void> | undefined;
  const runAll = async (): Promise<void> => {
    const errors: unknown[] = [];
    for (const step of steps.reverse()) {
      try {
        await step();
      } catch (thrown) {
        errors.push(thrown); // the other steps still have to run
      }
    }
    if (errors.length > 0) throw errors[0];
  };
  return {
    add: (step) => steps.push(step),
    run: () => {
      done ??= runAll();
      return done;
    },
  };
}

export interface FoundationOptions extends Pick<LocalOptions, "endpoints"> {
  /** The embedded DynamoDB engine keeps its tables in a file. */
  readonly restartable: boolean;
}

export async function layFoundation(
  options: FoundationOptions,
  env: NodeJS.ProcessEnv,
  undo: Undo,
): Promise<Foundation> {
  const given = {
    dynamodb: options.endpoints?.dynamodb ?? nonEmpty(env["AWS_ENDPOINT_URL_DYNAMODB"]),
    sqs: options.endpoints?.sqs ?? nonEmpty(env["AWS_ENDPOINT_URL_SQS"]),
    kinesis: kinesisEndpoint(options.endpoints?.kinesis ?? nonEmpty(env["AWS_ENDPOINT_URL_KINESIS"])),
  };
  const identity = identityOf(
    Object.values(given).every((endpoint) => endpoint === undefined),
    env,
  );

  const stagingFolder = await makeStagingFolder();
  const dataFolders = options.restartable && given.dynamodb === undefined ? [await makeDataFolder()] : [];
  const reaper = startReaper(stagingFolder, ...dataFolders);
  undo.add(() => reaper.close()); // removes the staging folder too

  const [file] = dataFolders.map((folder) => join(folder, "tables.db"));
  const dynamodb =
    given.dynamodb === undefined ? await startDynamoDbEngine({ reaper, file }) : givenEngine(given.dynamodb);
  undo.add(() => dynamodb.stop());
  const sqs = given.sqs === undefined ? await startSqsEngine(identity.region) : givenEngine(given.sqs);
  undo.add(() => sqs.stop());

  const configOf = (endpoint: string): ClientConfig => ({
    endpoint,
    region: identity.region,
    ...(identity.credentials === undefined ? {} : { credentials: identity.credentials }),
  });
  const kafka = kafkaServers(options.endpoints?.kafka ?? nonEmpty(env["KAFKA_BOOTSTRAP_SERVERS"]));
  const stage = createStaging(stagingFolder);
  const clientConfig = {
    dynamodb: configOf(dynamodb.endpoint),
    sqs: configOf(sqs.endpoint),
    ...(given.kinesis === undefined ? {} : { kinesis: configOf(given.kinesis) }),
  };
  const dynamodbClient = new DynamoDBClient(clientConfig.dynamodb);
  const sqsClient = new SQSClient(clientConfig.sqs);
  undo.add(() => dynamodbClient.destroy());
  undo.add(() => sqsClient.destroy());
  const embedded = { dynamodb: given.dynamodb === undefined, sqs: given.sqs === undefined };
  return { identity, dynamodb, sqs, embedded, reaper, stage, kafka, clientConfig, dynamodbClient, sqsClient };
}

/** There is no engine for Kinesis here. What we read it with signs nothing. */
function kinesisEndpoint(given: string | undefined): string | undefined {
  if (given === undefined || given.startsWith("http://")) return given?.replace(/\/$/, "");
  throw localError(
    `Cannot start the local cloud: the endpoint of Kinesis is ${given}; allowed: http://…, an engine on this machine ` +
      "(LocalStack); leave it out to replay recorded events",
  );
}

const SERVER = /^[^\s,:/]+:\d+$/;

/** `host:port`, several separated by commas. */
function kafkaServers(given: string | undefined): string | undefined {
  if (given === undefined || given.split(",").every((server) => SERVER.test(server.trim()))) return given;
  throw localError(
    `Cannot start the local cloud: the bootstrap servers of Kafka are ${JSON.stringify(given)}; allowed: host:port, several separated ` +
      "by commas, such as localhost:9092; leave them out to replay recorded events",
  );
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === undefined || text === "" ? undefined : text;
}
