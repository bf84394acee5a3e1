// The demo's pipeline: whole orders on a queue, each made a shipment, and each of these a notification. Without the outbox, for comparison,
// the same functions send by themselves when their commit is through.

import { join } from "node:path";
import { RemovalPolicy } from "aws-cdk-lib";
import { PipelineStack } from "../../functions/pipeline/stack.ts";
import { bundling } from "../app.ts";
import { sendAll, withDuplicates } from "../producer.ts";
import { seededRandom } from "../random.ts";
import type { Place, Service } from "../service.ts";
import { checkPipeline, type PipelineTables } from "./check.ts";
import { generateOrders, readOrders } from "./orders.ts";

const LOST = (what: string) => (count: number) => `${count} ${what} were lost`;
const DOUBLED = (what: string) => (count: number) => `${count} ${what} are there too often`;
/** Of each order: its shipment and its notification. */
const DELIVERIES_AFTER = 2;

export const pipelineService: Service = {
  name: "pipeline",
  handlers: {
    semel: { title: "with semel", entry: join(import.meta.dirname, "../../functions/pipeline"), stack: "Pipeline" },
    plain: { title: "sent after the commit", entry: join(import.meta.dirname, "handlers"), stack: "PlainPipeline" },
  },
  figures: [
    { name: "ordersLost", title: "orders lost", complaint: LOST("orders") },
    { name: "shipmentsLost", title: "orders without their shipment", complaint: LOST("shipments") },
    { name: "shipmentsDoubled", title: "shipments too many", complaint: DOUBLED("shipments") },
    { name: "notificationsLost", title: "orders without their notification", complaint: LOST("notifications") },
    { name: "notificationsDoubled", title: "notifications too many", complaint: DOUBLED("notifications") },
    { name: "countsOff", title: "counts off", complaint: (count) => `accounts count ${count} too many or too few` },
    { name: "penceOff", title: "pence off", complaint: (pence) => `the accounts are ${pence} pence off` },
    { name: "strangers", title: "items of no order", complaint: (count) => `${count} items are of no order` },
    { name: "unsent", title: "left in the outbox", complaint: (count) => `${count} items were left in the outbox` },
  ],
  praise: "each order has exactly one shipment and one notification, and its accounts are right to the penny",
  readsFiles: true,
  transactionConflicts: true,
  hasVisibility: true,
  addStack(app, { stack, entry }) {
    new PipelineStack(app, stack, { removalPolicy: RemovalPolicy.DESTROY, bundling, handlers: entry });
  },
  load({ seed, limit, input }) {
    const orders = input === undefined ? generateOrders(seededRandom(seed), limit) : readOrders(input).slice(0, limit);
    return {
      messages: orders.length,
      sends(duplicates, random) {
        const sends = withDuplicates(orders, duplicates, random);
        const entries = sends.map((order) => ({ MessageBody: JSON.stringify(order) }));
        return {
          count: sends.length,
          deliveriesMin: sends.length + DELIVERIES_AFTER * orders.length,
          sendTo: ({ sqs, output }) => sendAll(sqs, output("QueueUrl"), entries),
        };
      },
      check: async (place) => ({ ...checkPipeline(orders, await tablesOf(place)) }),
    };
  },
};

export async function tablesOf({ scan }: Pick<Place, "scan">): Promise<PipelineTables> {
  return {
    orders: await scan("OrdersTableName"),
    shipments: await scan("ShipmentsTableName"),
    notifications: await scan("NotificationsTableName"),
    accounts: await scan("AccountsTableName"),
    outbox: await scan("OutboxTableName"),
  };
}
