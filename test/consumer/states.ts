// What the tests of states in many-statement calls share: consumers that fold the places of messages, over any engine.

import { type Host, systemHost } from "../../lib/host.ts";
import type { ExactlyOnceOptions, Message } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type { DynamoDbRequest, Send } from "../../lib/store/send.ts";
import { type StatementFault, withFaults } from "../support/statement-faults.ts";
import { sent } from "./ordered.ts";

export interface Places {
  readonly places: number[];
}
export const TABLES = { Records: { partitionKey: "pk" }, States: { partitionKey: "key" } };
export const memoryStates = (): ReturnType<typeof memoryDynamoDb> => memoryDynamoDb(TABLES);

/** A process: what it remembers is its own. */
export interface Folder {
  /** Resolves with the response. */
  deliver(event: unknown, timeLeftMs?: number): Promise<unknown>;
  /** What was sent since it was asked last. */
  operations(): string[];
  readonly requests: DynamoDbRequest[];
  /** Codes of what failed. */
  readonly codes: unknown[];
}

interface FolderOptions extends ExactlyOnceOptions {
  readonly host?: Host;
  readonly nextFaults?: readonly StatementFault[];
  readonly partitionKey?: string;
  readonly apply?: (state: Places, message: Message) => Places;
}

export function folder(engine: Send, options: FolderOptions = {}): Folder {
  const { host = systemHost, nextFaults = [], partitionKey = "key", apply = append, ...rest } = options;
  const faulty = withFaults(engine, host, nextFaults);
  const requests: DynamoDbRequest[] = [];
  const codes: unknown[] = [];
  const send: Send = (request, sendOptions) => {
    requests.push(request);
    return faulty(request, sendOptions);
  };
  const error = (_: string, details: Record<string, unknown>): void => void codes.push(details["code"]);
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error };
  const common = { consumer: "orders", table: "Records", retentionDays: 40, strategy: "watermark", logger } as const;
  const handler = createExactlyOnce({ ...common, ...rest }, { host, send, environment: {} }).reduce<Places, never>({
    table: "States",
    partitionKey,
    initial: { places: [] },
    apply,
  });
  let told = 0;
  return {
    requests,
    codes,
    deliver(event, timeLeftMs = 10_000) {
      const endMs = host.nowMs() + timeLeftMs;
      return handler(event as never, {
        awsRequestId: "r",
        getRemainingTimeInMillis: () => endMs - host.nowMs(),
      });
    },
    operations() {
      const fresh = requests.slice(told).map(({ operation }) => operation);
      told = requests.length;
      return fresh;
    },
  };
}

function append({ places }: Places, message: Message): Places {
  return { places: [...places, sent(message).at] };
}

export const NOTHING_FAILED = { batchItemFailures: [] };
