// The main job, end to end: the CDK app's orders service on the local cloud, with duplicates and killed workers. A message that
// can never succeed is put into the dead-letter queue after one receipt: the queue's URL, the permission and the SDK come from
// the constructs, as on AWS.

import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ordersService } from "../../demo/orders/service.ts";
import { startLocal } from "../../lib/local/index.ts";
import { prepareTrials, type Trials } from "./trials.ts";

describe("orders on the local cloud", () => {
  let trials: Trials;
  beforeAll(() => {
    trials = prepareTrials(ordersService, ["semel", "claim"]);
  }, 60_000);
  afterAll(() => trials.remove());

  const runs = [
    // Several crashes: one that comes when its worker has just answered brings nothing again.
    // At most one transaction a message and delivery; those of redelivered messages are read before.
    { handler: "semel", limit: 200, crashes: 4, requestsPerDeliveryMax: 1.05 },
    // An acquisition, a step and at most one transaction. Its crashes are the demo's, which has the time to wait for them.
    { handler: "claim", limit: 60, crashes: 0, requestsPerDeliveryMax: 3.5 },
  ] as const;

  it.each(runs)(
    "$handler posts every line exactly once, though messages come twice, and workers die",
    {
      timeout: 120_000,
    },
    async ({ handler, limit, crashes, requestsPerDeliveryMax }) => {
      const { result, complaints, log } = await trials.run({ handler, limit, crashes });
      expect(complaints, log).toEqual([]);
      expect(result).toMatchObject({ messages: limit, crashes });
      expect(result.sends).toBeGreaterThan(limit);
      if (crashes > 0) expect(result.deliveries).toBeGreaterThan(result.sends); // what was killed came again
      // Without crashes nothing waits for its visibility timeout (12 s): what is deferred comes when it should.
      if (crashes === 0) expect(result.visibilityWaitSeconds).toBeLessThan(10);
      expect(result.dynamodbRequestsPerMessage * limit).toBeLessThanOrEqual(result.deliveries * requestsPerDeliveryMax);
    },
  );

  it("poison is in the dead-letter queue at once, with its attributes and the reason", {
    timeout: 90_000,
  }, async () => {
    const lines: string[] = [];
    const cloud = await startLocal({
      assembly: trials.assembly,
      stacks: ["Orders"],
      logger: ({ text }) => void lines.push(text),
    });
    const sqs = new SQSClient(cloud.clientConfig.sqs);
    try {
      const urlOf = (part: string): string | undefined =>
        cloud.queues.find(({ logicalId }) => logicalId.startsWith(part))?.url;
      const MessageAttributes = { trace: { DataType: "String", StringValue: "t-1" } };
      const MessageBody = '{"invoiceNo":""}';
      const sent = await sqs.send(
        new SendMessageCommand({ QueueUrl: urlOf("OrdersQueue"), MessageBody, MessageAttributes }),
      );
      const input = { QueueUrl: urlOf("OrdersDeadLetterQueue"), MessageAttributeNames: ["All"], WaitTimeSeconds: 20 };
      const { Messages: [letter] = [] } = await sqs.send(new ReceiveMessageCommand(input));
      expect(letter?.Body, lines.slice(-20).join("\n")).toBe(MessageBody);
      expect(letter?.MessageAttributes?.["trace"]?.StringValue).toBe("t-1");
      expect(JSON.parse(letter?.MessageAttributes?.["semel-failure"]?.StringValue ?? "{}")).toMatchObject({
        code: "SEMEL_SCHEMA",
        consumer: "orders",
        messageId: sent.MessageId,
      });
      await cloud.idle(); // it left its queue
      expect(lines.filter((line) => line.includes("Message rejected"))).toHaveLength(1);
    } finally {
      sqs.destroy();
      await cloud.stop();
    }
  });
});
