// The same function without semel, for comparison: plain writes, partial batch responses.

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, PutCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { SQSHandler, SQSRecord } from "aws-lambda";
import { OrderLine, totalPence } from "./order-line.ts";
import { ARTICLES, CUSTOMERS, LEDGER } from "./tables.ts";

const client = DynamoDBDocumentClient.from(new DynamoDBClient(), { marshallOptions: { removeUndefinedValues: true } });

export const handler: SQSHandler = async ({ Records }) => {
  const results = await Promise.allSettled(Records.map(post));
  const failed = Records.filter((_, index) => results[index]?.status === "rejected");
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
};

async function post(record: SQSRecord): Promise<void> {
  const line = OrderLine.parse(JSON.parse(record.body));
  await client.send(new PutCommand({ TableName: LEDGER, Item: { ...line, totalPence: totalPence(line) } }));
  if (line.customerId !== undefined) {
    const customer = { TableName: CUSTOMERS, Key: { customerId: line.customerId } };
    await add(customer, { spentPence: totalPence(line), lines: 1 });
  }
  const article = { TableName: ARTICLES, Key: { stockCode: line.stockCode } };
  await add(article, { units: line.quantity, revenuePence: totalPence(line), lines: 1 });
}

async function add(
  item: { TableName: string | undefined; Key: Record<string, string> },
  amounts: Record<string, number>,
): Promise<void> {
  const names = Object.keys(amounts);
  await client.send(
    new UpdateCommand({
      ...item,
      UpdateExpression: `ADD ${names.map((_, index) => `#n${index} :v${index}`).join(", ")}`,
      ExpressionAttributeNames: Object.fromEntries(names.map((name, index) => [`#n${index}`, name])),
      ExpressionAttributeValues: Object.fromEntries(names.map((name, index) => [`:v${index}`, amounts[name]])),
    }),
  );
}
