// The stack of a chaos run: the same queue, function and tables for every contender.

import { CfnOutput, Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { AttributeType, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import type { Construct } from "constructs";
import { ExactlyOnceConsumer, ExactlyOnceTable } from "semel/constructs";
import { EFFECT_KEY, ENVIRONMENT } from "./message.ts";

/** With a time limit of 2 s a message that was in a killed worker comes again after 12 s. */
const TIMEOUT = Duration.seconds(2);
const CONCURRENCY = 5;

/** Names of the outputs. */
export const OUTPUTS = {
  queue: "QueueUrl",
  deadLetters: "DeadLetterQueueUrl",
  effects: "EffectsTable",
  charges: "ChargesTable",
} as const;

export class ChaosStack extends Stack {
  constructor(scope: Construct, id: string, props: { readonly entry: string }) {
    super(scope, id);
    const removalPolicy = RemovalPolicy.DESTROY;
    const [effects, charges, powertoolsRecords] = ["Effects", "Charges", "PowertoolsRecords"].map((name) => {
      return new TableV2(this, name, { partitionKey: { name: EFFECT_KEY, type: AttributeType.STRING }, removalPolicy });
    }) as [TableV2, TableV2, TableV2];
    const consumer = new ExactlyOnceConsumer(this, "Chaos", {
      consumerName: "chaos",
      table: new ExactlyOnceTable(this, "Records", { removalPolicy }),
      entry: props.entry,
      timeout: TIMEOUT,
      maxConcurrency: CONCURRENCY,
      removalPolicy,
      // Inside this repository the package "semel" is its TypeScript sources; see bin/app.ts.
      bundling: { esbuildArgs: { "--conditions": "@semel/source,module" } },
      environment: {
        [ENVIRONMENT.effects]: effects.tableName,
        [ENVIRONMENT.charges]: charges.tableName,
        [ENVIRONMENT.powertoolsRecords]: powertoolsRecords.tableName,
      },
    });
    consumer.grantEffects(effects);
    consumer.grantInserts(effects);
    for (const table of [charges, powertoolsRecords]) table.grantReadWriteData(consumer);
    new CfnOutput(this, OUTPUTS.queue, { value: consumer.queue.queueUrl });
    new CfnOutput(this, OUTPUTS.deadLetters, { value: consumer.deadLetterQueue.queueUrl });
    new CfnOutput(this, OUTPUTS.effects, { value: effects.tableName });
    new CfnOutput(this, OUTPUTS.charges, { value: charges.tableName });
  }
}
