// The effects of a message without semel: two writes, one after the other.

import { type DynamoDBClient, UpdateItemCommand } from "@aws-sdk/client-dynamodb";
import { accountId, ChaosMessage, COUNT, EFFECT_KEY, ENVIRONMENT, PENCE } from "../message.ts";

export async function write(client: DynamoDBClient, text: string): Promise<void> {
  const { key, account, pence, hopeless } = ChaosMessage.parse(JSON.parse(text));
  if (hopeless) throw new Error(`${key} can never succeed`);
  for (const id of [key, accountId(account)]) {
    await client.send(
      new UpdateItemCommand({
        TableName: process.env[ENVIRONMENT.effects],
        Key: { [EFFECT_KEY]: { S: id } },
        UpdateExpression: "ADD #count :one, #pence :pence",
        ExpressionAttributeNames: { "#count": COUNT, "#pence": PENCE },
        ExpressionAttributeValues: { ":one": { N: "1" }, ":pence": { N: String(pence) } },
      }),
    );
  }
}
