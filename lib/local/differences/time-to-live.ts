// Deletes expired items, which the embedded engine keeps for ever.
//
//   TL1. Only an item whose TTL attribute is a number in the past is deleted; one that was renewed meanwhile stays.
//   TL2. As on AWS, an item may outlive its time: nobody may count on its going, nor on its staying.
// Not made good: the stream's record does not name DynamoDB as the one who deleted.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
import {
  type AttributeValue,
  DeleteItemCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ScanCommand,
} from "@aws-sdk/client-dynamodb";

export interface SweepOptions {
  readonly tables: readonly string[];
  readonly client: DynamoDBClient;
  readonly everyMs: number;
}

/** AWS does not delete what expired longer ago: it takes that for a mistake. */
const EXPIRED_SECONDS_MAX: number = 5 * 365 * 24 * 60 * 60;
/** Of one scan: others get their turn at the engine. */
const PAGE_ITEMS = 500;

/** Gives what ends it; it resolves when the sweep at work has stopped. */
export function startSweeps({ tables, client, everyMs }: SweepOptions): () => Promise<void> {
  let isOver = false;
  let working: Promise<unknown> = Promise.resolve();
  const sweepAll = async (): Promise<void> => {
    for (const table of tables) {
      // An engine that restarts: the next sweep comes.
      if (!isOver) await sweep(table, client, () => isOver).catch(() => {});
    }
  };
  let timer: NodeJS.Timeout | undefined;
  const turn = (): void => {
    working = sweepAll().then(() => {
      if (!isOver) timer = setTimeout(turn, everyMs);
    });
  };
  timer = setTimeout(turn, everyMs);
  return async () => {
    isOver = true;
    clearTimeout(timer);
    await working;
  };
}

async function sweep(table: string, client: DynamoDBClient, isOver: () => boolean): Promise<void> {
  const name = { TableName: table };
  const { TimeToLiveDescription: ttl } = await client.send(new DescribeTimeToLiveCommand(name));
  const attribute = ttl?.TimeToLiveStatus === "ENABLED" ? ttl.AttributeName : undefined;
  if (attribute === undefined) return;
  const { Table: description } = await client.send(new DescribeTableCommand(name));
  const keys = (description?.KeySchema ?? []).map((key) => key.AttributeName ?? "");
  const nowSeconds = Math.floor(Date.now() / 1000);
  const condition = {
    // TL1: only numbers compare with numbers.
    expression: "#ttl <= :now AND #ttl > :old",
    ExpressionAttributeNames: { "#ttl": attribute },
    ExpressionAttributeValues: { ":now": { N: `${nowSeconds}` }, ":old": { N: `${nowSeconds - EXPIRED_SECONDS_MAX}` } },
  };
  const { expression, ...values } = condition;
  let from: Record<string, AttributeValue> | undefined;
  do {
    const start = from === undefined ? {} : { ExclusiveStartKey: from };
    const page = await client.send(
      new ScanCommand({ ...name, ...values, ...start, FilterExpression: expression, Limit: PAGE_ITEMS }),
    );
    for (const item of page.Items ?? []) {
      const key = Object.fromEntries(keys.map((one) => [one, item[one] ?? { NULL: true }]));
      const command = new DeleteItemCommand({ ...name, ...values, Key: key, ConditionExpression: expression });
      await client.send(command).catch(() => {}); // TL1: renewed meanwhile
    }
    from = page.LastEvaluatedKey;
  } while (from !== undefined && !isOver());
}
