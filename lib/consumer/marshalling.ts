// Plain JavaScript values to and from DynamoDB's attribute values, by the SDK's own converter.

import { marshall, unmarshall } from "@aws-sdk/util-dynamodb";
import type { AttributeValue, Item } from "../aws/dynamodb.ts";

/** `undefined` values are dropped; class instances are refused. Throws what the converter throws. */
export function toItem(value: object): Record<string, AttributeValue> {
  return marshall(value, { removeUndefinedValues: true }) as Record<string, AttributeValue>;
}

/** Whole numbers beyond 2^53 become bigints. */
export function fromItem(item: Item): Record<string, unknown> {
  return unmarshall(item as Parameters<typeof unmarshall>[0]);
}
