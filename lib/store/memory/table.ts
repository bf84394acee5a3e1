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
  /** Global indexes, by name. */
  readonly indexes?: Readonly<Record<string, MemoryIndex>>;
}

/** Of whole items; always up to date here. Both attributes are strings. */
export interface MemoryIndex {
  readonly partitionKey: string;
  readonly sortKey: string;
}

export interface KeyAttribute {
  readonly name: string;
  readonly type: KeyAttributeType;
  readonly role: "HASH" | "RANGE";
}

export interface Table {
  readonly keys: readonly KeyAttribute[];
  readonly indexes: ReadonlyMap<string, readonly KeyAttribute[]>;
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

export function emptyTable(keys: readonly KeyAttribute[], indexes: Table["indexes"] = new Map()): Table {
  return tableOf({ keys, indexes }, new Map());
}

/** The keys of each index. */
export function indexKeys({ indexes = {} }: MemoryTable): Table["indexes"] {
  return new Map(Object.entries(indexes).map(([name, index]) => [name, keyAttributes(index)]));
}

function tableOf(schema: Pick<Table, "keys" | "indexes">, entries: Map<string, Entry>): Table {
  const { keys } = schema;
  return {
    ...schema,
    get: (keyText) => entries.get(keyText)?.item,
    set(keyText, item) {
      if (item === undefined) entries.delete(keyText);
      else entries.set(keyText, { item });
    },
    sorted: () =>
      sortItems(
        [...entries.values()].map((entry) => entry.item),
        keys,
      ),
    clone: () => tableOf(schema, new Map(entries)),
    fingerprint() {
      const texts = [...entries.values()].map((entry) => {
        entry.text ??= itemText(entry.item);
        return entry.text;
      });
      return texts.sort().join("\n");
    },
  };
}

export function sortItems(items: Item[], keys: readonly KeyAttribute[]): Item[] {
  return items.sort((a, b) => order(keys, a, b));
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
