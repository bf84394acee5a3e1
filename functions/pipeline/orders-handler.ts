// Takes orders: each once, and hands on one shipment of it. The shipment's message is committed with the order, or not at all.

import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import middy from "@middy/core";
import type { SQSHandler } from "aws-lambda";
import { exactlyOnce } from "semel";
import { takeOrder } from "./effects.ts";
import { Order, shipmentOf } from "./messages.ts";
import { SHIPMENTS_QUEUE } from "./names.ts";

// The key is the producer's: it is the same when an order is sent again.
const orders = exactlyOnce({ schema: Order, key: "orderId", logger: new Logger(), metrics: new Metrics() });

export const handler: SQSHandler = middy()
  .use(orders)
  .handler(
    orders.each(({ body: order }, tx) => {
      takeOrder(order, tx);
      tx.send(SHIPMENTS_QUEUE, shipmentOf(order));
    }),
  );
