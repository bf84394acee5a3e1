// The relay for real: the construct's own bundle in the local cloud, on a table's stream, between the embedded DynamoDB and a real queue.

import { hash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient, ScanCommand, TransactWriteItemsCommand } from "@aws-sdk/client-dynamodb";
import { App, RemovalPolicy, Stack } from "aws-cdk-lib";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { OutboxRelay } from "semel/constructs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type LocalCloud,
  type LocalOptions,
  type LogLine,
  type QueuedMessage,
  startLocal,
} from "../../lib/local/index.ts";
import { type DeclaredMessage, outboxItems } from "../../lib/protocol/outbox.ts";

const MESSAGES = 40;
const GROUPS = ["g", "h", "i"];
const sha256 = (text: string): string => hash("sha256", text, "hex");

interface Running extends AsyncDisposable {
  readonly cloud: LocalCloud;
  readonly lines: readonly LogLine[];
  url(name: string): string;
  /** One transaction. */
  commit(number: number, messages: readonly DeclaredMessage[]): Promise<void>;
  messages(name: string): Promise<QueuedMessage[]>;
  itemsLeft(): Promise<number>;
}

describe("the relay on the local cloud", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "semel-relay-"));
    const app = new App({ outdir: folder });
    const stack = new Stack(app, "Outbox");
    const targets = [new Queue(stack, "Plain"), new Queue(stack, "Ordered", { fifo: true })];
    new OutboxRelay(stack, "Relay", { targets, removalPolicy: RemovalPolicy.DESTROY });
    app.synth();
  }, 60_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function start(faults: LocalOptions["faults"] = {}): Promise<Running> {
    const lines: LogLine[] = [];
    const cloud = await startLocal({ assembly: folder, logger: (line) => lines.push(line), faults });
    const dynamodb = new DynamoDBClient(cloud.clientConfig.dynamodb);
    const TableName = cloud.tables[0]?.name ?? "";
    const queue = (name: string) => cloud.queues.find(({ logicalId }) => logicalId.startsWith(name));
    return {
      cloud,
      lines,
      url: (name) => queue(name)?.url ?? "",
      async commit(number, messages) {
        const sequence = String(number).padStart(20, "0");
        const commit = {
          prefix: sha256(`commit ${number}`),
          createdAtMs: Date.now(),
          sequenceOf: () => sequence,
          sha256,
        };
        const TransactItems = outboxItems(messages, commit).map((Item) => ({ Put: { TableName, Item } }));
        await dynamodb.send(new TransactWriteItemsCommand({ TransactItems }));
      },
      messages: async (name) => {
        const found = queue(name);
        return found === undefined ? [] : cloud.messages(found);
      },
      async itemsLeft() {
        const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName }));
        return Items.length;
      },
      async [Symbol.asyncDispose]() {
        dynamodb.destroy();
        await cloud.stop();
      },
    };
  }

  /** Each of them to a group in turn, and one that stands alone. */
  async function commitAll({ commit, url }: Running): Promise<void> {
    for (let number = 1; number <= MESSAGES; number++) {
      const groupId = GROUPS[number % GROUPS.length] ?? "";
      await commit(number, [
        { kind: "sqs", target: url("Ordered"), groupId, body: `${number}` },
        { kind: "sqs", target: url("Plain"), body: `${number}` },
      ]);
    }
  }

  const idOf = ({ messageAttributes }: QueuedMessage) => messageAttributes["semel-idempotency-key"]?.stringValue;
  const expectOrder = (messages: readonly QueuedMessage[]): void => {
    const groups = Map.groupBy(messages, ({ attributes }) => attributes["MessageGroupId"]);
    expect([...groups.keys()].sort()).toEqual(GROUPS);
    for (const own of groups.values()) {
      const numbers = own.map(({ body }) => Number(body));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    }
  };

  it("sends what was committed, each group in order, and empties its table", { timeout: 60_000 }, async () => {
    await using running = await start();
    await commitAll(running);
    await running.cloud.idle({ timeoutMs: 40_000 });
    const [ordered, plain] = [await running.messages("Ordered"), await running.messages("Plain")];
    expect(ordered).toHaveLength(MESSAGES);
    expectOrder(ordered);
    expect(plain.map(({ body }) => Number(body)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: MESSAGES }, (_, index) => index + 1),
    );
    expect(new Set([...ordered, ...plain].map(idOf)).size).toBe(2 * MESSAGES);
    for (const message of ordered) expect(message.attributes["MessageDeduplicationId"]).toBe(idOf(message));
    expect(await running.itemsLeft()).toBe(0);
    expect(running.lines.filter(({ level }) => level === "error").map(({ text }) => text)).toEqual([]);
  });

  it("loses nothing when it is killed, and sends the same again under the same ids", { timeout: 60_000 }, async () => {
    const kill = { fault: "kill", function: "RelayFunction", atCall: [3, 8], limit: 4 } as const;
    await using running = await start({ workers: [{ ...kill, when: "after" }] });
    await commitAll(running);
    await running.cloud.idle({ timeoutMs: 40_000 });
    expect(running.cloud.faults.counts()).toMatchObject({ kill: expect.any(Number) });
    const [ordered, plain] = [await running.messages("Ordered"), await running.messages("Plain")];
    expect(ordered).toHaveLength(MESSAGES); // FIFO drops what came twice
    expectOrder(ordered);
    const ids = Map.groupBy(plain, ({ body }) => body);
    expect(ids.size).toBe(MESSAGES);
    for (const copies of ids.values()) expect(new Set(copies.map(idOf)).size).toBe(1);
    expect(await running.itemsLeft()).toBe(0);
  });
});
