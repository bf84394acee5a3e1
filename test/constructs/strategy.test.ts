// What a consumer is told of its strategy and of redrives: what is refused at synth, and what the runtime hears of it. Attacks WR1
// and WR2.

import { Duration, Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { AttributeType, TableEncryptionV2, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Stream } from "aws-cdk-lib/aws-kinesis";
import { Key } from "aws-cdk-lib/aws-kms";
import { AwsSolutionsChecks } from "cdk-nag";
import { afterAll, describe, expect, it } from "vitest";
import { KEY_ACTIONS, STATE_ACTIONS } from "../../lib/constructs/grants.ts";
import { exactlyOnce } from "../../lib/index.ts";
import {
  type ConsumerOverrides,
  consumerIn,
  consumerTemplate,
  emptyStack,
  messageOf,
  removeOutputs,
  resourceAt,
  type StreamOverrides,
  streamConsumerIn,
} from "./stacks.ts";

afterAll(removeOutputs);

const DAY = 86_400;
const never = { fifo: true, redrive: "never" } as const;

interface Case {
  readonly rule: string;
  readonly broken: ConsumerOverrides;
  readonly says: RegExp;
  readonly mended: ConsumerOverrides;
}

const CASES: Case[] = [
  {
    rule: "WR1 a watermark needs an order",
    broken: { strategy: "watermark", redrive: "never" },
    says: /strategy is "watermark", which needs an order; set fifo to true, or strategy to another one/,
    mended: { strategy: "watermark", ...never },
  },
  {
    rule: "WR1 a watermark needs redrive: never",
    broken: { strategy: "watermark", fifo: true },
    says: /has a new place in its order.*twice; set redrive to "never" if that never happens, or strategy to "commit"/,
    mended: { strategy: "commit", fifo: true },
  },
  {
    rule: "WR2 never is never",
    broken: { ...never, redrives: 2 },
    says: /redrives is 2, but redrive is "never"; leave redrives out, or redrive/,
    mended: { ...never, redrives: 0 },
  },
  {
    rule: "redrive has one word",
    broken: { redrive: "sometimes" } as unknown as ConsumerOverrides,
    says: /redrive is "sometimes"; set it to "never", or leave it out/,
    mended: { redrive: "never" },
  },
  {
    rule: "strategy is one that there is",
    broken: { strategy: "twice" } as unknown as ConsumerOverrides,
    says: /strategy is "twice"; set it to "commit", "claim", "insert", "watermark", or leave it out/,
    mended: { strategy: "claim" },
  },
  {
    rule: "a watermark has no lifetime",
    broken: { strategy: "watermark", ...never, recordLifetime: Duration.days(40) },
    says: /recordLifetime is set, but strategy "watermark" writes nothing that has a lifetime; leave it out/,
    mended: { ...never, recordLifetime: Duration.days(40) },
  },
];

function variablesOf(template: Template): Record<string, string> {
  const [made] = Object.values(template.findResources("AWS::Lambda::Function"));
  return made?.["Properties"].Environment.Variables;
}

function streamTemplate(overrides: StreamOverrides): Template {
  return Template.fromStack(Stack.of(streamConsumerIn(emptyStack(), overrides)));
}

describe("rules of strategies", () => {
  it.each(CASES)("$rule: the message says what to set", ({ broken, says }) => {
    expect(messageOf(() => consumerTemplate(broken))).toMatch(says);
  });

  it.each(CASES)("$rule: that is enough", ({ mended }) => {
    expect(() => consumerTemplate(mended)).not.toThrow();
  });

  it("hold for streams as far as they can be broken there", () => {
    const lived = { strategy: "watermark", recordLifetime: Duration.days(40) } as const;
    expect(messageOf(() => streamTemplate(lived))).toMatch(/recordLifetime is set, but strategy "watermark"/);
    const unknown = { strategy: "twice" } as unknown as StreamOverrides;
    expect(messageOf(() => streamTemplate(unknown))).toMatch(/strategy is "twice"/);
  });

  it("an imported stream needs no retention under a watermark, which has no lifetime", () => {
    const template = (strategy: "watermark" | "commit") => {
      const stack = emptyStack();
      const kinesis = Stream.fromStreamArn(stack, "In", "arn:aws:kinesis:eu-west-1:111111111111:stream/readings");
      streamConsumerIn(stack, { source: { kinesis }, strategy });
      return Template.fromStack(stack);
    };
    expect(messageOf(() => template("commit"))).toMatch(/set retentionPeriod beside kinesis/);
    expect(variablesOf(template("watermark"))).not.toHaveProperty("SEMEL_RETENTION_DAYS");
  });
});

describe("what the runtime is told", () => {
  it("is the strategy, where the construct was", () => {
    expect(variablesOf(consumerTemplate())).not.toHaveProperty("SEMEL_STRATEGY");
    expect(variablesOf(consumerTemplate({ strategy: "claim" }))["SEMEL_STRATEGY"]).toBe("claim");
    expect(variablesOf(streamTemplate({ strategy: "watermark" }))["SEMEL_STRATEGY"]).toBe("watermark");
  });

  it("is whether messages may be redriven, of queues", () => {
    expect(variablesOf(consumerTemplate())["SEMEL_REDRIVE"]).toBe("allowed");
    expect(variablesOf(consumerTemplate(never))["SEMEL_REDRIVE"]).toBe("never");
    expect(variablesOf(streamTemplate({}))).not.toHaveProperty("SEMEL_REDRIVE");
  });

  it("is no lifetime under a watermark, and that is enough to start", () => {
    const template = consumerTemplate({ ...never, strategy: "watermark" });
    const variables = variablesOf(template);
    expect(variables).not.toHaveProperty("SEMEL_RETENTION_DAYS");
    expect(Object.keys(variables).sort()).toEqual([
      "SEMEL_CONSUMER",
      "SEMEL_DEAD_LETTER_QUEUE_URL",
      "SEMEL_REDRIVE",
      "SEMEL_STRATEGY",
      "SEMEL_TABLE",
    ]);
    expect(() => exactlyOnce({ consumer: "orders", table: "Records", strategy: "watermark" })).not.toThrow();
  });

  it("WR2: is a horizon without redrives, and the resends that are left in it", () => {
    // 4 days, 14 days, 18 s, 3 s and a day of resends, once.
    expect(variablesOf(consumerTemplate(never))["SEMEL_RETENTION_DAYS"]).toBe(String(Math.ceil(19 + 21 / DAY)));
    expect(variablesOf(consumerTemplate({ fifo: true }))["SEMEL_RETENTION_DAYS"]).toBe(String(38));
  });

  it("cannot be set by hand beside it", () => {
    const environment = { SEMEL_STRATEGY: "commit", SEMEL_REDRIVE: "never" };
    expect(messageOf(() => consumerTemplate({ environment }))).toMatch(
      /environment sets SEMEL_STRATEGY, SEMEL_REDRIVE, which this construct sets/,
    );
  });
});

describe("redrive: never", () => {
  const denial = (resource: unknown) => ({
    PolicyDocument: {
      Statement: Match.arrayWith([
        {
          Effect: "Deny",
          Principal: { AWS: "*" },
          Action: "sqs:StartMessageMoveTask",
          Resource: resource,
        },
      ]),
    },
  });

  it("denies move tasks from the dead-letter queue to everybody, and on the queue nothing", () => {
    const stack = emptyStack();
    const consumer = consumerIn(stack, never);
    const template = Template.fromStack(stack);
    const arn = (queue: { queueArn: string }) => stack.resolve(queue.queueArn);
    template.resourcePropertiesCountIs("AWS::SQS::QueuePolicy", denial(arn(consumer.deadLetterQueue)), 1);
    template.resourcePropertiesCountIs("AWS::SQS::QueuePolicy", denial(arn(consumer.queue)), 0);
    expect(JSON.stringify(consumerTemplate({ fifo: true }).toJSON())).not.toContain("MoveTask");
  });

  it("leaves the queue its dead-letter queue, and other queues none of it", () => {
    const queue = resourceAt(consumerTemplate(never), "Orders/Queue/Resource").Properties;
    expect(queue).toMatchObject({
      RedrivePolicy: { maxReceiveCount: 5 },
      RedriveAllowPolicy: { redrivePermission: "denyAll" },
    });
  });

  it("leaves cdk-nag nothing to say", () => {
    const stack = emptyStack();
    consumerIn(stack, { ...never, strategy: "watermark" }).grantState(stateTable(stack));
    const rules = new AwsSolutionsChecks(stack.node.root).validateScope(stack.node.root).violations;
    expect(rules).toEqual([]);
  });
});

const partitionKey = { name: "id", type: AttributeType.STRING };

function stateTable(stack: Stack, encryption?: TableEncryptionV2): TableV2 {
  return new TableV2(stack, "States", encryption === undefined ? { partitionKey } : { partitionKey, encryption });
}

describe("grantState", () => {
  it.each(["queue", "stream"] as const)("of a %s's consumer grants what reduce needs, and the table's key", (kind) => {
    const stack = emptyStack({ env: { account: "111111111111", region: "eu-west-1" } });
    const key = new Key(stack, "StateKey");
    const states = stateTable(stack, TableEncryptionV2.customerManagedKey(key));
    const consumer = kind === "queue" ? consumerIn(stack) : streamConsumerIn(stack);
    expect(consumer.grantState(states).success).toBe(true);
    const template = Template.fromStack(stack);
    const granted = (actions: readonly string[], arn: string) => ({
      PolicyDocument: {
        Statement: Match.arrayWith([{ Action: [...actions], Effect: "Allow", Resource: stack.resolve(arn) }]),
      },
    });
    template.hasResourceProperties("AWS::IAM::Policy", granted(STATE_ACTIONS, states.tableArn));
    template.hasResourceProperties("AWS::IAM::Policy", granted(KEY_ACTIONS, key.keyArn));
    expect(STATE_ACTIONS.join()).not.toMatch(/Delete|Scan|Query|UpdateItem|BatchWrite|\*/);
  });

  it("never grants a record table, which keeps what is done", () => {
    const consumer = streamConsumerIn(emptyStack());
    expect(messageOf(() => consumer.grantState(consumer.table.table))).toMatch(
      /Cannot create grant of ExactlyOnceStreamConsumer Test\/Consumer:.*grantState got a record table/s,
    );
  });
});
