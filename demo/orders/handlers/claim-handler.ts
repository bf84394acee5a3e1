// The orders service with claims: each line is in one worker at a time, and what a step gave is kept.

import { exactlyOnce } from "semel";
import { OrderLine } from "../../../functions/orders/order-line.ts";
import { lineKey, postLine } from "../../../functions/orders/post-line.ts";

const orders = exactlyOnce({ schema: OrderLine, key: ({ body }) => lineKey(body), strategy: "claim" });

export const handler = orders.lambda(async ({ body }, tx) => {
  // In place of a call to another system, which would tell a repetition by this key.
  await tx.step("confirm", ({ idempotencyKey }) => ({ sentAs: idempotencyKey }));
  postLine(body, tx);
});
