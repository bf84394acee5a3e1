// What must stand in the tables of the pipeline, computed straight from the orders, and how far they are off.

import { isDeepStrictEqual } from "node:util";
import { accountOf, type Order, totalPence } from "../../functions/pipeline/messages.ts";

type Attributes = Readonly<Record<string, unknown>>;

/** All items of the tables. */
export interface PipelineTables {
  readonly orders: readonly Attributes[];
  readonly shipments: readonly Attributes[];
  readonly notifications: readonly Attributes[];
  readonly accounts: readonly Attributes[];
  /** Messages that were committed, and not sent. */
  readonly outbox: readonly Attributes[];
}

export const STAGES = ["orders", "shipments", "notifications"] as const;
export type Stage = (typeof STAGES)[number];

/** How often each stage was applied to one order. */
export type Applied = Readonly<Record<Stage, number>>;

export interface PipelineCheck {
  readonly ordersLost: number;
  readonly shipmentsLost: number;
  readonly shipmentsDoubled: number;
  readonly notificationsLost: number;
  readonly notificationsDoubled: number;
  /** What accounts count too much or too little of orders, lines, units, shipments and notifications. */
  readonly countsOff: number;
  readonly penceOff: number;
  /** Items of nobody's order. */
  readonly strangers: number;
  readonly unsent: number;
}

export function checkPipeline(orders: readonly Order[], tables: PipelineTables): PipelineCheck {
  const applied = [...appliedTo(orders, tables).values()];
  const missing = (stage: Stage): number => applied.filter((times) => times[stage] === 0).length;
  const surplus = (stage: Stage): number => sum(applied.map((times) => Math.max(0, times[stage] - 1)));
  return {
    ordersLost: missing("orders"),
    shipmentsLost: missing("shipments"),
    shipmentsDoubled: surplus("shipments"),
    notificationsLost: missing("notifications"),
    notificationsDoubled: surplus("notifications"),
    countsOff: sum(COUNTS.map((name) => difference(orders, tables, name))),
    penceOff: difference(orders, tables, "spentPence"),
    strangers: sum(STAGES.map((stage) => strangersIn(orders, tables[stage]))),
    unsent: tables.outbox.length,
  };
}

/** By order; what is not as it must be does not count. */
export function appliedTo(orders: readonly Order[], tables: PipelineTables): ReadonlyMap<string, Applied> {
  const idOf = ({ orderId }: Attributes): string => String(orderId);
  const found = Map.groupBy(tables.orders, idOf);
  const shipped = Map.groupBy(tables.shipments, idOf);
  const notified = Map.groupBy(tables.notifications, idOf);
  return new Map(
    orders.map((order) => {
      const shipments = shipped.get(order.orderId) ?? [];
      const ids = new Set(shipments.map(({ shipmentId }) => shipmentId));
      const wanted = expected(order);
      return [
        order.orderId,
        {
          orders: count(found.get(order.orderId), (item) => isDeepStrictEqual(item, wanted.order)),
          shipments: count(shipments, ({ shipmentId: _, ...item }) => isDeepStrictEqual(item, wanted.shipment)),
          notifications: count(
            notified.get(order.orderId),
            ({ notificationId: _, shipmentId, ...item }) =>
              ids.has(shipmentId) && isDeepStrictEqual(item, wanted.notification),
          ),
        },
      ];
    }),
  );
}

function expected(order: Order) {
  const [account, units] = [accountOf(order), unitsOf(order)];
  const { orderId, country } = order;
  const lines = order.lines.map(({ stockCode, quantity }) => ({ stockCode, quantity }));
  return {
    order: { ...order, totalPence: totalPence(order) },
    shipment: { orderId, account, country, lines, units },
    notification: { orderId, account, units },
  };
}

const COUNTS = ["orders", "lines", "shipments", "shippedUnits", "notifications"] as const;
type Sum = (typeof COUNTS)[number] | "spentPence";

const SUMS: Readonly<Record<Sum, (order: Order) => number>> = {
  orders: () => 1,
  lines: ({ lines }) => lines.length,
  shipments: () => 1,
  shippedUnits: unitsOf,
  notifications: () => 1,
  spentPence: totalPence,
};

/** Of all accounts, each without its sign. */
function difference(orders: readonly Order[], { accounts }: PipelineTables, name: Sum): number {
  const off = new Map<string, number>();
  const add = (account: string, value: number): void => void off.set(account, (off.get(account) ?? 0) + value);
  for (const item of accounts) add(String(item["account"]), Number(item[name] ?? 0));
  for (const order of orders) add(accountOf(order), -SUMS[name](order));
  return sum([...off.values()].map(Math.abs));
}

function strangersIn(orders: readonly Order[], items: readonly Attributes[]): number {
  const known = new Set<unknown>(orders.map(({ orderId }) => orderId));
  return count(items, ({ orderId }) => !known.has(orderId));
}

function unitsOf({ lines }: Order): number {
  return sum(lines.map(({ quantity }) => quantity));
}

function count(items: readonly Attributes[] = [], isRight: (item: Attributes) => boolean): number {
  return items.filter(isRight).length;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
