import type { SQSClient } from "@aws-sdk/client-sqs";
import { expect, test } from "vitest";
import { sdkQueueCalls } from "../../lib/redrive/sdk-queue-calls.ts";

const answering = (answer: object) => sdkQueueCalls({ send: async () => answer } as unknown as SQSClient);
const message = { body: "x", attributes: {} };

test("SC1: sent is only what has an id; what an answer does not name is not served", async () => {
  const Failed = [{ Id: "1", Code: "InternalError", Message: "later", SenderFault: false }];
  const Successful = [{ Id: "0", MessageId: "m" }, { Id: "2" }];
  const unnamed = { code: "no answer", isFinal: false };
  const sent = await answering({ Successful, Failed }).send("q", [message, message, message, message]);
  expect(sent).toMatchObject([{ messageId: "m" }, { code: "InternalError", isFinal: false }, unnamed, unnamed]);
  const served = await answering({ Successful: [{ Id: "1" }] }).remove("q", ["a", "b"]);
  expect(served).toMatchObject([unnamed, undefined]);
  expect(await answering({}).hide("q", ["a"], 0)).toMatchObject([unnamed]);
});

test("what SQS calls the sender's fault is not tried again, unless it is throttling", async () => {
  const failed = (Code: string) => answering({ Failed: [{ Id: "0", Code, SenderFault: true }] }).send("q", [message]);
  expect(await failed("InvalidMessageContents")).toMatchObject([{ isFinal: true }]);
  expect(await failed("RequestThrottled")).toMatchObject([{ isFinal: false }]);
});

test("all pages of the queues that have a dead-letter queue are read", async () => {
  const pages = [{ queueUrls: ["a"], NextToken: "t" }, { queueUrls: ["b"] }];
  const asked: unknown[] = [];
  const client = {
    send: async ({ input }: { input: { NextToken?: string } }) => {
      asked.push(input.NextToken);
      return pages.shift();
    },
  };
  expect(await sdkQueueCalls(client as unknown as SQSClient).sourcesOf("q")).toEqual(["a", "b"]);
  expect(asked).toEqual([undefined, "t"]);
});
