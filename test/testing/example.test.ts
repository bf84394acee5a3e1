// The README's example.

import { exactlyOnce } from "semel";
import { assertExactlyOnce } from "semel/testing";
import { expect, it } from "vitest";

interface Order {
  customer: string;
  amount: number;
}

const orders = exactlyOnce({ consumer: "orders", table: "Records", retentionDays: 30, key: "messageId" });
const handler = orders.lambda(({ body }, tx) => {
  const { customer, amount } = body as Order;
  tx.increment({ TableName: "Totals", Key: { customer } }, { total: amount });
});

it("adds every order to its customer's total exactly once", async () => {
  const { schedules } = await assertExactlyOnce<Order>(handler, {
    events: [{ customer: "anna", amount: 7 }],
    tables: { Totals: "customer" },
    recordTable: "Records",
    effects: ({ items }, { body }) => {
      const found = items("Totals").find(({ customer }) => customer === body.customer);
      return Number(found?.["total"] ?? 0) / body.amount;
    },
  });
  expect(schedules).toBeGreaterThan(100);
});
