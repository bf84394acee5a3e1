// The effects of one transfer: it is done, and both balances say so; or it is refused, for want of money, and that is kept.

import { PermanentError, type Tx } from "semel";
import { ACCOUNTS, DECISIONS } from "./tables.ts";
import type { Account, Decision, Transfer } from "./transfer.ts";

export async function decideTransfer(transfer: Transfer, tx: Tx): Promise<void> {
  const { from, to, pence } = transfer;
  const source = { TableName: ACCOUNTS, Key: { accountId: from } };
  // Guarded is the count alone: a credit that comes meanwhile from another group does not disturb this transfer.
  const account = await tx.get<Account>(source, { version: "transfersOut" });
  if (!account) throw new PermanentError(`there is no account ${from}`);
  const number = (account.transfersOut ?? 0) + 1;
  const isCovered = account.balancePence >= pence;
  // What was read only tells which of the two to try. The condition decides, at the moment of the commit.
  tx.update({
    ...source,
    UpdateExpression: `SET transfersOut = :number${isCovered ? ", balancePence = balancePence - :pence" : ""}`,
    ConditionExpression: isCovered ? "balancePence >= :pence" : "balancePence < :pence",
    ExpressionAttributeValues: { ":number": number, ":pence": pence },
  });
  if (isCovered) tx.increment({ TableName: ACCOUNTS, Key: { accountId: to } }, { balancePence: pence });
  const decision: Decision = { ...transfer, number, status: isCovered ? "done" : "refused" };
  tx.put({ TableName: DECISIONS, Item: decision });
}
