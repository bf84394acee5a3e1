// A message that can never succeed, on the local cloud: the CDK app's orders service puts it into its dead-letter queue after
// one receipt. The queue's URL, the permission and the SDK come from the constructs, as on AWS.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { expect, it } from "vitest";
import { synthesize } from "../../demo/app.ts";
import { ordersService } from "../../demo/orders/service.ts";
import { startLocal } from "../../lib/local/index.ts";

it("is in the dead-letter queue at once, with its attributes and the reason", { timeout: 90_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "semel-poison-"));
  synthesize(join(folder, "cdk.out"), ordersService, ["semel"]);
  const lines: string[] = [];
  const cloud = await startLocal({
    assembly: join(folder, "cdk.out"),
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
    rmSync(folder, { recursive: true, force: true });
  }
});
