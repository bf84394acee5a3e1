// Strategy insert: the message's item is its own record. There is no hot counter.

import { exactlyOnce, PermanentError } from "semel";
import { BACKOFF, ChaosMessage, EFFECT_KEY, ENVIRONMENT } from "../message.ts";

const EFFECTS = process.env[ENVIRONMENT.effects] ?? "";
const messages = exactlyOnce({
  schema: ChaosMessage,
  key: "key",
  strategy: "insert",
  insert: { appendOnlyTable: EFFECTS, primaryKey: EFFECT_KEY },
  backoff: BACKOFF,
});

export const handler = messages.lambda(({ body: { key, pence, hopeless } }, tx) => {
  if (hopeless) throw new PermanentError(`${key} can never succeed`);
  tx.insert({ TableName: EFFECTS, Item: { id: key, n: 1, pence } });
});
