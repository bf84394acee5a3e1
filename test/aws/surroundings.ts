// Real tables and queues around consumers that send every command.

import { DescribeTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type Message, SQSClient } from "@aws-sdk/client-sqs";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import type { SqsEvent, SqsRecord } from "../../lib/aws/lambda.ts";
import { type SqsClient, sdkSqsSend } from "../../lib/consumer/sqs-send.ts";
import { createScene, type Scene } from "../local/sqs/scene.ts";
import type { Surroundings } from "../support/every-command.ts";
import { clientConfig, sqsTarget, startTables, type Tables } from "./engines.ts";
import type { Resource, Stage } from "./iam.ts";

const RECEIVES_MAX = 30;
/** The least that STS gives. */
const SESSION_SECONDS = 900;

export interface RealSurroundings {
  readonly around: Surroundings;
  /** For the examination of grants: each policy narrows a session of this role. */
  stage(roleArn: string): Promise<Stage>;
  stop(): Promise<void>;
}

export async function startSurroundings(): Promise<RealSurroundings> {
  const tables = await startTables({ Records: "pk", Ledger: "id", Journal: "id", States: "id" });
  const scene = createScene(sqsTarget());
  const { url, deadUrl } = await scene.pair(100);
  const arn = await scene.arn(url);
  const region = arn.split(":")[3] ?? "";
  const around = (idPrefix: string): Surroundings => ({
    send: tables.send,
    sqsSend: sdkSqsSend(scene.sqs as Pick<SQSClient, never> as SqsClient),
    deadLetterQueueUrl: deadUrl,
    deliver: (bodies) => deliver(scene, { url, arn, region }, bodies),
    idPrefix,
  });
  return {
    around: around("own-"),
    stage: async (roleArn) => ({
      around: around("granted-"),
      arns: { ...(await tableArns(tables)), queue: arn, deadLetterQueue: await scene.arn(deadUrl) },
      assume: (policy) => assume(roleArn, policy, tables),
    }),
    async stop() {
      await scene.end();
      await tables.stop();
    },
  };
}

/** Sends the bodies, and receives until all are there: other messages of the queue, hidden ones that come again, are left. */
async function deliver(
  scene: Scene,
  { url, arn, region }: { readonly url: string; readonly arn: string; readonly region: string },
  bodies: readonly object[],
): Promise<SqsEvent> {
  const texts = bodies.map((body) => JSON.stringify(body));
  const sent = await Promise.all(texts.map((text) => scene.send(url, text)));
  const received = new Map<string, Message>();
  for (let left = RECEIVES_MAX; left > 0 && !sent.every(({ MessageId = "" }) => received.has(MessageId)); left--) {
    for (const message of await scene.receive(url, { WaitTimeSeconds: 2, VisibilityTimeout: 120 })) {
      received.set(message.MessageId ?? "", message);
    }
  }
  const Records = sent.map(({ MessageId = "" }): SqsRecord => {
    const message = received.get(MessageId);
    if (message === undefined) throw new Error(`message ${MessageId} of ${url} did not come`);
    return {
      messageId: MessageId,
      receiptHandle: message.ReceiptHandle ?? "",
      body: message.Body ?? "",
      attributes: { ...message.Attributes } as unknown as SqsRecord["attributes"],
      messageAttributes: {},
      md5OfBody: message.MD5OfBody ?? "",
      eventSource: "aws:sqs",
      eventSourceARN: arn,
      awsRegion: region,
    };
  });
  return { Records };
}

type TableName = Extract<Resource, "Records" | "Ledger" | "Journal" | "States">;

async function tableArns({ client, real }: Tables): Promise<Record<TableName, string>> {
  const arnOf = async (name: TableName): Promise<string> =>
    (await client.send(new DescribeTableCommand({ TableName: real(name) }))).Table?.TableArn ?? "";
  const [Records, Ledger] = [await arnOf("Records"), await arnOf("Ledger")];
  return { Records, Ledger, Journal: await arnOf("Journal"), States: await arnOf("States") };
}

async function assume(RoleArn: string, Policy: string, tables: Tables) {
  const sts = new STSClient(clientConfig("DynamoDB"));
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({ RoleArn, Policy, RoleSessionName: "semel-test", DurationSeconds: SESSION_SECONDS }),
  );
  sts.destroy();
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? "",
    secretAccessKey: Credentials?.SecretAccessKey ?? "",
    sessionToken: Credentials?.SessionToken ?? "",
  };
  const sqs = new SQSClient({ ...clientConfig("SQS"), credentials });
  return {
    send: tables.sendBy(new DynamoDBClient({ ...clientConfig("DynamoDB"), credentials })),
    sqsSend: sdkSqsSend(sqs as Pick<SQSClient, never> as SqsClient),
  };
}
