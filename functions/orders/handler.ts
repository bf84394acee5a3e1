// Posts order lines to the sales ledger: each line once, each customer's spend and each article's sales counted once.

import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import middy from "@middy/core";
import type { SQSHandler } from "aws-lambda";
import { exactlyOnce } from "semel";
import { OrderLine, totalPence } from "./order-line.ts";
import { ARTICLES, CUSTOMERS, LEDGER } from "./tables.ts";

const orders = exactlyOnce({
  schema: OrderLine,
  key: ({ body }) => `${body.invoiceNo}/${body.lineNo}`,
  logger: new Logger(),
  metrics: new Metrics(),
});

export const handler: SQSHandler = middy()
  .use(orders)
  .handler(
    orders.each(({ body: line }, tx) => {
      tx.put({ TableName: LEDGER, Item: { ...line, totalPence: totalPence(line) } });
      if (line.customerId !== undefined) {
        const customer = { TableName: CUSTOMERS, Key: { customerId: line.customerId } };
        tx.increment(customer, { spentPence: totalPence(line), lines: 1 });
      }
      const article = { TableName: ARTICLES, Key: { stockCode: line.stockCode } };
      tx.increment(article, { units: line.quantity, revenuePence: totalPence(line), lines: 1 });
    }),
  );
