// The telemetry service: devices put their latest reading into a table, whose stream is folded into hourly statistics, each reading
// exactly once.
//
// The table's key is the device alone, so the stream has the readings of a device in their order, and the ordering key of a reading is
// its device. A producer puts a reading under the condition that it is newer than the one that is there: what it sends twice then
// changes nothing, and is not in the stream a second time.

import { join } from "node:path";
import { CfnOutput, Duration, type RemovalPolicy, Stack, type StackProps } from "aws-cdk-lib";
import { AttributeType, StreamViewType, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import type { BundlingOptions } from "aws-cdk-lib/aws-lambda-nodejs";
import type { Construct } from "constructs";
import { ExactlyOnceStreamConsumer, ExactlyOnceTable } from "semel/constructs";
import { STATISTICS_KEY } from "./tables.ts";

export interface TelemetryStackProps extends StackProps {
  /**
   * The function's entry file.
   * @default - handler.ts beside this file
   */
  readonly entry?: string;
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

export class TelemetryStack extends Stack {
  readonly consumer: ExactlyOnceStreamConsumer;

  constructor(scope: Construct, id: string, props: TelemetryStackProps = {}) {
    super(scope, id, props);
    const { removalPolicy } = props;
    const common = { pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true }, removalPolicy };
    const devices = new TableV2(this, "Devices", {
      ...common,
      partitionKey: { name: "deviceId", type: AttributeType.STRING },
      dynamoStream: StreamViewType.NEW_IMAGE,
    });
    const statistics = new TableV2(this, "Statistics", {
      ...common,
      partitionKey: { name: STATISTICS_KEY, type: AttributeType.STRING },
    });

    this.consumer = new ExactlyOnceStreamConsumer(this, "Readings", {
      consumerName: "telemetry",
      table: new ExactlyOnceTable(this, "Records", { removalPolicy }),
      source: { tableStream: devices },
      strategy: "watermark",
      parallelizationFactor: 4, // devices side by side, each in its order
      entry: props.entry ?? join(import.meta.dirname, "handler.ts"),
      timeout: Duration.seconds(10),
      removalPolicy,
      bundling: props.bundling,
      environment: {
        STATISTICS_TABLE: statistics.tableName,
        POWERTOOLS_SERVICE_NAME: "telemetry",
        POWERTOOLS_METRICS_NAMESPACE: "semel",
      },
    });
    this.consumer.grantState(statistics);

    new CfnOutput(this, "DevicesTable", { value: devices.tableName });
    new CfnOutput(this, "StatisticsTable", { value: statistics.tableName });
    new CfnOutput(this, "DeadLetterQueueUrl", { value: this.consumer.deadLetterQueue.queueUrl });
    new CfnOutput(this, "FailureQueueUrl", { value: this.consumer.failureQueue.queueUrl });
    new CfnOutput(this, "FunctionName", { value: this.consumer.function.functionName });
  }
}
