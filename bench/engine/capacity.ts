// What DynamoDB bills, in units. A write that fails and a transaction that is cancelled are billed too, and a transaction
// twofold: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html

import type { Item } from "../../lib/aws/dynamodb.ts";
import { itemBytes } from "../../lib/protocol/item-size.ts";

const WRITE_UNIT_BYTES = 1024;
const READ_UNIT_BYTES = 4 * 1024;

/** Of one write: the larger of the item before and after, or of what was tried. */
export function writeUnits(before: Item | undefined, after: Item | undefined): number {
  const bytes = Math.max(before === undefined ? 0 : itemBytes(before), after === undefined ? 0 : itemBytes(after));
  return Math.max(1, Math.ceil(bytes / WRITE_UNIT_BYTES));
}

/** Of one read; half where it may be stale. */
export function readUnits(item: Item | undefined, consistent: boolean): number {
  const units = Math.max(1, Math.ceil((item === undefined ? 0 : itemBytes(item)) / READ_UNIT_BYTES));
  return consistent ? units : units / 2;
}
