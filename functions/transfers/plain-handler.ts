// The same function without semel, for comparison: plain reads and writes, one message after the other, as a FIFO queue wants it.

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { SQSHandler } from "aws-lambda";
import { ACCOUNTS, DECISIONS } from "./tables.ts";
import { type Account, type Decision, Transfer } from "./transfer.ts";

const client = DynamoDBDocumentClient.from(new DynamoDBClient());

export const handler: SQSHandler = async ({ Records }) => {
  for (const [index, { body }] of Records.entries()) {
    try {
      await decide(Transfer.parse(JSON.parse(body)));
    } catch (error) {
      console.error(error);
      // After a failure nothing more is run, or the order would break.
      return { batchItemFailures: Records.slice(index).map(({ messageId }) => ({ itemIdentifier: messageId })) };
    }
  }
  return { batchItemFailures: [] };
};

async function decide(transfer: Transfer): Promise<void> {
  const { from, to, pence } = transfer;
  const source = { TableName: ACCOUNTS, Key: { accountId: from } };
  const { Item } = await client.send(new GetCommand({ ...source, ConsistentRead: true }));
  if (!Item) throw new Error(`there is no account ${from}`);
  const account = Item as Account;
  const number = (account.transfersOut ?? 0) + 1;
  const isCovered = account.balancePence >= pence;
  await client.send(
    new UpdateCommand({
      ...source,
      UpdateExpression: "SET transfersOut = :number ADD balancePence :pence",
      ExpressionAttributeValues: { ":number": number, ":pence": isCovered ? -pence : 0 },
    }),
  );
  if (isCovered) {
    await client.send(
      new UpdateCommand({
        TableName: ACCOUNTS,
        Key: { accountId: to },
        UpdateExpression: "ADD balancePence :pence",
        ExpressionAttributeValues: { ":pence": pence },
      }),
    );
  }
  const decision: Decision = { ...transfer, number, status: isCovered ? "done" : "refused" };
  await client.send(new PutCommand({ TableName: DECISIONS, Item: decision }));
}
