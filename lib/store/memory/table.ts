// One table of the memory store: its key schema and its items. Items are never changed in place, so a clone of the table
// shares them, and the canonical text of an item is made once.

import type { AttributeValue, Item, KeyAttributeType } from "../../aws/dynamodb.ts";
import { compare, itemText, own, valueText } from "./values.ts";

export interface MemoryTable {
  readonly partitionKey: string;
  readonly sortKey?: string;
  /** @default "S" */
  readonly partitionKeyType?: KeyAttributeType;
  /** @default "S" */
  readonly sortKeyType?: KeyAttributeType;
}

export interface KeyAttribute {
  readonly name: string;
  readonly type: KeyAttributeType;
  readonly role: "HASH" | "RANGE";
}

export interface Table {
  readonly keys: readonly KeyAttribute[];
  get(keyText: string): Item | undefined;
  set(keyText: string, item: Item | undefined): void;
  /** By partition key, then sort key. */
  sorted(): Item[];
  clone(): Table;
  fingerprint(): string;
}

export function keyAttributes(schema: MemoryTable): KeyAttribute[] {
  const partition: KeyAttribute = { name: schema.partitionKey, type: schema.partitionKeyType ?? "S", role: "HASH" };
  if (schema.sortKey === undefined) return [partition];
  return [partition, { name: schema.sortKey, type: schema.sortKeyType ?? "S", role: "RANGE" }];
}

/** What tells items of one table apart. */
export function keyTextOf(keys: readonly KeyAttribute[], item: Item): string {
  return keys.map(({ name }) => valueText(own(item, name) ?? { NULL: true })).join();
}

interface Entry {
  readonly item: Item;
  /** Made at the first fingerprint. */
  text?: string;
}

export function emptyTable(keys: readonly KeyAttribute[]): Table {
  return tableOf(keys, new Map());
}

function tableOf(keys: readonly KeyAttribute[], entries: Map<string, Entry>): Table {
  return {
    keys,
    get: (keyText) => entries.get(keyText)?.item,
    set(keyText, item) {
      if (item === undefined) entries.delete(keyText);
      else entries.set(keyText, { item });
    },
    sorted: () => [...entries.values()].map((entry) => entry.item).sort((a, b) => order(keys, a, b)),
    clone: () => tableOf(keys, new Map(entries)),
    fingerprint() {
      const texts = [...entries.values()].map((entry) => {
        entry.text ??= itemText(entry.item);
        return entry.text;
      });
      return texts.sort().join("\n");
    },
  };
}

function order(keys: readonly KeyAttribute[], a: Item, b: Item): number {
  for (const { name } of keys) {
    const difference = compare(keyValue(a, name), keyValue(b, name)) ?? 0;
    if (difference !== 0) return difference;
  }
  return 0;
}

function keyValue(item: Item, name: string): AttributeValue {
  return own(item, name) ?? { NULL: true };
}
