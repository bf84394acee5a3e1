// Each rule of a consumer: the message gives the number to set, and setting it is enough.

import { Duration, Stack } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { Construct } from "constructs";
import fc from "fast-check";
import { ExactlyOnceConsumer, ExactlyOnceTable } from "semel/constructs";
import { afterAll, describe, expect, it } from "vitest";
import { SemelError } from "../../lib/errors.ts";
import {
  type ConsumerOverrides,
  consumerIn,
  consumerTemplate,
  ENTRY,
  emptyStack,
  messageOf,
  removeOutputs,
  tableIn,
} from "./stacks.ts";

afterAll(removeOutputs);

const DAY = 86_400;

interface Case {
  readonly rule: string;
  readonly broken: ConsumerOverrides;
  /** What the message must say. */
  readonly says: RegExp;
  /** The broken props with the message's advice taken. */
  readonly mended: ConsumerOverrides;
}

const CASES: Case[] = [
  {
    rule: "C1 visibility timeout >= 6 x timeout + window",
    broken: {
      timeout: Duration.seconds(10),
      maxBatchingWindow: Duration.seconds(5),
      visibilityTimeout: Duration.seconds(64),
    },
    says: /visibilityTimeout is 64 s.*6 x 10 \+ 5 = 65 s.*set visibilityTimeout to 65 s or more/,
    mended: {
      timeout: Duration.seconds(10),
      maxBatchingWindow: Duration.seconds(5),
      visibilityTimeout: Duration.seconds(65),
    },
  },
  {
    rule: "timeout at most Lambda's",
    broken: { timeout: Duration.seconds(901) },
    says: /timeout is 901 s; set it to 900 s or less/,
    mended: { timeout: Duration.seconds(900) },
  },
  {
    rule: "C2 maxReceiveCount >= 5",
    broken: { maxReceiveCount: 4 },
    says: /maxReceiveCount is 4; set it to 5 or more/,
    mended: { maxReceiveCount: 5 },
  },
  {
    rule: "C3 DLQ retention >= source retention",
    broken: { retentionPeriod: Duration.days(4), deadLetterRetentionPeriod: Duration.days(3) },
    says: /deadLetterRetentionPeriod is 259200 s.*345600 s.*set deadLetterRetentionPeriod to 345600 s or more/,
    mended: { retentionPeriod: Duration.days(4), deadLetterRetentionPeriod: Duration.days(4) },
  },
  {
    rule: "C4 record lifetime >= dedup horizon",
    broken: { recordLifetime: Duration.hours(1) },
    says: /recordLifetime is 3600 s.*set recordLifetime to 3196821 s \(38 days\) or more, or leave it out/,
    mended: { recordLifetime: Duration.seconds(37 * DAY + 18 + 3) },
  },
  {
    rule: "batchSize above 10 needs a window",
    broken: { batchSize: 11 },
    says: /batchSize is 11 and maxBatchingWindow 0 s; set maxBatchingWindow to 1 s or more, or batchSize to 10 or less/,
    mended: { batchSize: 11, maxBatchingWindow: Duration.seconds(1) },
  },
  {
    rule: "batchSize at most 10,000",
    broken: { batchSize: 10_001, maxBatchingWindow: Duration.seconds(1) },
    says: /batchSize is 10001; set it to 1 to 10000/,
    mended: { batchSize: 10_000, maxBatchingWindow: Duration.seconds(1) },
  },
  {
    rule: "batchSize at least 1",
    broken: { batchSize: 0 },
    says: /batchSize is 0; set it to 1 to 10000/,
    mended: { batchSize: 1 },
  },
  {
    rule: "redrives not negative",
    broken: { redrives: -1 },
    says: /redrives is -1; set it to a whole number, 0 or more/,
    mended: { redrives: 0 },
  },
  {
    rule: "redrives whole",
    broken: { redrives: 1.5 },
    says: /redrives is 1.5; set it to a whole number, 0 or more/,
    mended: { redrives: 2 },
  },
  {
    rule: "consumerName without a slash",
    broken: { consumerName: "orders/eu" },
    says: /consumerName is "orders\/eu"; set 1 to 128 letters, digits, dots, underscores or hyphens/,
    mended: { consumerName: "orders.eu" },
  },
  {
    rule: "consumerName not empty",
    broken: { consumerName: "" },
    says: /consumerName is ""; set 1 to 128/,
    mended: { consumerName: "o" },
  },
  {
    rule: "consumerName at most 128 long",
    broken: { consumerName: "x".repeat(129) },
    says: /consumerName is "x{129}"; set 1 to 128/,
    mended: { consumerName: "x".repeat(128) },
  },
  {
    rule: "environment leaves semel's variables alone",
    broken: { environment: { SEMEL_RETENTION_DAYS: "1" } },
    says: /environment sets SEMEL_RETENTION_DAYS, which this construct sets from its own props; leave it out/,
    mended: { environment: { RETENTION_DAYS: "1" } },
  },
  {
    rule: "no unknown props",
    broken: { ordered: true, retention: Duration.days(1) } as ConsumerOverrides,
    says: /unknown props ordered, retention; known are consumerName, table, entry,/,
    mended: { retentionPeriod: Duration.days(1) },
  },
  {
    rule: "C6 batchSize at most 10 with FIFO",
    broken: { fifo: true, batchSize: 11 },
    says: /batchSize is 11; set it to 1 to 10, which is Lambda's limit for a FIFO queue/,
    mended: { fifo: true, batchSize: 10 },
  },
  {
    rule: "C6 no batching window with FIFO",
    broken: { fifo: true, maxBatchingWindow: Duration.seconds(5) },
    says: /maxBatchingWindow is 5 s, but Lambda has none for a FIFO queue; leave it out/,
    mended: { fifo: true },
  },
  {
    rule: "FIFO's settings on FIFO queues only",
    broken: { fifoHighThroughput: true, contentBasedDeduplication: true },
    says: /fifoHighThroughput and contentBasedDeduplication is for FIFO queues; set fifo to true, or leave it out/,
    mended: { fifo: true, fifoHighThroughput: true, contentBasedDeduplication: true },
  },
];

describe("rules of a consumer", () => {
  it.each(CASES)("$rule: the message gives the number", ({ broken, says }) => {
    expect(messageOf(() => consumerTemplate(broken))).toMatch(says);
  });

  it.each(CASES)("$rule: the number is enough", ({ mended }) => {
    expect(() => consumerTemplate(mended)).not.toThrow();
  });

  it("C3: a FIFO queue's message starts its age anew in the DLQ, which may keep it shorter than the queue", () => {
    const shorter = { retentionPeriod: Duration.days(4), deadLetterRetentionPeriod: Duration.days(1) };
    expect(() => consumerTemplate({ ...shorter, fifo: true })).not.toThrow();
    expect(() => consumerTemplate(shorter)).toThrow(/deadLetterRetentionPeriod/);
  });

  it("reports all broken rules at once, with the construct's path and the code", () => {
    const fn = () => consumerTemplate({ maxReceiveCount: 1, redrives: -1, visibilityTimeout: Duration.seconds(1) });
    expect(fn).toThrow(SemelError);
    const message = messageOf(fn);
    expect(message).toMatch(/^Cannot create ExactlyOnceConsumer Test\/Orders:\n/);
    expect(message).toContain("\n  - visibilityTimeout is 1 s");
    expect(message).toContain("\n  - maxReceiveCount is 1");
    expect(message).toContain("\n  - redrives is -1");
    expect(message).toContain("(SEMEL_CONSTRUCT)");
    expect(message.match(/\n {2}- /g)).toHaveLength(3);
  });

  it("C1: the default visibility timeout is the minimum, and one second less is refused", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 0, max: 300 }), (timeoutS, windowS) => {
        const props = { timeout: Duration.seconds(timeoutS), maxBatchingWindow: Duration.seconds(windowS) };
        const min = 6 * timeoutS + windowS;
        consumerTemplate(props).hasResourceProperties("AWS::SQS::Queue", { VisibilityTimeout: min });
        const less = { ...props, visibilityTimeout: Duration.seconds(min - 1) };
        expect(messageOf(() => consumerIn(emptyStack(), less))).toContain(`set visibilityTimeout to ${min} s or more`);
      }),
      { numRuns: 10 },
    );
  });

  it("C4: every default lifetime covers its horizon, to the day", () => {
    const days = fc.integer({ min: 1, max: 14 });
    fc.assert(
      fc.property(
        days,
        days,
        fc.integer({ min: 0, max: 5 }),
        fc.integer({ min: 0, max: 40 }),
        (source, dlq, redrives, resend) => {
          const [shorter, longer] = source < dlq ? [source, dlq] : [dlq, source];
          const template = consumerTemplate({
            retentionPeriod: Duration.days(shorter),
            deadLetterRetentionPeriod: Duration.days(longer),
            redrives,
            producerResendWindow: Duration.hours(resend),
          });
          const horizonSeconds = (1 + redrives) * (shorter + longer) * DAY + 18 + 3 + resend * 3600;
          template.hasResourceProperties("AWS::Lambda::Function", {
            Environment: { Variables: { SEMEL_RETENTION_DAYS: String(Math.ceil(horizonSeconds / DAY)) } },
          });
        },
      ),
      { numRuns: 10 },
    );
  });
});

describe("consumers that share a table", () => {
  it("C5: refuses a second consumer of the same name, and names the first", () => {
    const stack = emptyStack();
    const table = tableIn(stack);
    new ExactlyOnceConsumer(stack, "First", { consumerName: "orders", table, entry: ENTRY });
    expect(
      messageOf(() => new ExactlyOnceConsumer(stack, "Second", { consumerName: "orders", table, entry: ENTRY })),
    ).toMatch(
      /ExactlyOnceConsumer Test\/Second:.*consumerName "orders" is already used by Test\/First on the same table/s,
    );
  });

  it("allows two names on one table, and one name on two tables", () => {
    const stack = emptyStack();
    const table = tableIn(stack);
    new ExactlyOnceConsumer(stack, "First", { consumerName: "orders", table, entry: ENTRY });
    new ExactlyOnceConsumer(stack, "Second", { consumerName: "refunds", table, entry: ENTRY });
    const other = new ExactlyOnceTable(stack, "OtherRecords");
    const namesake = { consumerName: "orders", table: other, entry: ENTRY };
    expect(() => new ExactlyOnceConsumer(stack, "Third", namesake)).not.toThrow();
    Template.fromStack(stack).resourceCountIs("AWS::DynamoDB::GlobalTable", 2);
  });

  it("minds consumers only: a construct of the user's may have a table and a consumerName, too", () => {
    const stack = emptyStack();
    const table = tableIn(stack);
    const own = Object.assign(new Construct(stack, "Own"), { table, consumerName: "orders" });
    expect(() => new ExactlyOnceConsumer(own, "Orders", { consumerName: "orders", table, entry: ENTRY })).not.toThrow();
  });

  it("refuses a consumer in another Region than its table", () => {
    const home = emptyStack({ env: { region: "eu-west-1" } });
    const away = new Stack(home.node.root, "Away", { env: { region: "us-east-1" } });
    const props = { consumerName: "orders", table: tableIn(home), entry: ENTRY };
    expect(messageOf(() => new ExactlyOnceConsumer(away, "Orders", props))).toMatch(
      /this stack is in us-east-1, but the record table is processed in eu-west-1; put both in one Region/,
    );
  });
});
