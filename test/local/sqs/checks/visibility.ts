import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  SetQueueAttributesCommand,
} from "@aws-sdk/client-sqs";
import { expect } from "vitest";
import type { Checks } from "../conformance.ts";
import { bodies, pause, type Scene } from "../scene.ts";

const remove = ({ sqs }: Scene, QueueUrl: string, message: Message | undefined) =>
  sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));

const hideFor = ({ sqs }: Scene, QueueUrl: string, message: Message | undefined, VisibilityTimeout: number) =>
  sqs.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout }));

export const visibilityChecks: Checks = {
  async "a received message is hidden, and comes again when its time is up, under a new receipt"(scene) {
    const { queue, send, receive } = scene;
    const url = await queue({ VisibilityTimeout: "1" });
    const { MessageId } = await send(url, "a");
    const [first] = await receive(url);
    expect(await receive(url)).toEqual([]);
    const [second] = await receive(url, { WaitTimeSeconds: 3 });
    expect(second).toMatchObject({ MessageId, Attributes: { ApproximateReceiveCount: "2" } });
    expect(second?.ReceiptHandle).not.toBe(first?.ReceiptHandle);
  },

  async "the visibility timeout of a receive overrides the queue's, for that receive"({ queue, send, receive }) {
    const url = await queue();
    await send(url, "a");
    await receive(url, { VisibilityTimeout: 0 });
    const [again] = await receive(url);
    expect(again?.Attributes?.ApproximateReceiveCount).toBe("2");
    expect(await receive(url)).toEqual([]);
  },

  async "a deleted message does not come again"(scene) {
    const { queue, send, receive, attributes } = scene;
    const url = await queue();
    for (const body of ["a", "b"]) await send(url, body);
    const [hidden, visible] = [
      await receive(url, { MaxNumberOfMessages: 1 }),
      await receive(url, { VisibilityTimeout: 0 }),
    ];
    for (const message of [...hidden, ...visible]) await remove(scene, url, message);
    await remove(scene, url, hidden[0]); // twice does no harm
    expect(await receive(url)).toEqual([]);
    expect(await attributes(url)).toMatchObject({ ApproximateNumberOfMessagesNotVisible: "0" });
  },

  async "a receipt deletes also after its time, until the message is received again"(scene) {
    const { queue, send, receive } = scene;
    const url = await queue({ VisibilityTimeout: "0" });
    await send(url, "a");
    const [first] = await receive(url);
    const [second] = await receive(url);
    await remove(scene, url, first); // succeeds, and deletes nothing
    expect(await receive(url, { VisibilityTimeout: 0 })).toHaveLength(1);
    await remove(scene, url, second);
    const [last] = await receive(url);
    expect(last?.Attributes?.ApproximateReceiveCount).toBe("4");
    await remove(scene, url, last);
    expect(await receive(url)).toEqual([]);
  },

  async "what is no receipt is refused"(scene) {
    const { queue, send, receive, codeOf } = scene;
    const [url, other] = [await queue(), await queue()];
    expect(await codeOf(remove(scene, url, { ReceiptHandle: "nonsense" }))).toBe("ReceiptHandleIsInvalid");
    expect(await codeOf(hideFor(scene, url, { ReceiptHandle: "nonsense" }, 1))).toBe("ReceiptHandleIsInvalid");
    await send(other, "a");
    const [message] = await receive(other);
    expect(await codeOf(remove(scene, url, message))).toBe("ReceiptHandleIsInvalid");
  },

  async "visibility can be ended at once"(scene) {
    const { queue, send, receive } = scene;
    const url = await queue();
    await send(url, "a");
    const [message] = await receive(url);
    await hideFor(scene, url, message, 0);
    const [again] = await receive(url);
    expect(again?.Attributes?.ApproximateReceiveCount).toBe("2");
  },

  async "visibility can be made longer, from now on, and the next receive forgets it"(scene) {
    const { queue, send, receive } = scene;
    const url = await queue({ VisibilityTimeout: "1" });
    await send(url, "a");
    const [message] = await receive(url);
    await hideFor(scene, url, message, 2);
    await pause(1_100);
    expect(await receive(url)).toEqual([]);
    expect(await receive(url, { WaitTimeSeconds: 2 })).toHaveLength(1);
    expect(await receive(url, { WaitTimeSeconds: 2 })).toHaveLength(1); // a second, not two
  },

  async "visibility of a message that is not in flight can't be changed"(scene) {
    const { queue, send, receive, codeOf } = scene;
    const url = await queue({ VisibilityTimeout: "0" });
    await send(url, "a");
    const [message] = await receive(url);
    expect(await codeOf(hideFor(scene, url, message, 5))).toBe("MessageNotInflight");
    await remove(scene, url, message);
    expect(await codeOf(hideFor(scene, url, message, 5))).toBe("InvalidParameterValue");
  },

  async "a late receipt can't hide what somebody else received since"(scene) {
    const { queue, send, receive, codeOf } = scene;
    const url = await queue();
    await send(url, "a");
    const [first] = await receive(url, { VisibilityTimeout: 0 });
    await receive(url);
    expect(await codeOf(hideFor(scene, url, first, 0))).toBe("InvalidParameterValue");
    expect(await receive(url)).toEqual([]);
  },

  async "12 hours from the receive is the longest that a message is hidden; more is an error"(scene) {
    const { queue, send, receive, codeOf } = scene;
    const url = await queue();
    await send(url, "a");
    const [message] = await receive(url);
    await pause(5);
    await hideFor(scene, url, message, 43_199);
    expect(await codeOf(hideFor(scene, url, message, 43_200))).toBe("InvalidParameterValue");
    expect(await codeOf(hideFor(scene, url, message, 43_201))).toBe("InvalidParameterValue");
  },

  async "a delay of the message, or else of the queue, keeps it back"({ queue, send, receive }) {
    const url = await queue({ DelaySeconds: "1" });
    await send(url, "queue's");
    await send(url, "none", { DelaySeconds: 0 });
    await send(url, "own", { DelaySeconds: 60 });
    expect(bodies(await receive(url))).toEqual(["none"]);
    expect(bodies(await receive(url, { WaitTimeSeconds: 3 }))).toEqual(["queue's"]);
  },

  async "a new delay of a standard queue counts for new messages only"({ sqs, queue, send, receive }) {
    const url = await queue({ DelaySeconds: "900" });
    await send(url, "before");
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { DelaySeconds: "0" } }));
    await send(url, "after");
    expect(bodies(await receive(url))).toEqual(["after"]);
  },

  async "a long poll ends when a message is sent"({ queue, send, receive }) {
    const url = await queue();
    const startMs = Date.now();
    const poll = receive(url, { WaitTimeSeconds: 10 });
    await pause(100);
    await send(url, "a");
    expect(bodies(await poll)).toEqual(["a"]);
    expect(Date.now() - startMs).toBeLessThan(5_000);
  },

  async "each of several long polls gets a message of its own"({ queue, send, receive }) {
    const url = await queue();
    const polls = ["a", "b", "c"].map(() => receive(url, { WaitTimeSeconds: 10, MaxNumberOfMessages: 1 }));
    await pause(100);
    for (const body of ["a", "b", "c"]) await send(url, body);
    const received = await Promise.all(polls);
    expect(received.flatMap(bodies).sort()).toEqual(["a", "b", "c"]);
  },

  async "a long poll without messages ends with none after its time"({ queue, receive }) {
    const url = await queue({ ReceiveMessageWaitTimeSeconds: "1" });
    const startMs = Date.now();
    expect(await receive(url)).toEqual([]);
    expect(Date.now() - startMs).toBeGreaterThanOrEqual(900);
  },

  async "a long poll whose caller went away takes no message"({ sqs, queue, send, receive }) {
    const url = await queue();
    const { ReceiveMessageCommand } = await import("@aws-sdk/client-sqs");
    const gone = new AbortController();
    const command = new ReceiveMessageCommand({ QueueUrl: url, WaitTimeSeconds: 10 });
    const poll = sqs.send(command, { abortSignal: gone.signal }).catch(() => "gone");
    await pause(100);
    gone.abort();
    expect(await poll).toBe("gone");
    await pause(100);
    await send(url, "a");
    const [message] = await receive(url);
    expect(message?.Attributes?.ApproximateReceiveCount).toBe("1");
  },
};
