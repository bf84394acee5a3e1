// What a consumer's function may do: exactly this. No local engine checks IAM, so the template is looked at.

import { Stack } from "aws-cdk-lib";
import { Match, Template } from "aws-cdk-lib/assertions";
import { AttributeType, Table, TableEncryption, TableEncryptionV2, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Key } from "aws-cdk-lib/aws-kms";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { ExactlyOnceConsumer, ExactlyOnceTable } from "semel/constructs";
import { afterAll, describe, expect, it } from "vitest";
import {
  DEAD_LETTER_ACTIONS,
  EFFECT_ACTIONS,
  INSERT_ACTIONS,
  KEY_ACTIONS,
  RECORD_ACTIONS,
  RETRY_ACTIONS,
} from "../../lib/constructs/grants.ts";
import { consumerIn, ENTRY, emptyStack, messageOf, removeOutputs, streamConsumerIn, tableIn } from "./stacks.ts";

afterAll(removeOutputs);

interface Statement {
  readonly Action: string | string[];
  readonly Effect: string;
  readonly Resource: unknown;
}

const partitionKey = { name: "id", type: AttributeType.STRING };

/** All statements of the function's role, actions and resources always as lists. */
function statements(stack: Stack): { actions: string[]; resources: unknown[] }[] {
  const policies = Template.fromStack(stack).findResources("AWS::IAM::Policy");
  return Object.values(policies).flatMap((policy) =>
    (policy["Properties"].PolicyDocument.Statement as Statement[]).map((statement) => {
      expect(statement.Effect).toBe("Allow");
      return { actions: [statement.Action].flat(), resources: [statement.Resource].flat() };
    }),
  );
}

/** The actions on one resource, sorted. */
function actionsOn(stack: Stack, arn: string): string[] {
  const wanted = JSON.stringify(stack.resolve(arn));
  const found = statements(stack).filter(({ resources }) => resources.some((each) => JSON.stringify(each) === wanted));
  return found.flatMap(({ actions }) => actions).sort();
}

const sorted = (actions: readonly string[]) => [...actions].sort();

describe("grants of a consumer", () => {
  it("are records, queue, dead-letter queue and logs, each on its own ARN, and nothing else", () => {
    const stack = emptyStack();
    const consumer = consumerIn(stack);
    expect(actionsOn(stack, consumer.table.tableArn)).toEqual(sorted(RECORD_ACTIONS));
    expect(actionsOn(stack, consumer.logGroup.logGroupArn)).toEqual(["logs:CreateLogStream", "logs:PutLogEvents"]);
    expect(actionsOn(stack, consumer.queue.queueArn)).toEqual([
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:GetQueueUrl",
      "sqs:ReceiveMessage",
    ]);
    expect(actionsOn(stack, consumer.queue.queueArn)).toEqual(expect.arrayContaining([...RETRY_ACTIONS]));
    expect(actionsOn(stack, consumer.deadLetterQueue.queueArn)).toEqual(sorted(DEAD_LETTER_ACTIONS));
    expect(statements(stack)).toHaveLength(4);
    Template.fromStack(stack).hasResourceProperties("AWS::IAM::Role", { ManagedPolicyArns: Match.absent() });
  });

  it("hold no wildcard, neither in an action nor in a resource", () => {
    const stack = emptyStack();
    const ledger = new TableV2(stack, "Ledger", {
      partitionKey,
      globalSecondaryIndexes: [{ indexName: "byDay", partitionKey: { name: "day", type: AttributeType.STRING } }],
    });
    consumerIn(stack).grantEffects(ledger);
    expect(JSON.stringify(statements(stack))).not.toContain("*");
  });

  it("on a table of effects are what a transaction and a guarded read need", () => {
    const stack = emptyStack();
    const ledger = new TableV2(stack, "Ledger", { partitionKey });
    const consumer = consumerIn(stack);
    consumer.grantEffects(ledger);
    expect(actionsOn(stack, ledger.tableArn)).toEqual(sorted(EFFECT_ACTIONS));
    expect(actionsOn(stack, consumer.table.tableArn)).toEqual(sorted(RECORD_ACTIONS));
  });

  it("on an append-only table are what inserts need: no update, no delete", () => {
    const stack = emptyStack({ env: { account: "111111111111", region: "eu-west-1" } });
    const key = new Key(stack, "JournalKey");
    const encryption = TableEncryptionV2.customerManagedKey(key);
    const journal = new TableV2(stack, "Journal", { partitionKey, encryption });
    consumerIn(stack).grantInserts(journal);
    expect(actionsOn(stack, journal.tableArn)).toEqual(sorted(INSERT_ACTIONS));
    expect(actionsOn(stack, journal.tableArn).join()).not.toMatch(/Update|Delete|BatchWrite/);
    expect(actionsOn(stack, key.keyArn)).toEqual(sorted(KEY_ACTIONS));
  });

  it("take the first generation of Table, and imported tables", () => {
    const stack = emptyStack();
    const old = new Table(stack, "Old", { partitionKey });
    const imported = TableV2.fromTableName(stack, "Imported", "somebody-elses");
    const consumer = consumerIn(stack);
    for (const table of [old, imported]) consumer.grantEffects(table);
    for (const table of [old, imported]) {
      expect(actionsOn(stack, table.tableArn)).toEqual(sorted(EFFECT_ACTIONS));
    }
  });

  it("include the use of a table's own key", () => {
    const stack = emptyStack({ env: { account: "111111111111", region: "eu-west-1" } });
    const recordKey = new Key(stack, "RecordKey");
    const ledgerKey = new Key(stack, "LedgerKey");
    const table = tableIn(stack, { encryption: TableEncryptionV2.customerManagedKey(recordKey) });
    const consumer = new ExactlyOnceConsumer(stack, "Orders", { consumerName: "orders", table, entry: ENTRY });
    const encryption = TableEncryption.CUSTOMER_MANAGED;
    consumer.grantEffects(new Table(stack, "Ledger", { partitionKey, encryption, encryptionKey: ledgerKey }));
    expect(actionsOn(stack, recordKey.keyArn)).toEqual(sorted(KEY_ACTIONS));
    expect(actionsOn(stack, ledgerKey.keyArn)).toEqual(sorted(KEY_ACTIONS));
  });

  it("on records can be given to another function, too", () => {
    const stack = emptyStack();
    const table = tableIn(stack);
    const consumer = consumerIn(new Stack(stack.node.root, "Other"));
    const grant = table.grantRecords(consumer);
    expect(grant.success).toBe(true);
  });
});

describe("effects on the record table", () => {
  it("are refused, also under an import of the same ARN", () => {
    const stack = emptyStack();
    const consumer = consumerIn(stack);
    const imported = TableV2.fromTableArn(stack, "Imported", consumer.table.tableArn);
    for (const table of [consumer.table.table, imported]) {
      expect(messageOf(() => consumer.grantEffects(table))).toMatch(
        /Cannot create grant of ExactlyOnceConsumer Test\/Orders:.*grantEffects got a record table.*table of their own/s,
      );
    }
    expect(actionsOn(stack, consumer.table.tableArn)).toEqual(sorted(RECORD_ACTIONS));
  });

  it("are refused for the record table of another consumer, too", () => {
    const stack = emptyStack();
    const other = new ExactlyOnceTable(stack, "OtherRecords");
    const consumer = consumerIn(stack);
    expect(messageOf(() => consumer.grantEffects(other.table))).toMatch(/grantEffects got a record table/);
    expect(messageOf(() => consumer.grantInserts(other.table))).toMatch(/grantInserts got a record table/);
  });
});

describe("grantClaimCheck", () => {
  it("is the read of objects and the use of their key, and names the bucket to the function", () => {
    const stack = emptyStack();
    const consumer = consumerIn(stack);
    const encryptionKey = new Key(stack, "Key");
    const bucket = new Bucket(stack, "Large", { encryptionKey });
    consumer.grantClaimCheck(bucket);
    expect(actionsOn(stack, bucket.arnForObjects("*"))).toEqual(["s3:GetObject"]);
    expect(actionsOn(stack, bucket.bucketArn)).toEqual([]);
    expect(actionsOn(stack, encryptionKey.keyArn)).toEqual(["kms:Decrypt"]);
    Template.fromStack(stack).hasResourceProperties("AWS::Lambda::Function", {
      Environment: { Variables: Match.objectLike({ SEMEL_CLAIM_CHECK_BUCKET: stack.resolve(bucket.bucketName) }) },
    });
  });

  it("of a stream is the write of dead letters, too", () => {
    const stack = emptyStack();
    const consumer = streamConsumerIn(stack);
    const bucket = new Bucket(stack, "Large");
    consumer.grantClaimCheck(bucket);
    expect(actionsOn(stack, bucket.arnForObjects("*"))).toEqual(["s3:GetObject", "s3:PutObject"]);
  });

  it("is of one bucket: the runtime reads from no other", () => {
    const stack = emptyStack();
    const consumer = consumerIn(stack);
    consumer.grantClaimCheck(new Bucket(stack, "Large"));
    expect(messageOf(() => consumer.grantClaimCheck(new Bucket(stack, "Other")))).toMatch(
      /got Test\/Other after Test\/Large/,
    );
  });
});
