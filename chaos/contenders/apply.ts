// The effects of a message with semel.

import { PermanentError, type Tx } from "semel";
import { accountId, type ChaosMessage, ENVIRONMENT } from "../message.ts";

const EFFECTS = process.env[ENVIRONMENT.effects] ?? "";

export function apply({ key, account, pence, hopeless }: ChaosMessage, tx: Tx): void {
  if (hopeless) throw new PermanentError(`${key} can never succeed`);
  tx.increment({ TableName: EFFECTS, Key: { id: key } }, { n: 1, pence });
  tx.increment({ TableName: EFFECTS, Key: { id: accountId(account) } }, { n: 1, pence });
}
