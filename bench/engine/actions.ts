// Reads one write of a request, with the memory store's parser. Contenders send the same few expressions again and again,
// and the engine must not be what is measured: what was parsed is kept.

import type { TransactWriteItem } from "../../lib/aws/dynamodb.ts";
import { type Action, readAction } from "../../lib/store/memory/action.ts";
import { canonicalItem } from "../../lib/store/memory/values.ts";

type Parsed = Pick<Action, "kind" | "condition" | "clauses" | "returnsOld">;
export type ReadAction = (entry: TransactWriteItem) => Action;

/** Some expressions hold a time, and are never the same again. */
const KEPT_MAX = 1_000;

export function actionReader(): ReadAction {
  const kept = new Map<string, Parsed>();
  return (entry) => {
    const expressions = expressionsText(entry);
    const body = entry.Put ?? entry.Update ?? entry.Delete ?? entry.ConditionCheck;
    const known = kept.get(expressions);
    if (known !== undefined && body !== undefined) {
      const subject = canonicalItem("Item" in body ? body.Item : body.Key);
      return { ...known, tableName: body.TableName, subject, requestBytes: 0 };
    }
    const action = readAction(entry);
    if (kept.size >= KEPT_MAX) kept.clear();
    kept.set(expressions, action);
    return action;
  };
}

/** All of the entry but its table and its item. */
function expressionsText(entry: TransactWriteItem): string {
  const withoutSubject = Object.entries(entry).map(([kind, body]) => [
    kind,
    { ...body, TableName: 0, Item: 0, Key: 0 },
  ]);
  return JSON.stringify(withoutSubject);
}
