// A local cloud as tests see it: everything by its name, and by one call.

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { findNamed } from "../../local/find-named.ts";
import type { LocalCloud, LocalFunction, LocalQueue, LocalTable } from "../../local/index.ts";
import { deadLetterQueueOf, redriveQueue, toDeadLetter } from "./dead-letters.ts";
import { readItem, scanItems } from "./items.ts";
import type { KeptLog } from "./kept-log.ts";
import { sendMessages } from "./send.ts";
import type { TestCloud, TestCopyOptions } from "./types.ts";

/** Longer than a message hides after it failed, in most stacks; a test that waits longer says so. */
const IDLE_MS_MAX = 30_000;

export interface TestCloudParts {
  readonly cloud: LocalCloud;
  readonly log: KeptLog;
  readonly copy: (options: TestCopyOptions) => Promise<TestCloud>;
}

export function toTestCloud({ cloud, log, copy }: TestCloudParts): TestCloud {
  const { clientConfig, faults, functions, outputs, queues, stackNames, streams, tables, nameSuffix } = cloud;
  const sqs = new SQSClient(clientConfig.sqs);
  const plain = new DynamoDBClient(clientConfig.dynamodb);
  const dynamodb = DynamoDBDocumentClient.from(plain, { marshallOptions: { removeUndefinedValues: true } });
  const common = { nameSuffix };
  const queue = (name: string, action: string): LocalQueue =>
    findNamed(name, { all: queues, kind: "queue", action, ...common });
  const table = (name: string): LocalTable =>
    findNamed(name, { all: tables, kind: "table", action: "Cannot read", ...common });
  const fn = (name: string, action: string): LocalFunction =>
    findNamed(name, { all: functions, kind: "function", action, ...common });
  const stop = async (): Promise<void> => {
    try {
      await cloud.stop();
    } finally {
      sqs.destroy();
      plain.destroy();
    }
  };
  return {
    clientConfig,
    faults,
    functions,
    outputs,
    queues,
    stackNames,
    streams,
    tables,
    clients: { sqs, dynamodb },
    send: async (name, messages, options = {}) =>
      sendMessages({ client: sqs, queue: queue(name, "Cannot send") }, messages, options),
    replay: async (name, ...events) => {
      const all = streams.map((stream) => ({ ...stream, name: stream.functionName }));
      return findNamed(name, { all, kind: "stream", action: "Cannot replay", ...common }).replay(...events);
    },
    idle: (options = {}) => log.telling(() => cloud.idle({ timeoutMs: IDLE_MS_MAX, ...options })),
    items: async (name) => scanItems(table(name).name, plain),
    item: async (name, key) => readItem(table(name).name, key, plain),
    async deadLetters(name) {
      const found = await deadLetterQueueOf(queue(name, "Cannot read dead letters"), { queues, client: sqs });
      return (await cloud.messages(found.queue)).map(toDeadLetter);
    },
    async redrive(name) {
      return redriveQueue(await deadLetterQueueOf(queue(name, "Cannot redrive"), { queues, client: sqs }), sqs);
    },
    invoke: async (name, event) => {
      const found = fn(name, "Cannot invoke");
      return log.telling(() => found.invoke(event));
    },
    logs(name) {
      if (name === undefined) return log.lines();
      const source = fn(name, "Cannot read the log").name;
      return log.lines().filter((line) => line.source === source);
    },
    copy: async (options = {}) => copy(options),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
