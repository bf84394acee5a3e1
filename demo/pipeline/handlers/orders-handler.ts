// Takes orders, and sends their shipments after the commit.

import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import type { SQSHandler } from "aws-lambda";
import { exactlyOnce } from "semel";
import { takeOrder } from "../../../functions/pipeline/effects.ts";
import { Order, shipmentOf } from "../../../functions/pipeline/messages.ts";
import { SHIPMENTS_QUEUE } from "../../../functions/pipeline/names.ts";
import { sendAfter } from "./send-after.ts";

const orders = exactlyOnce({ schema: Order, key: "orderId", logger: new Logger(), metrics: new Metrics() });
const commit = orders.lambda(({ body: order }, tx) => takeOrder(order, tx));

export const handler: SQSHandler = sendAfter(commit, SHIPMENTS_QUEUE, ({ body }) =>
  shipmentOf(Order.parse(JSON.parse(body))),
);
