import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  SendMessageBatchCommand,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { expect } from "vitest";
import type { Checks } from "../conformance.ts";
import { bodies, type Scene } from "../scene.ts";

/** "g1-a" is message a of group g1. */
async function sendAll({ sqs }: Scene, QueueUrl: string, names: readonly string[]) {
  const Entries = names.map((name, i) => ({
    Id: `e${i}`,
    MessageBody: name,
    MessageGroupId: name.split("-")[0],
    MessageDeduplicationId: name,
  }));
  const { Successful = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  return Successful;
}

const remove = ({ sqs }: Scene, QueueUrl: string, message: Message | undefined) =>
  sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));

const hideFor = ({ sqs }: Scene, QueueUrl: string, message: Message | undefined, VisibilityTimeout: number) =>
  sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout }));

export const fifoChecks: Checks = {
  async "a receive gives as many messages of a group as there are, in order, then those of the next"(scene) {
    const url = await scene.fifo();
    await sendAll(scene, url, ["g1-a", "g2-a", "g1-b", "g1-c"]);
    expect(bodies(await scene.receive(url))).toEqual(["g1-a", "g1-b", "g1-c", "g2-a"]);
  },

  async "while messages of a group are in flight no later one is received; other groups are"(scene) {
    const { fifo, receive } = scene;
    const url = await fifo();
    await sendAll(scene, url, ["g1-a", "g1-b", "g1-c", "g2-a"]);
    const [a, b] = await receive(url, { MaxNumberOfMessages: 2 });
    expect([a?.Body, b?.Body]).toEqual(["g1-a", "g1-b"]);
    expect(bodies(await receive(url))).toEqual(["g2-a"]);
    await remove(scene, url, a);
    expect(await receive(url)).toEqual([]);
    await remove(scene, url, b);
    expect(bodies(await receive(url))).toEqual(["g1-c"]);
  },

  async "messages come again in their order"(scene) {
    const { fifo, receive } = scene;
    const url = await fifo();
    await sendAll(scene, url, ["g1-a", "g1-b", "g1-c"]);
    const first = await receive(url, { MaxNumberOfMessages: 2 });
    for (const message of first.reverse()) await hideFor(scene, url, message, 0);
    expect(bodies(await receive(url))).toEqual(["g1-a", "g1-b", "g1-c"]);
  },

  async "the first of two in flight comes again as soon as it is visible, the second does not"(scene) {
    const { fifo, receive } = scene;
    const url = await fifo();
    await sendAll(scene, url, ["g1-a", "g1-b"]);
    const [a] = await receive(url);
    await hideFor(scene, url, a, 0);
    expect(bodies(await receive(url))).toEqual(["g1-a"]);
  },

  async "a second one in flight that becomes visible waits for the first"(scene) {
    const { fifo, receive } = scene;
    const url = await fifo();
    await sendAll(scene, url, ["g1-a", "g1-b"]);
    const [, b] = await receive(url);
    await hideFor(scene, url, b, 0);
    expect(await receive(url)).toEqual([]);
  },

  async "groups take turns"(scene) {
    const { fifo, receive } = scene;
    const url = await fifo();
    await sendAll(scene, url, ["g1-a", "g2-a"]);
    const next = async () => bodies(await receive(url, { MaxNumberOfMessages: 1, VisibilityTimeout: 0 }))[0];
    expect([await next(), await next()].sort()).toEqual(["g1-a", "g2-a"]);
  },

  async "sequence numbers have 20 digits and grow"(scene) {
    const { fifo, send, receive } = scene;
    const url = await fifo();
    const sent = await sendAll(scene, url, ["g1-a", "g1-b"]);
    const last = await send(url, "g2-a", { MessageGroupId: "g2", MessageDeduplicationId: "d" });
    const numbers = [...sent, last].map(({ SequenceNumber = "" }) => SequenceNumber);
    for (const number of numbers) expect(number).toMatch(/^\d{20}$/);
    expect([...numbers].sort()).toEqual(numbers);
    expect(new Set(numbers).size).toBe(3);
    const received = await receive(url);
    expect(received.map(({ Attributes }) => Attributes?.SequenceNumber)).toEqual(numbers);
    expect(received[0]?.Attributes).toMatchObject({ MessageGroupId: "g1", MessageDeduplicationId: "g1-a" });
  },

  async "a duplicate is accepted as the first one, and not delivered, also after that is gone"(scene) {
    const { fifo, send, receive } = scene;
    const url = await fifo();
    const id = { MessageGroupId: "g", MessageDeduplicationId: "d" };
    const first = await send(url, "a", id);
    const [message] = await receive(url);
    await remove(scene, url, message);
    const second = await send(url, "other", id);
    expect(second).toMatchObject({ MessageId: first.MessageId, SequenceNumber: first.SequenceNumber });
    await send(url, "third", { ...id, MessageGroupId: "other" });
    expect(await receive(url)).toEqual([]);
  },

  async "deduplication per group takes the same id in two groups for two messages"(scene) {
    const { fifo, send, receive } = scene;
    const url = await fifo({ DeduplicationScope: "messageGroup" });
    for (const MessageGroupId of ["g1", "g2", "g1"]) {
      await send(url, MessageGroupId, { MessageGroupId, MessageDeduplicationId: "d" });
    }
    expect(bodies(await receive(url)).sort()).toEqual(["g1", "g2"]);
  },

  async "content-based deduplication looks at the body alone, and an id of its own overrides it"(scene) {
    const { fifo, send, receive } = scene;
    const url = await fifo({ ContentBasedDeduplication: "true" });
    const MessageGroupId = "g";
    await send(url, "a", { MessageGroupId });
    const MessageAttributes = { x: { DataType: "String", StringValue: "y" } };
    await send(url, "a", { MessageGroupId, MessageAttributes });
    await send(url, "a", { MessageGroupId, MessageDeduplicationId: "own" });
    const received = await receive(url);
    expect(bodies(received)).toEqual(["a", "a"]);
    const sha256OfA = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb";
    expect(received.map(({ Attributes }) => Attributes?.MessageDeduplicationId)).toEqual([sha256OfA, "own"]);
  },

  async "a message without a group, or without a deduplication id, is refused"({ fifo, send, codeOf }) {
    const url = await fifo();
    expect(await codeOf(send(url, "a", { MessageDeduplicationId: "d" }))).toBe("MissingParameter");
    expect(await codeOf(send(url, "a", { MessageGroupId: "g" }))).toBe("InvalidParameterValue");
    const spaced = send(url, "a", { MessageGroupId: "a b", MessageDeduplicationId: "d" });
    expect(await codeOf(spaced)).toBe("InvalidParameterValue");
  },

  async "a message has no delay of its own; the queue's counts"({ fifo, send, receive, codeOf }) {
    const url = await fifo({ DelaySeconds: "1" });
    const id = { MessageGroupId: "g", MessageDeduplicationId: "d" };
    expect(await codeOf(send(url, "a", { ...id, DelaySeconds: 2 }))).toBe("InvalidParameterValue");
    await send(url, "a", id);
    expect(await receive(url)).toEqual([]);
    expect(await receive(url, { WaitTimeSeconds: 3 })).toHaveLength(1);
  },

  async "a receipt ends with its visibility timeout"(scene) {
    const { fifo, receive, codeOf } = scene;
    const url = await fifo();
    await sendAll(scene, url, ["g-a"]);
    const [message] = await receive(url, { VisibilityTimeout: 0 });
    expect(await codeOf(remove(scene, url, message))).toBe("InvalidParameterValue");
    expect(await receive(url)).toHaveLength(1);
  },

  async "a dead letter has its message id as deduplication id, and is sent anew"(scene) {
    const { pair, receive, arn } = scene;
    const { url, deadUrl } = await pair(1, true);
    const [sent] = await sendAll(scene, url, ["g-a"]);
    const [message] = await receive(url, { VisibilityTimeout: 1 });
    expect(await receive(url, { WaitTimeSeconds: 1 })).toEqual([]); // when it is visible again, it moves
    const [dead] = await receive(deadUrl);
    expect(dead).toMatchObject({
      MessageId: sent?.MessageId,
      Attributes: { MessageGroupId: "g", MessageDeduplicationId: sent?.MessageId },
    });
    expect(dead?.Attributes?.DeadLetterQueueSourceArn).toBe(await arn(url));
    expect(Number(dead?.Attributes?.SentTimestamp)).toBeGreaterThan(Number(message?.Attributes?.SentTimestamp));
  },

  async "the message behind a dead letter is received in its place"(scene) {
    const { pair, receive } = scene;
    const { url, deadUrl } = await pair(1, true);
    await sendAll(scene, url, ["g-a", "g-b"]);
    await receive(url, { MaxNumberOfMessages: 1, VisibilityTimeout: 0 });
    expect(bodies(await receive(url))).toEqual(["g-b"]);
    expect(bodies(await receive(deadUrl))).toEqual(["g-a"]);
  },

  async "a redrive is not taken for a duplicate of the message that was dead"(scene) {
    const { sqs, pair, receive, arn } = scene;
    const { url, deadUrl } = await pair(1, true);
    const [sent] = await sendAll(scene, url, ["g-a"]);
    await receive(url, { VisibilityTimeout: 0 });
    await receive(url);
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: await arn(deadUrl) }));
    const [again] = await receive(url, { WaitTimeSeconds: 5 });
    expect(again).toMatchObject({ Body: "g-a", Attributes: { MessageGroupId: "g", ApproximateReceiveCount: "1" } });
    expect(again?.MessageId).not.toBe(sent?.MessageId);
    expect(BigInt(again?.Attributes?.SequenceNumber ?? 0)).toBeGreaterThan(BigInt(sent?.SequenceNumber ?? 0));
  },

  async "a batch without groups is refused as a whole"({ sqs, fifo, codeOf }) {
    const Entries = [{ Id: "a", MessageBody: "a" }];
    const send = async (attributes: Record<string, string>) =>
      codeOf(sqs.send(new SendMessageBatchCommand({ QueueUrl: await fifo(attributes), Entries })));
    expect(await send({ ContentBasedDeduplication: "true" })).toBe("InvalidParameterValue");
  },
};
