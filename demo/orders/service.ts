// The demo's orders: order lines on a standard queue, into a ledger and totals.

import { join } from "node:path";
import { RemovalPolicy } from "aws-cdk-lib";
import { OrdersStack } from "../../functions/orders/stack.ts";
import { bundling } from "../app.ts";
import { sendAll, withDuplicates } from "../producer.ts";
import { seededRandom } from "../random.ts";
import type { Service } from "../service.ts";
import { generateOrderLines } from "./generate.ts";
import { readOrderLines } from "./input.ts";
import { checkLedger } from "./ledger.ts";

const FUNCTIONS = join(import.meta.dirname, "../../functions/orders");
const HANDLERS = join(import.meta.dirname, "handlers");

export const ordersService: Service = {
  name: "orders",
  handlers: {
    semel: { title: "with semel", entry: join(FUNCTIONS, "handler.ts"), stack: "Orders" },
    ungrouped: {
      title: "one transaction a message",
      entry: join(HANDLERS, "ungrouped-handler.ts"),
      stack: "UngroupedOrders",
    },
    claim: { title: "with claims", entry: join(HANDLERS, "claim-handler.ts"), stack: "ClaimOrders" },
    plain: { title: "plain handler", entry: join(FUNCTIONS, "plain-handler.ts"), stack: "PlainOrders" },
  },
  figures: [
    { name: "lostEffects", title: "effects lost", complaint: (count) => `${count} effects were lost` },
    {
      name: "duplicatedEffects",
      title: "effects duplicated",
      complaint: (count) => `${count} effects were duplicated`,
    },
    { name: "penceOff", title: "pence off", complaint: (pence) => `the ledger is ${pence} pence off` },
  ],
  praise: "every effect is there exactly once",
  readsFiles: true,
  transactionConflicts: false, // its counters are so hot that waiting for one another is most of what would be seen
  hasVisibility: true,
  addStack(app, { stack, entry }) {
    new OrdersStack(app, stack, { removalPolicy: RemovalPolicy.DESTROY, bundling, entry });
  },
  load({ seed, limit, input }) {
    const lines =
      input === undefined ? generateOrderLines(seededRandom(seed), limit) : readOrderLines(input).slice(0, limit);
    return {
      messages: lines.length,
      sends(duplicates, random) {
        const sends = withDuplicates(lines, duplicates, random);
        const entries = sends.map((line) => ({ MessageBody: JSON.stringify(line) }));
        return {
          count: sends.length,
          deliveriesMin: sends.length,
          sendTo: ({ sqs, output }) => sendAll(sqs, output("QueueUrl"), entries),
        };
      },
      async check({ scan }) {
        const tables = {
          ledger: await scan("LedgerTable"),
          customers: await scan("CustomersTable"),
          articles: await scan("ArticlesTable"),
        };
        return { ...checkLedger(lines, tables) };
      },
    };
  },
};
