// Posts order lines to the sales ledger: each line once, each customer's spend and each article's sales counted once.

import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import middy from "@middy/core";
import type { SQSHandler } from "aws-lambda";
import { exactlyOnce } from "semel";
import { OrderLine } from "./order-line.ts";
import { lineKey, postLine } from "./post-line.ts";

const orders = exactlyOnce({
  schema: OrderLine,
  key: ({ body }) => lineKey(body),
  logger: new Logger(),
  metrics: new Metrics(),
});

export const handler: SQSHandler = middy()
  .use(orders)
  .handler(orders.each(({ body: line }, tx) => postLine(line, tx)));
