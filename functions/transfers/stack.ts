// The transfers service: transfers arrive on a FIFO queue and are done or refused, exactly once, in order for each account.
//
// Producers send a transfer with the account it is from as its message group. The order in which an account's money is spent decides
// which of its transfers are refused, so all that is taken out of one account has one order, and accounts go side by side. A group for
// each pair of accounts would let two transfers out of one account overtake each other; one for all would let one account hold up the
// others. What is paid into an account needs no order: additions may come in any.

import { join } from "node:path";
import { CfnOutput, Duration, type RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib";
import { AttributeType, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import type { BundlingOptions } from "aws-cdk-lib/aws-lambda-nodejs";
import type { Construct } from "constructs";
import { ExactlyOnceConsumer, ExactlyOnceTable } from "semel/constructs";

export interface TransfersStackProps extends StackProps {
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

export class TransfersStack extends Stack {
  readonly consumer: ExactlyOnceConsumer;

  constructor(scope: Construct, id: string, props: TransfersStackProps = {}) {
    super(scope, id, props);
    const { removalPolicy } = props;
    const records = new ExactlyOnceTable(this, "Records", { removalPolicy });
    const accounts = this.table("Accounts", "accountId", removalPolicy);
    const decisions = this.table("Decisions", "transferId", removalPolicy);

    this.consumer = new ExactlyOnceConsumer(this, "Transfers", {
      consumerName: "transfers",
      table: records,
      fifo: true,
      fifoHighThroughput: true, // groups are many, and each has its own order
      entry: props.entry ?? join(import.meta.dirname, "handler.ts"),
      timeout: Duration.seconds(2), // a transfer takes milliseconds; a killed worker then costs its groups 12 s of waiting
      maxConcurrency: props.maxConcurrency ?? 5,
      removalPolicy,
      bundling: props.bundling,
      environment: {
        ACCOUNTS_TABLE: accounts.tableName,
        DECISIONS_TABLE: decisions.tableName,
        POWERTOOLS_SERVICE_NAME: "transfers",
        POWERTOOLS_METRICS_NAMESPACE: "semel",
      },
    });
    for (const table of [accounts, decisions]) this.consumer.grantEffects(table);

    new CfnOutput(this, "QueueUrl", { value: this.consumer.queue.queueUrl });
    new CfnOutput(this, "DeadLetterQueueUrl", { value: this.consumer.deadLetterQueue.queueUrl });
    new CfnOutput(this, "AccountsTable", { value: accounts.tableName });
    new CfnOutput(this, "DecisionsTable", { value: decisions.tableName });
    new CfnOutput(this, "RecordTable", { value: records.tableName });
    new CfnOutput(this, "FunctionName", { value: this.consumer.function.functionName });
  }

  private table(id: string, partitionKey: string, removalPolicy: RemovalPolicy | undefined): TableV2 {
    return new TableV2(this, id, {
      partitionKey: { name: partitionKey, type: AttributeType.STRING },
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy,
    });
  }
}
