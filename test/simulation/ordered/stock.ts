// Items that others write, and that messages depend on.

import { EFFECTS } from "../seeded/messages.ts";
import type { World } from "./world.ts";

/** What stocked messages take from. */
export function restock({ store }: World, more: number): void {
  const UpdateExpression = "SET stock = stock + :more";
  const ExpressionAttributeValues = { ":more": { N: String(more) } };
  const input = { TableName: EFFECTS, Key: { id: { S: "sold" } }, UpdateExpression, ExpressionAttributeValues };
  store.apply({ operation: "UpdateItem", input }, 0);
}

/** What moody messages go by. */
export function changeMood({ store }: World): void {
  const input = {
    TableName: EFFECTS,
    Key: { id: { S: "mood" } },
    UpdateExpression: "ADD n :one",
    ExpressionAttributeValues: { ":one": { N: "1" } },
  };
  store.apply({ operation: "UpdateItem", input }, 0);
}
