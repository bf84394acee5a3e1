// What DynamoDB answered, in a word or two that can be counted and compared.

import type { DynamoDBClient, TransactWriteItemsCommandInput } from "@aws-sdk/client-dynamodb";
import { TransactWriteItemsCommand } from "@aws-sdk/client-dynamodb";

export const APPLIED = "applied";
const THROTTLED_PATTERN = /Throttl|ProvisionedThroughputExceeded|RequestLimitExceeded/;
const PATIENCE_TRIES = 20;
const PATIENCE_PAUSE_MS = 3_000;

/** "applied"; or the codes of all reasons of a cancellation, as "ConditionalCheckFailed + None"; or the error's name. */
export async function transact(client: DynamoDBClient, input: TransactWriteItemsCommandInput): Promise<string> {
  try {
    await client.send(new TransactWriteItemsCommand(input));
    return APPLIED;
  } catch (error) {
    return nameOf(error);
  }
}

/** Waits out throttling, which large transactions on a new table meet; it is the last answer all the same if it does not end. */
export async function transactPatiently(
  client: DynamoDBClient,
  input: TransactWriteItemsCommandInput,
): Promise<string> {
  for (let left = PATIENCE_TRIES; ; left--) {
    const answer = await transact(client, input);
    if (!THROTTLED_PATTERN.test(answer) || left === 0) return answer;
    await new Promise((resolve) => setTimeout(resolve, PATIENCE_PAUSE_MS));
  }
}

export function nameOf(error: unknown): string {
  const { name, CancellationReasons } = error as Error & { CancellationReasons?: { Code?: string }[] };
  return CancellationReasons?.map(({ Code = "?" }) => Code).join(" + ") ?? name;
}
