// TransactionConflict and TransactionInProgress, which the embedded engine never gives: it takes one write after the other,
// where DynamoDB refuses what meets a transaction under way.
//
//   CF1. A transaction that shares an item with one under way is cancelled, with TransactionConflict at the position of each
//        such item. A single write to such an item is refused with TransactionConflictException. Neither reaches the engine.
//   CF2. The same client token as that of a transaction under way is refused with TransactionInProgressException.
//   CF3. A transaction is under way until the engine has answered, or its connection broke.
// Not made good: BatchWriteItem and PartiQL statements meet no conflict here, and leave none.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
import type { Call, EngineAnswer } from "../call.ts";
import { cancellation, dynamodbRefusal } from "../refusals.ts";
import { type ItemId, SINGLE_WRITES } from "./items.ts";

type Exchange = () => Promise<EngineAnswer>;

export type ItemsOfCall = (call: Call) => Promise<readonly ItemId[]>;

export function createConflicts(itemsOfCall: ItemsOfCall): (call: Call, exchange: Exchange) => Promise<EngineAnswer> {
  const items = new Set<string>(); // no two transactions under way share one
  const tokens = new Set<string>();
  const isTaken = (id: ItemId): boolean => id !== undefined && items.has(id);

  const transact = async (call: Call, exchange: Exchange): Promise<EngineAnswer> => {
    const ids = await itemsOfCall(call);
    const token = call.input()["ClientRequestToken"];
    if (typeof token === "string" && tokens.has(token)) return dynamodbRefusal("TransactionInProgressException"); // CF2
    if (ids.some(isTaken)) return cancellation(ids.map((id) => (isTaken(id) ? "TransactionConflict" : "None"))); // CF1
    if (call.operation === "TransactGetItems") return exchange();
    const own = ids.filter((id) => id !== undefined);
    for (const id of own) items.add(id);
    if (typeof token === "string") tokens.add(token);
    try {
      return await exchange();
    } finally {
      for (const id of own) items.delete(id); // CF3
      if (typeof token === "string") tokens.delete(token);
    }
  };

  return async (call, exchange) => {
    if (!SINGLE_WRITES.has(call.operation)) return transact(call, exchange);
    if (items.size === 0) return exchange(); // nothing to look for
    const [id] = await itemsOfCall(call);
    return isTaken(id) ? dynamodbRefusal("TransactionConflictException") : exchange(); // CF1
  };
}
