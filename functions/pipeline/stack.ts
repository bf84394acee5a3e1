// From orders to notifications: three functions, each behind a queue, and an outbox between each and the next.
//
// One outbox and one relay serve both hand-overs: one table, one function, and one stream to watch. Where a target's trouble must not
// hold up the other's messages in the stream, give each an OutboxRelay of its own.

import { join } from "node:path";
import { CfnOutput, Duration, type RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib";
import { AttributeType, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import type { BundlingOptions } from "aws-cdk-lib/aws-lambda-nodejs";
import type { Construct } from "constructs";
import { ExactlyOnceConsumer, ExactlyOnceTable, OutboxRelay } from "semel/constructs";

export interface PipelineStackProps extends StackProps {
  /**
   * Folder of the three entry files: orders-handler.ts, shipments-handler.ts, notifications-handler.ts.
   * @default - that of this file
   */
  readonly handlers?: string;
  /**
   * Most invocations of each function at the same time.
   * @default 5
   */
  readonly maxConcurrency?: number;
  /**
   * What happens to the queues and tables when the stack is deleted. DESTROY for demos.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
  /**
   * Options of esbuild.
   * @default - the construct's own
   */
  readonly bundling?: BundlingOptions;
}

export class PipelineStack extends Stack {
  readonly orders: ExactlyOnceConsumer;
  readonly shipments: ExactlyOnceConsumer;
  readonly notifications: ExactlyOnceConsumer;
  readonly outbox: OutboxRelay;

  constructor(scope: Construct, id: string, props: PipelineStackProps = {}) {
    super(scope, id, props);
    const { removalPolicy } = props;
    const accounts = this.table("AccountsTable", { partitionKey: "account", sortKey: "stage", removalPolicy });
    const [orders, shipments, notifications] = [
      this.table("OrdersTable", { partitionKey: "orderId", removalPolicy }),
      this.table("ShipmentsTable", { partitionKey: "orderId", sortKey: "shipmentId", removalPolicy }),
      this.table("NotificationsTable", { partitionKey: "orderId", sortKey: "notificationId", removalPolicy }),
    ];
    const records = new ExactlyOnceTable(this, "Records", { removalPolicy });
    const consumer = (name: string, environment: Record<string, string>) =>
      this.consumer(name, { ...props, records, environment: { ...environment, ACCOUNTS_TABLE: accounts.tableName } });

    // The last one first: each has to know the queue of the next.
    this.notifications = consumer("notifications", { NOTIFICATIONS_TABLE: notifications.tableName });
    this.shipments = consumer("shipments", {
      SHIPMENTS_TABLE: shipments.tableName,
      NOTIFICATIONS_QUEUE_URL: this.notifications.queue.queueUrl,
    });
    this.orders = consumer("orders", {
      ORDERS_TABLE: orders.tableName,
      SHIPMENTS_QUEUE_URL: this.shipments.queue.queueUrl,
    });
    this.orders.grantEffects(orders);
    this.shipments.grantEffects(shipments);
    this.notifications.grantEffects(notifications);
    for (const one of [this.orders, this.shipments, this.notifications]) one.grantEffects(accounts);

    const targets = [this.shipments.queue, this.notifications.queue];
    this.outbox = new OutboxRelay(this, "Outbox", { targets, removalPolicy });
    for (const one of [this.orders, this.shipments]) this.outbox.grantSend(one);

    new CfnOutput(this, "QueueUrl", { value: this.orders.queue.queueUrl });
    new CfnOutput(this, "DeadLetterQueueUrl", { value: this.orders.deadLetterQueue.queueUrl });
    new CfnOutput(this, "ShipmentsDeadLetterQueueUrl", { value: this.shipments.deadLetterQueue.queueUrl });
    new CfnOutput(this, "NotificationsDeadLetterQueueUrl", { value: this.notifications.deadLetterQueue.queueUrl });
    new CfnOutput(this, "OutboxDeadLetterQueueUrl", { value: this.outbox.deadLetterQueue.queueUrl });
    new CfnOutput(this, "OrdersTableName", { value: orders.tableName });
    new CfnOutput(this, "ShipmentsTableName", { value: shipments.tableName });
    new CfnOutput(this, "NotificationsTableName", { value: notifications.tableName });
    new CfnOutput(this, "AccountsTableName", { value: accounts.tableName });
    new CfnOutput(this, "OutboxTableName", { value: this.outbox.table.tableName });
    new CfnOutput(this, "RelayFunctionName", { value: this.outbox.function.functionName });
  }

  private consumer(
    name: string,
    props: PipelineStackProps & { readonly records: ExactlyOnceTable; readonly environment: Record<string, string> },
  ): ExactlyOnceConsumer {
    return new ExactlyOnceConsumer(this, `${name.charAt(0).toUpperCase()}${name.slice(1)}`, {
      consumerName: name,
      table: props.records,
      entry: join(props.handlers ?? import.meta.dirname, `${name}-handler.ts`),
      timeout: Duration.seconds(2), // a message takes milliseconds; a killed worker then costs 12 s of waiting
      maxConcurrency: props.maxConcurrency ?? 5,
      removalPolicy: props.removalPolicy,
      bundling: props.bundling,
      environment: {
        ...props.environment,
        POWERTOOLS_SERVICE_NAME: name,
        POWERTOOLS_METRICS_NAMESPACE: "semel",
      },
    });
  }

  private table(
    id: string,
    options: { partitionKey: string; sortKey?: string; removalPolicy: RemovalPolicy | undefined },
  ): TableV2 {
    const key = (name: string) => ({ name, type: AttributeType.STRING });
    return new TableV2(this, id, {
      partitionKey: key(options.partitionKey),
      sortKey: options.sortKey === undefined ? undefined : key(options.sortKey),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: options.removalPolicy,
    });
  }
}
