import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
} from "@aws-sdk/client-sqs";
import { expect } from "vitest";
import type { Checks } from "../conformance.ts";
import { bodies, type Scene } from "../scene.ts";

const sendAll = ({ sqs }: Scene, QueueUrl: string, Entries: SendMessageBatchRequestEntry[]) =>
  sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));

const entries = (count: number): SendMessageBatchRequestEntry[] =>
  Array.from({ length: count }, (_, i) => ({ Id: `e${i}`, MessageBody: `m${i}` }));

export const batchChecks: Checks = {
  async "10 messages are sent, received and deleted in one call each"(scene) {
    const { sqs, queue, receive, attributes } = scene;
    const url = await queue();
    const sent = await sendAll(scene, url, entries(10));
    expect(sent.Successful?.map(({ Id }) => Id)).toEqual(entries(10).map(({ Id }) => Id));
    expect(sent.Failed ?? []).toEqual([]);
    const received = await receive(url);
    expect(bodies(received).sort()).toEqual(entries(10).map(({ MessageBody }) => MessageBody));
    const Entries = received.map(({ ReceiptHandle }, i) => ({ Id: `d${i}`, ReceiptHandle }));
    const deleted = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
    expect(deleted.Successful).toHaveLength(10);
    expect(await attributes(url)).toMatchObject({ ApproximateNumberOfMessagesNotVisible: "0" });
  },

  async "wrong batches are refused as a whole"(scene) {
    const { queue, codeOf } = scene;
    const url = await queue();
    const code = (list: SendMessageBatchRequestEntry[]) => codeOf(sendAll(scene, url, list));
    expect(await code([])).toBe("EmptyBatchRequest");
    expect(await code(entries(11))).toBe("TooManyEntriesInBatchRequest");
    expect(await code([...entries(1), ...entries(1)])).toBe("BatchEntryIdsNotDistinct");
    for (const Id of ["", "a:b", "x".repeat(81)]) {
      expect(await code([{ Id, MessageBody: "a" }]), Id).toBe("InvalidBatchEntryId");
    }
  },

  async "a batch has 1 MiB at most, all messages and attributes together"(scene) {
    const { queue, codeOf } = scene;
    const url = await queue();
    const half = "x".repeat(512 * 1024);
    const MessageAttributes = { a: { DataType: "String", StringValue: "b" } };
    const full = [
      { Id: "a", MessageBody: half },
      { Id: "b", MessageBody: half },
    ];
    expect((await sendAll(scene, url, full)).Successful).toHaveLength(2);
    const tooLong = [...full.slice(0, 1), { Id: "b", MessageBody: half, MessageAttributes }];
    expect(await codeOf(sendAll(scene, url, tooLong))).toBe("BatchRequestTooLong");
  },

  async "one message that is refused leaves the others alone"(scene) {
    const { queue, receive } = scene;
    const url = await queue();
    const sent = await sendAll(scene, url, [
      { Id: "good", MessageBody: "a" },
      { Id: "bad", MessageBody: "\u0007" },
      { Id: "late", MessageBody: "b", DelaySeconds: 900 },
    ]);
    expect(sent.Successful?.map(({ Id }) => Id)).toEqual(["good", "late"]);
    expect(sent.Failed).toMatchObject([{ Id: "bad", SenderFault: true, Code: "InvalidMessageContents" }]);
    expect(bodies(await receive(url))).toEqual(["a"]);
  },

  async "deletions fail one by one"(scene) {
    const { sqs, queue, receive } = scene;
    const url = await queue();
    await sendAll(scene, url, entries(1));
    const [message] = await receive(url);
    const answer = await sqs.send(
      new DeleteMessageBatchCommand({
        QueueUrl: url,
        Entries: [
          { Id: "good", ReceiptHandle: message?.ReceiptHandle },
          { Id: "bad", ReceiptHandle: "nonsense" },
        ],
      }),
    );
    expect(answer.Successful).toMatchObject([{ Id: "good" }]);
    expect(answer.Failed).toMatchObject([{ Id: "bad", SenderFault: true, Code: "ReceiptHandleIsInvalid" }]);
  },

  async "visibility is changed one by one"(scene) {
    const { sqs, queue, receive } = scene;
    const url = await queue();
    await sendAll(scene, url, entries(2));
    const [one, two] = await receive(url);
    const answer = await sqs.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: url,
        Entries: [
          { Id: "good", ReceiptHandle: one?.ReceiptHandle, VisibilityTimeout: 0 },
          { Id: "bad", ReceiptHandle: two?.ReceiptHandle, VisibilityTimeout: 43_201 },
        ],
      }),
    );
    expect(answer.Successful).toMatchObject([{ Id: "good" }]);
    expect(answer.Failed).toMatchObject([{ Id: "bad", SenderFault: true }]);
    expect(bodies(await receive(url))).toEqual([one?.Body]);
  },
};
