import {
  CancelMessageMoveTaskCommand,
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  type ListMessageMoveTasksResultEntry,
  type Message,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { expect } from "vitest";
import type { Checks } from "../conformance.ts";
import { bodies, pause, type Scene } from "../scene.ts";

/** Receives until nothing comes any more: what was received too often is in the dead-letter queue then. */
async function exhaust({ receive }: Scene, url: string): Promise<Message[]> {
  const all: Message[] = [];
  for (;;) {
    const messages = await receive(url, { VisibilityTimeout: 0 });
    if (messages.length === 0) return all;
    all.push(...messages);
  }
}

async function finished({ sqs }: Scene, SourceArn: string): Promise<ListMessageMoveTasksResultEntry | undefined> {
  for (;;) {
    const { Results } = await sqs.send(new ListMessageMoveTasksCommand({ SourceArn }));
    if (Results?.[0]?.Status !== "RUNNING") return Results?.[0];
    await pause(20);
  }
}

export const deadLetterChecks: Checks = {
  async "a message moves on the receive after its last one, as it was"(scene) {
    const { pair, send, receive, arn } = scene;
    const { url, deadUrl } = await pair(2);
    const MessageAttributes = { a: { DataType: "String", StringValue: "b" } };
    const { MessageId } = await send(url, "a", { MessageAttributes });
    const received = await exhaust(scene, url);
    expect(received.map(({ Attributes }) => Attributes?.ApproximateReceiveCount)).toEqual(["1", "2"]);
    const [dead] = await receive(deadUrl);
    expect(dead).toMatchObject({ MessageId, Body: "a", MessageAttributes });
    expect(dead?.Attributes?.SentTimestamp).toBe(received[0]?.Attributes?.SentTimestamp);
    expect(dead?.Attributes?.DeadLetterQueueSourceArn).toBe(await arn(url));
  },

  async "its receive count goes on in the dead-letter queue; the receive that moved it did not count"(scene) {
    const { pair, send, receive } = scene;
    const { url, deadUrl } = await pair(2);
    await send(url, "a");
    await exhaust(scene, url);
    const [dead] = await receive(deadUrl);
    expect(dead?.Attributes?.ApproximateReceiveCount).toBe("3");
  },

  async "a long poll on the dead-letter queue gets what moves there"(scene) {
    const { pair, send, receive } = scene;
    const { url, deadUrl } = await pair(1);
    await send(url, "a");
    const poll = receive(deadUrl, { WaitTimeSeconds: 10 });
    await pause(50);
    await exhaust(scene, url);
    expect(bodies(await poll)).toEqual(["a"]);
  },

  async "wrong redrive policies are refused"({ queue, fifo, arn, codeOf }) {
    const [standardArn, fifoArn] = [await arn(await queue()), await arn(await fifo())];
    const code = (policy: unknown) => codeOf(queue({ RedrivePolicy: JSON.stringify(policy) }));
    expect(await code({ deadLetterTargetArn: "dummy", maxReceiveCount: 42 })).toBe("InvalidParameterValue");
    const missing = `${standardArn.slice(0, standardArn.lastIndexOf(":"))}:no-such-queue`;
    expect(await code({ deadLetterTargetArn: missing, maxReceiveCount: 2 })).toMatch(
      /^(InvalidParameterValue|NonExistentQueue)$/,
    );
    expect(await code({ deadLetterTargetArn: standardArn, maxReceiveCount: 0 })).toBe("InvalidParameterValue");
    expect(await code({ deadLetterTargetArn: standardArn })).toBe("InvalidParameterValue");
    expect(await code({ deadLetterTargetArn: fifoArn, maxReceiveCount: 2 })).toBe("InvalidParameterValue");
  },

  async "a dead-letter queue chooses whom it serves"({ queue, arn, codeOf }) {
    const allowed = await arn(await queue());
    const policyOf = (deadLetterTargetArn: string) => ({
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 2 }),
    });
    const deny = await queue({ RedriveAllowPolicy: JSON.stringify({ redrivePermission: "denyAll" }) });
    expect(await codeOf(queue(policyOf(await arn(deny))))).toBe("InvalidParameterValue");
    const some = { redrivePermission: "byQueue", sourceQueueArns: [allowed] };
    const byQueue = await queue({ RedriveAllowPolicy: JSON.stringify(some) });
    expect(await codeOf(queue(policyOf(await arn(byQueue))))).toBe("InvalidParameterValue");
  },

  async "a dead-letter queue tells its sources, and an empty policy ends it"({ sqs, pair }) {
    const { url, deadUrl } = await pair(2);
    const sources = async () =>
      (await sqs.send(new ListDeadLetterSourceQueuesCommand({ QueueUrl: deadUrl }))).queueUrls ?? [];
    expect(await sources()).toEqual([url]);
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { RedrivePolicy: "" } }));
    expect(await sources()).toEqual([]);
  },

  async "a redrive gives new messages: new id, sent now, not yet received, else as they were"(scene) {
    const { sqs, pair, send, receive, arn } = scene;
    const { url, deadUrl } = await pair(1);
    const MessageAttributes = { a: { DataType: "String", StringValue: "b" } };
    const sent = await send(url, "a", { MessageAttributes });
    const [before] = await exhaust(scene, url);
    const SourceArn = await arn(deadUrl);
    await pause(5);
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn }));
    const task = await finished(scene, SourceArn);
    expect(task).toMatchObject({
      Status: "COMPLETED",
      SourceArn,
      ApproximateNumberOfMessagesMoved: 1,
      ApproximateNumberOfMessagesToMove: 1,
    });
    expect(task?.TaskHandle).toBeUndefined();
    const [after] = await receive(url);
    expect(after).toMatchObject({ Body: "a", MessageAttributes, Attributes: { ApproximateReceiveCount: "1" } });
    expect(after?.MessageId).not.toBe(sent.MessageId);
    expect(after?.Attributes).not.toHaveProperty("DeadLetterQueueSourceArn");
    expect(Number(after?.Attributes?.SentTimestamp)).toBeGreaterThan(Number(before?.Attributes?.SentTimestamp));
    expect(await receive(deadUrl)).toEqual([]);
  },

  async "a redrive takes each message to the queue it came from, or all to the one that it names"(scene) {
    const { sqs, queue, pair, send, receive, arn } = scene;
    const { url, deadUrl } = await pair(1);
    const SourceArn = await arn(deadUrl);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: SourceArn, maxReceiveCount: 1 });
    const [other, third] = [await queue({ RedrivePolicy }), await queue()];
    const fill = async () => {
      await Promise.all([send(url, "one"), send(other, "other")]);
      await exhaust(scene, url);
      await exhaust(scene, other);
    };
    await fill();
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn }));
    await finished(scene, SourceArn);
    expect([bodies(await receive(url)), bodies(await receive(other))]).toEqual([["one"], ["other"]]);
    await fill();
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn, DestinationArn: await arn(third) }));
    await finished(scene, SourceArn);
    expect(bodies(await receive(third)).sort()).toEqual(["one", "other"]);
  },

  async "a redrive of what was sent to the dead-letter queue itself fails, and loses nothing"(scene) {
    const { sqs, pair, send, receive, arn } = scene;
    const { deadUrl } = await pair(1);
    await send(deadUrl, "a");
    const SourceArn = await arn(deadUrl);
    await sqs.send(new StartMessageMoveTaskCommand({ SourceArn }));
    expect(await finished(scene, SourceArn)).toMatchObject({
      Status: "FAILED",
      FailureReason: "CouldNotDetermineMessageSource",
    });
    expect(bodies(await receive(deadUrl))).toEqual(["a"]);
  },

  async "one move task at a time, and it can be cancelled"(scene) {
    const { sqs, pair, send, arn, codeOf } = scene;
    const { url, deadUrl } = await pair(1);
    for (const body of ["a", "b", "c"]) await send(url, body);
    await exhaust(scene, url);
    const SourceArn = await arn(deadUrl);
    const start = () => sqs.send(new StartMessageMoveTaskCommand({ SourceArn, MaxNumberOfMessagesPerSecond: 1 }));
    const { TaskHandle } = await start();
    expect(await codeOf(start())).toBe("InvalidParameterValue");
    const list = async () => (await sqs.send(new ListMessageMoveTasksCommand({ SourceArn }))).Results?.[0];
    expect(await list()).toMatchObject({ Status: "RUNNING", TaskHandle, MaxNumberOfMessagesPerSecond: 1 });
    await sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    expect(await list()).toMatchObject({ Status: expect.stringMatching(/^CANCELL/) });
  },

  async "wrong move tasks are refused"(scene) {
    const { sqs, queue, pair, arn, codeOf } = scene;
    const { url, deadUrl } = await pair(1);
    const start = (SourceArn: string, DestinationArn?: string) =>
      codeOf(sqs.send(new StartMessageMoveTaskCommand({ SourceArn, DestinationArn })));
    expect(await start(await arn(await queue()))).toBe("InvalidParameterValue"); // nobody's dead-letter queue
    const missing = `${await arn(url)}-missing`;
    expect(await start(missing)).toBe("ResourceNotFoundException");
    expect(await start(await arn(deadUrl), missing)).toBe("ResourceNotFoundException");
    const cancel = (TaskHandle: string) => codeOf(sqs.send(new CancelMessageMoveTaskCommand({ TaskHandle })));
    const handle = (sourceArn: string) => Buffer.from(JSON.stringify({ taskId: "x", sourceArn })).toString("base64");
    expect(await cancel("nonsense")).toBe("InvalidParameterValue");
    expect(await cancel(handle(missing))).toBe("ResourceNotFoundException");
    expect(await cancel(handle(await arn(deadUrl)))).toBe("ResourceNotFoundException");
  },
};
