// Strategy claim, with a step that does something outside the transaction under its idempotency key.

import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { exactlyOnce } from "semel";
import { BACKOFF, ChaosMessage, ENVIRONMENT } from "../message.ts";
import { apply } from "./apply.ts";

const payments = new DynamoDBClient();
const messages = exactlyOnce({ schema: ChaosMessage, key: "key", strategy: "claim", backoff: BACKOFF });

export const handler = messages.lambda(async ({ body }, tx) => {
  apply(body, tx);
  // In place of another system: one charge for each idempotency key that it has seen.
  await tx.step("charge", async ({ idempotencyKey, signal }) => {
    const Item = { id: { S: idempotencyKey }, key: { S: body.key } };
    const charge = new PutItemCommand({ TableName: process.env[ENVIRONMENT.charges], Item });
    await payments.send(charge, { abortSignal: signal });
    return { charge: idempotencyKey };
  });
});
