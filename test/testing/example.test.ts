// The README's example, with a handler.

import { exactlyOnce } from "semel";
import { assertExactlyOnce } from "semel/testing";
import { it } from "vitest";

const orders = exactlyOnce({ consumer: "orders", table: "Records", retentionDays: 30, key: "messageId" });
const handler = orders.lambda(({ body }, tx) => {
  const { customer, amount } = body as { customer: string; amount: number };
  tx.increment({ TableName: "Totals", Key: { customer } }, { total: amount });
});

it("adds every order to its customer's total exactly once", async () => {
  await assertExactlyOnce(handler, {
    events: [{ customer: "anna", amount: 7 }],
    tables: { Totals: "customer" },
    recordTable: "Records",
    effects: ({ items }, { body }) =>
      Number(items("Totals").find(({ customer }) => customer === body.customer)?.["total"] ?? 0) / body.amount,
  });
});
