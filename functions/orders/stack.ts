// The orders service: order lines arrive on a queue and are posted to a sales ledger, exactly once.

import { join } from "node:path";
import { CfnOutput, Duration, type RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib";
import { AttributeType, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import type { BundlingOptions } from "aws-cdk-lib/aws-lambda-nodejs";
import type { Construct } from "constructs";
import { ExactlyOnceConsumer, ExactlyOnceTable } from "semel/constructs";

export interface OrdersStackProps extends StackProps {
  /**
   * The function's entry file.
   * @default - handler.ts beside this file
   */
  readonly entry?: string;
  /**
   * Most invocations at the same time.
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

export class OrdersStack extends Stack {
  readonly consumer: ExactlyOnceConsumer;

  constructor(scope: Construct, id: string, props: OrdersStackProps = {}) {
    super(scope, id, props);
    const { removalPolicy } = props;
    const records = new ExactlyOnceTable(this, "Records", { removalPolicy });
    const ledger = this.table("Ledger", "invoiceNo", { sortKey: "lineNo", removalPolicy });
    const customers = this.table("Customers", "customerId", { removalPolicy });
    const articles = this.table("Articles", "stockCode", { removalPolicy });

    this.consumer = new ExactlyOnceConsumer(this, "Orders", {
      consumerName: "orders",
      table: records,
      entry: props.entry ?? join(import.meta.dirname, "handler.ts"),
      timeout: Duration.seconds(2), // a line takes milliseconds; a killed worker then costs 12 s of waiting
      maxConcurrency: props.maxConcurrency ?? 5,
      removalPolicy,
      bundling: props.bundling,
      environment: {
        LEDGER_TABLE: ledger.tableName,
        CUSTOMERS_TABLE: customers.tableName,
        ARTICLES_TABLE: articles.tableName,
        POWERTOOLS_SERVICE_NAME: "orders",
        POWERTOOLS_METRICS_NAMESPACE: "semel",
      },
    });
    for (const table of [ledger, customers, articles]) this.consumer.grantEffects(table);

    new CfnOutput(this, "QueueUrl", { value: this.consumer.queue.queueUrl });
    new CfnOutput(this, "DeadLetterQueueUrl", { value: this.consumer.deadLetterQueue.queueUrl });
    new CfnOutput(this, "LedgerTable", { value: ledger.tableName });
    new CfnOutput(this, "CustomersTable", { value: customers.tableName });
    new CfnOutput(this, "ArticlesTable", { value: articles.tableName });
    new CfnOutput(this, "RecordTable", { value: records.tableName });
    new CfnOutput(this, "FunctionName", { value: this.consumer.function.functionName });
  }

  private table(
    id: string,
    partitionKey: string,
    options: { sortKey?: string; removalPolicy?: RemovalPolicy },
  ): TableV2 {
    return new TableV2(this, id, {
      partitionKey: { name: partitionKey, type: AttributeType.STRING },
      sortKey: options.sortKey === undefined ? undefined : { name: options.sortKey, type: AttributeType.NUMBER },
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy: options.removalPolicy,
    });
  }
}
