// Checks of key attributes against a table's key schema. What AWS refuses at once is thrown; what it finds only while the
// transaction runs is returned as the message of a cancellation reason (split as measured against AWS:
// github.com/paritysuite/dynamodb-conformance, error-messages/transactWriteItems, 2026-06).

import { type AttributeValue, type Item, SORT_KEY_BYTES_MAX } from "../../aws/dynamodb.ts";
import { PARTITION_KEY_BYTES_MAX } from "../../aws/limits.ts";
import { attributeValueBytes } from "../../protocol/item-size.ts";
import { validationError } from "./errors.ts";
import type { KeyAttribute } from "./table.ts";
import { own, typeOf } from "./values.ts";

export const SCHEMA_MISMATCH = "The provided key element does not match the schema";

/** Throws for an empty key value. */
export function refuseEmptyKeys(keys: readonly KeyAttribute[], item: Item): void {
  for (const { name } of keys) {
    const value = own(item, name);
    const kind = value?.S === "" ? "string" : value?.B?.length === 0 ? "binary" : undefined;
    if (kind === undefined) continue;
    throw validationError(
      `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${kind} value. Key: ${name}`,
    );
  }
}

/** What is wrong with the key attributes of an item to be put. */
export function itemKeyFault(keys: readonly KeyAttribute[], item: Item): string | undefined {
  for (const { name, type } of keys) {
    const value = own(item, name);
    if (value === undefined) return `One or more parameter values were invalid: Missing the key ${name} in the item`;
    if (value[type] === undefined) {
      return `One or more parameter values were invalid: Type mismatch for key ${name} expected: ${type} actual: ${typeOf(value)}`;
    }
  }
  return sizeFault(keys, item);
}

/** What is wrong with a Key: it has the key attributes and no others. */
export function keyFault(keys: readonly KeyAttribute[], key: Item): string | undefined {
  if (Object.keys(key).length !== keys.length) return SCHEMA_MISMATCH;
  if (keys.some(({ name, type }) => own(key, name)?.[type] === undefined)) return SCHEMA_MISMATCH;
  return sizeFault(keys, key);
}

function sizeFault(keys: readonly KeyAttribute[], item: Item): string | undefined {
  for (const { name, role } of keys) {
    const value: AttributeValue | undefined = own(item, name);
    const bytesMax = role === "HASH" ? PARTITION_KEY_BYTES_MAX : SORT_KEY_BYTES_MAX;
    if (value === undefined || attributeValueBytes(value) <= bytesMax) continue;
    return role === "HASH"
      ? `One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of${bytesMax} bytes`
      : `One or more parameter values were invalid: Aggregated size of all range keys has exceeded the size limit of ${bytesMax} bytes`;
  }
  return undefined;
}
