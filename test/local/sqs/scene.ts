// What the conformance suite works with: a client, queues of its own, short ways to say send, receive, fail.

import {
  CreateQueueCommand,
  type CreateQueueCommandInput,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageCommand,
  type SendMessageCommandInput,
  type SendMessageCommandOutput,
  SQSClient,
  SQSServiceException,
} from "@aws-sdk/client-sqs";

/** An engine under test. */
export interface Target {
  readonly endpoint: string;
  readonly region?: string;
  /** What the names of all queues begin with. @default semel */
  readonly namePrefix?: string;
  /**
   * How often a receive that finds nothing asks again at once: AWS's short poll looks at some of its servers only.
   * @default 0
   */
  readonly emptyReceivesRepeated?: number;
  stop(): Promise<void>;
}

export interface Scene {
  readonly sqs: SQSClient;
  readonly endpoint: string;
  name(suffix?: string): string;
  /** Creates a queue and gives its URL. */
  queue(attributes?: CreateQueueCommandInput["Attributes"]): Promise<string>;
  fifo(attributes?: CreateQueueCommandInput["Attributes"]): Promise<string>;
  attributes(url: string): Promise<Record<string, string>>;
  arn(url: string): Promise<string>;
  send(url: string, body: string, more?: Partial<SendMessageCommandInput>): Promise<SendMessageCommandOutput>;
  /** At once what is there, with all attributes, 10 at most. */
  receive(url: string, more?: Partial<ReceiveMessageCommandInput>): Promise<Message[]>;
  /** The code of the error that the call fails with, less its old prefix, which one check of its own is about. */
  codeOf(call: Promise<unknown>): Promise<string>;
  /** A source with a dead-letter queue of the same type. */
  pair(maxReceiveCount: number, isFifo?: boolean): Promise<{ url: string; deadUrl: string }>;
  end(): Promise<void>;
}

const LEGACY_PREFIX = "AWS.SimpleQueueService.";

export const bodies = (messages: readonly Message[]): (string | undefined)[] => messages.map(({ Body }) => Body);

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export function createScene(target: Target): Scene {
  const credentials = { accessKeyId: "local", secretAccessKey: "local" };
  const isAws = new URL(target.endpoint).hostname.endsWith(".amazonaws.com");
  const sqs = new SQSClient({
    endpoint: target.endpoint,
    region: target.region ?? "us-east-1",
    maxAttempts: isAws ? 5 : 1, // AWS throttles who creates many queues
    ...(isAws ? {} : { credentials }),
  });
  const created: string[] = [];
  const prefix = `${target.namePrefix ?? "semel"}-${Math.random().toString(36).slice(2, 8)}`;

  const name = (suffix = "") => `${prefix}-${created.length}-${Math.random().toString(36).slice(2, 6)}${suffix}`;
  const create = async (QueueName: string, Attributes: CreateQueueCommandInput["Attributes"] = {}) => {
    const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
    created.push(QueueUrl);
    return QueueUrl;
  };
  const scene: Scene = {
    sqs,
    endpoint: target.endpoint,
    name,
    queue: (attributes) => create(name(), attributes),
    fifo: (attributes) => create(name(".fifo"), { FifoQueue: "true", ...attributes }),
    async attributes(url) {
      const answer = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["All"] }));
      return answer.Attributes ?? {};
    },
    arn: async (url) => (await scene.attributes(url))["QueueArn"] ?? "",
    send: (url, body, more) => sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body, ...more })),
    async receive(url, more) {
      const all = { MessageSystemAttributeNames: ["All" as const], MessageAttributeNames: ["All"] };
      const repeats = more?.WaitTimeSeconds === undefined ? (target.emptyReceivesRepeated ?? 0) : 0;
      for (let left = repeats; ; left--) {
        const command = new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, ...all, ...more });
        const { Messages = [] } = await sqs.send(command);
        if (Messages.length > 0 || left === 0) return Messages;
      }
    },
    codeOf: async (call) => {
      const error: unknown = await call.then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (error instanceof SQSServiceException) {
        return ((error as { Code?: string }).Code ?? error.name).replace(LEGACY_PREFIX, "");
      }
      throw new Error(`it did not fail as a call of SQS does: ${String(error)}`);
    },
    async pair(maxReceiveCount, isFifo = false) {
      const deadUrl = await (isFifo ? scene.fifo() : scene.queue());
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: await scene.arn(deadUrl), maxReceiveCount });
      return { url: await (isFifo ? scene.fifo({ RedrivePolicy }) : scene.queue({ RedrivePolicy })), deadUrl };
    },
    async end() {
      await Promise.allSettled(created.map((QueueUrl) => sqs.send(new DeleteQueueCommand({ QueueUrl }))));
      sqs.destroy();
      await target.stop();
    },
  };
  return scene;
}
