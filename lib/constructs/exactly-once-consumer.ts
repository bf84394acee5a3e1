// A queue, its dead-letter queue and the function that consumes it exactly once.

import { RemovalPolicy, Stack, Token } from "aws-cdk-lib";
import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import { type Grant, type IGrantable, type IPrincipal, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Architecture, Runtime } from "aws-cdk-lib/aws-lambda";
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";
import { type ILogGroup, LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Queue, QueueEncryption, RedrivePermission } from "aws-cdk-lib/aws-sqs";
import { Construct, type IConstruct } from "constructs";
import { MESSAGE_BYTES_MAX } from "../aws/queues.ts";
import { ENVIRONMENT } from "../contract.ts";
import { consumerBundling } from "./bundling.ts";
import { CONSUMER_PROPS, type ExactlyOnceConsumerProps } from "./consumer-props.ts";
import { consumerRules } from "./consumer-rules.ts";
import { consumerSettings, type ResolvedProps, recordLifetime, resolveProps } from "./consumer-settings.ts";
import { ExactlyOnceTable } from "./exactly-once-table.ts";
import { DEAD_LETTER_ACTIONS, EFFECT_ACTIONS, grantOnTable, INSERT_ACTIONS } from "./grants.ts";
import { enforce, knownPropsRule, type Rule } from "./rules.ts";
import { refuseStrongConsistency } from "./strong-consistency.ts";

const MEMORY_MIB_DEFAULT = 512;

/** An SQS standard queue with its dead-letter queue, and the function that consumes it exactly once. */
export class ExactlyOnceConsumer extends Construct implements IGrantable {
  /** Send messages here. */
  readonly queue: Queue;
  /** Messages that can never succeed, and those that failed maxReceiveCount times. */
  readonly deadLetterQueue: Queue;
  /** The function. */
  readonly function: NodejsFunction;
  /** What feeds the function from the queue. */
  readonly eventSource: SqsEventSource;
  /** The function's logs. */
  readonly logGroup: ILogGroup;
  /** The table of idempotency records. */
  readonly table: ExactlyOnceTable;
  /** The scope of the idempotency records. */
  readonly consumerName: string;
  /** The function's principal, so that `table.grant…(consumer)` works. */
  readonly grantPrincipal: IPrincipal;

  constructor(scope: Construct, id: string, props: ExactlyOnceConsumerProps) {
    super(scope, id);
    const resolved = resolveProps(props);
    const settings = consumerSettings(props, resolved);
    enforce(`ExactlyOnceConsumer ${this.node.path}`, [
      knownPropsRule(props, CONSUMER_PROPS),
      ...consumerRules(settings),
      ...this.placeRules(props),
    ]);

    this.table = props.table;
    this.consumerName = props.consumerName;
    this.deadLetterQueue = this.createDeadLetterQueue(props, resolved);
    this.queue = this.createQueue(props, resolved);
    this.logGroup = props.logGroup ?? this.createLogGroup(props);
    this.function = this.createFunction(props, resolved, {
      [ENVIRONMENT.consumer]: props.consumerName,
      [ENVIRONMENT.table]: props.table.tableName,
      [ENVIRONMENT.retentionDays]: String(recordLifetime(props, settings).toDays({ integral: false })),
      [ENVIRONMENT.deadLetterQueueUrl]: this.deadLetterQueue.queueUrl,
    });
    this.grantPrincipal = this.function.grantPrincipal;
    this.eventSource = new SqsEventSource(this.queue, {
      batchSize: resolved.batchSize,
      reportBatchItemFailures: true,
      maxBatchingWindow: props.maxBatchingWindow,
      maxConcurrency: props.maxConcurrency,
    });
    this.function.addEventSource(this.eventSource);
    props.table.grantRecords(this);
    this.deadLetterQueue.grant(this, ...DEAD_LETTER_ACTIONS);
  }

  /** Lets the function declare effects on a table, and read it for guarded reads. Never a table of records. */
  grantEffects(table: ITable): Grant {
    return this.grantOn(table, "grantEffects", EFFECT_ACTIONS);
  }

  /**
   * Lets the function insert into the append-only table of strategy `"insert"`, and nothing else there. Let nobody update or
   * delete its items within the dedup horizon. Never a table of records.
   */
  grantInserts(table: ITable): Grant {
    return this.grantOn(table, "grantInserts", INSERT_ACTIONS);
  }

  private grantOn(table: ITable, method: string, actions: readonly string[]): Grant {
    enforce(`grant of ExactlyOnceConsumer ${this.node.path}`, [
      {
        condition: !(table.node.scope instanceof ExactlyOnceTable) && table.tableArn !== this.table.tableArn,
        message:
          `${method} got a record table; effects there could overwrite the records that keep effects exactly ` +
          "once; put effects in a table of their own",
      },
    ]);
    refuseStrongConsistency(this, table);
    return grantOnTable(table, this, actions);
  }

  /** C5 of consumer-rules.ts, and T2 of exactly-once-table.ts. */
  private placeRules(props: ExactlyOnceConsumerProps): Rule[] {
    const holder = this.node.root.node.findAll().find((other) => isNamesake(other, props));
    const { region } = Stack.of(this);
    const tableRegion = props.table.homeRegion ?? Stack.of(props.table).region;
    const comparable = !Token.isUnresolved(region) && !Token.isUnresolved(tableRegion);
    return [
      {
        condition: holder === undefined,
        message:
          `consumerName "${props.consumerName}" is already used by ${holder?.node.path} on the same table, and each would take ` +
          "the other's messages for duplicates; set another consumerName, or give one of them a table of its own",
      },
      {
        condition: !comparable || region === tableRegion,
        message: `this stack is in ${region}, but the record table is processed in ${tableRegion}; put both in one Region`,
      },
    ];
  }

  private createDeadLetterQueue(props: ExactlyOnceConsumerProps, resolved: ResolvedProps): Queue {
    return new Queue(this, "DeadLetterQueue", {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      maxMessageSizeBytes: MESSAGE_BYTES_MAX,
      retentionPeriod: resolved.deadLetterRetentionPeriod,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
  }

  private createQueue(props: ExactlyOnceConsumerProps, resolved: ResolvedProps): Queue {
    return new Queue(this, "Queue", {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      maxMessageSizeBytes: MESSAGE_BYTES_MAX,
      retentionPeriod: resolved.retentionPeriod,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: resolved.maxReceiveCount },
      // No other queue's dead letters belong here. (The DLQ cannot name this queue in turn: a circle in the template.)
      redriveAllowPolicy: { redrivePermission: RedrivePermission.DENY_ALL },
      visibilityTimeout: resolved.visibilityTimeout,
    });
  }

  private createLogGroup(props: ExactlyOnceConsumerProps): LogGroup {
    return new LogGroup(this, "Logs", {
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    });
  }

  private createFunction(
    props: ExactlyOnceConsumerProps,
    resolved: ResolvedProps,
    environment: Record<string, string>,
  ): NodejsFunction {
    // A role of its own: the managed policy that CDK attaches otherwise may write to every log group of the account.
    const role = new Role(this, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    this.logGroup.grantWrite(role);
    return new NodejsFunction(this, "Function", {
      entry: props.entry,
      handler: props.handler ?? "handler",
      runtime: props.runtime ?? Runtime.NODEJS_24_X,
      architecture: props.architecture ?? Architecture.ARM_64,
      memorySize: props.memorySize ?? MEMORY_MIB_DEFAULT,
      timeout: resolved.timeout,
      environment: { ...props.environment, ...environment },
      bundling: consumerBundling(props.bundling),
      logGroup: this.logGroup,
      role,
    });
  }
}

/** Is it another consumer, already made, of the same name on the same table? */
function isNamesake(other: IConstruct, props: ExactlyOnceConsumerProps): boolean {
  return (
    other instanceof ExactlyOnceConsumer && other.table === props.table && other.consumerName === props.consumerName
  );
}
