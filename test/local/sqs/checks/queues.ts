import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  PurgeQueueCommand,
  SendMessageBatchCommand,
  SetQueueAttributesCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from "@aws-sdk/client-sqs";
import { expect } from "vitest";
import type { Checks } from "../conformance.ts";

export const queueChecks: Checks = {
  async "a queue is created, found, listed, deleted, and gone then"({ sqs, name, codeOf }) {
    const QueueName = name();
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName }));
    expect((await sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl).toBe(QueueUrl);
    expect((await sqs.send(new ListQueuesCommand({ QueueNamePrefix: QueueName }))).QueueUrls).toEqual([QueueUrl]);
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    expect(await codeOf(sqs.send(new GetQueueUrlCommand({ QueueName })))).toBe("NonExistentQueue");
    expect(await codeOf(sqs.send(new GetQueueAttributesCommand({ QueueUrl })))).toBe("NonExistentQueue");
    expect((await sqs.send(new ListQueuesCommand({ QueueNamePrefix: QueueName }))).QueueUrls ?? []).toEqual([]);
  },

  async "a queue's URL can be reached and its ARN names it"({ sqs, name, arn, endpoint }) {
    const QueueName = name();
    const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName }));
    expect(new URL(QueueUrl).origin).toBe(new URL(endpoint).origin);
    expect(new URL(QueueUrl).pathname).toMatch(new RegExp(`^/\\d{12}/${QueueName}$`));
    expect(await arn(QueueUrl)).toMatch(new RegExp(`^arn:aws:sqs:[a-z0-9-]+:\\d{12}:${QueueName}$`));
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  },

  async "a queue may be created again with the attributes it has, not with others"({ sqs, queue, codeOf }) {
    const url = await queue({ VisibilityTimeout: "20" });
    const QueueName = url.split("/").at(-1);
    const again = (VisibilityTimeout: string) =>
      sqs.send(new CreateQueueCommand({ QueueName, Attributes: { VisibilityTimeout } }));
    expect((await again("20")).QueueUrl).toBe(url);
    expect((await sqs.send(new CreateQueueCommand({ QueueName }))).QueueUrl).toBe(url);
    expect(await codeOf(again("21"))).toBe("QueueAlreadyExists");
  },

  async "attributes have AWS's defaults"({ queue, attributes }) {
    expect(await attributes(await queue())).toMatchObject({
      ApproximateNumberOfMessages: "0",
      ApproximateNumberOfMessagesDelayed: "0",
      ApproximateNumberOfMessagesNotVisible: "0",
      CreatedTimestamp: expect.stringMatching(/^\d{10}$/),
      DelaySeconds: "0",
      LastModifiedTimestamp: expect.stringMatching(/^\d{10}$/),
      MaximumMessageSize: "1048576",
      MessageRetentionPeriod: "345600",
      ReceiveMessageWaitTimeSeconds: "0",
      SqsManagedSseEnabled: "true",
      VisibilityTimeout: "30",
    });
  },

  async "a FIFO queue has attributes that a standard one has not"({ queue, fifo, attributes }) {
    const own = { ContentBasedDeduplication: "false", DeduplicationScope: "queue", FifoThroughputLimit: "perQueue" };
    expect(await attributes(await fifo())).toMatchObject({ FifoQueue: "true", ...own });
    expect(Object.keys(await attributes(await queue()))).not.toContain("FifoQueue");
  },

  async "attributes are set one by one, and asked for one by one"({ sqs, queue, attributes }) {
    const url = await queue({ DelaySeconds: "3" });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { VisibilityTimeout: "5" } }));
    expect(await attributes(url)).toMatchObject({ DelaySeconds: "3", VisibilityTimeout: "5" });
    const one = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["DelaySeconds"] }));
    expect(one.Attributes).toEqual({ DelaySeconds: "3" });
    const none = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url }));
    expect(none.Attributes).toBeUndefined();
  },

  async "unknown attributes and wrong values are refused"({ sqs, queue, codeOf }) {
    const url = await queue();
    const set = (Attributes: Record<string, string>) =>
      codeOf(sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes })));
    expect(await set({ Nonsense: "1" })).toBe("InvalidAttributeName");
    expect(await set({ VisibilityTimeout: "43201" })).toBe("InvalidAttributeValue");
    expect(await set({ VisibilityTimeout: "soon" })).toBe("InvalidAttributeValue");
    expect(await set({ MessageRetentionPeriod: "59" })).toBe("InvalidAttributeValue");
    expect(await set({ MaximumMessageSize: "1048577" })).toBe("InvalidAttributeValue");
  },

  async "attributes of FIFO queues are refused on a standard queue"({ queue, codeOf }) {
    expect(await codeOf(queue({ ContentBasedDeduplication: "true" }))).toBe("InvalidAttributeName");
    expect(await codeOf(queue({ FifoQueue: "false" }))).toBe("InvalidAttributeName");
  },

  async "high throughput needs deduplication per group"({ fifo, codeOf }) {
    const limit = { FifoThroughputLimit: "perMessageGroupId" };
    expect(await codeOf(fifo(limit))).toMatch(/^InvalidAttributeValue|InvalidParameterValue$/);
    await fifo({ ...limit, DeduplicationScope: "messageGroup" });
  },

  async "names of queues"({ sqs, codeOf }) {
    const create = (QueueName: string, Attributes = {}) =>
      codeOf(sqs.send(new CreateQueueCommand({ QueueName, Attributes })));
    expect(await create("a.b")).toBe("InvalidParameterValue");
    expect(await create("a".repeat(81))).toBe("InvalidParameterValue");
    expect(await create("a.fifo")).toBe("InvalidParameterValue");
    expect(await create("a", { FifoQueue: "true" })).toBe("InvalidParameterValue");
  },

  async "lists of queues come in pages"({ sqs, name }) {
    const prefix = name();
    const made = await Promise.all(
      ["c", "a", "b"].map((end) => sqs.send(new CreateQueueCommand({ QueueName: `${prefix}-${end}` }))),
    );
    const list = (NextToken?: string) =>
      sqs.send(new ListQueuesCommand({ QueueNamePrefix: prefix, MaxResults: 2, NextToken }));
    const first = await list();
    const second = await list(first.NextToken);
    expect(first.QueueUrls).toHaveLength(2);
    expect(second.NextToken).toBeUndefined();
    const urls = [...(first.QueueUrls ?? []), ...(second.QueueUrls ?? [])];
    expect(urls.sort()).toEqual(made.map(({ QueueUrl }) => QueueUrl).sort());
    await Promise.all(made.map(({ QueueUrl }) => sqs.send(new DeleteQueueCommand({ QueueUrl }))));
  },

  async "tags are given at creation, added, removed"({ sqs, name }) {
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name(), tags: { a: "1", b: "2" } }));
    const tags = async () => (await sqs.send(new ListQueueTagsCommand({ QueueUrl }))).Tags;
    expect(await tags()).toEqual({ a: "1", b: "2" });
    await sqs.send(new TagQueueCommand({ QueueUrl, Tags: { b: "3", c: "4" } }));
    await sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: ["a"] }));
    expect(await tags()).toEqual({ b: "3", c: "4" });
    await sqs.send(new DeleteQueueCommand({ QueueUrl }));
  },

  async "counts tell visible, delayed and in-flight messages apart"({ queue, send, receive, attributes }) {
    const url = await queue();
    for (const body of ["a", "b", "c"]) await send(url, body);
    await send(url, "later", { DelaySeconds: 900 });
    await receive(url, { MaxNumberOfMessages: 1 });
    expect(await attributes(url)).toMatchObject({
      ApproximateNumberOfMessages: "2",
      ApproximateNumberOfMessagesDelayed: "1",
      ApproximateNumberOfMessagesNotVisible: "1",
    });
  },

  async "a purge removes all, and can't be repeated at once"({ sqs, queue, send, receive, attributes, codeOf }) {
    const url = await queue();
    for (const body of ["a", "b"]) await send(url, body);
    await receive(url, { MaxNumberOfMessages: 1 });
    await sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
    expect(await attributes(url)).toMatchObject({
      ApproximateNumberOfMessages: "0",
      ApproximateNumberOfMessagesNotVisible: "0",
    });
    const again = sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
    expect(await codeOf(again)).toBe("PurgeQueueInProgress");
  },

  async "errors have AWS's codes, some with the prefix of the old protocol, and the SDK's classes"(scene) {
    const { sqs, queue, send } = scene;
    const url = await queue();
    const failure = (call: Promise<unknown>) =>
      call.then(
        () => "no error",
        (error: unknown) => error,
      );
    expect(await failure(sqs.send(new GetQueueUrlCommand({ QueueName: "none" })))).toMatchObject({
      name: "QueueDoesNotExist",
      Code: "AWS.SimpleQueueService.NonExistentQueue",
      Type: "Sender",
      $metadata: { httpStatusCode: 400 },
    });
    expect(await failure(send(url, ""))).toMatchObject({ Code: "MissingParameter" });
    expect(await failure(send(url, "a", { DelaySeconds: 901 }))).toMatchObject({ Code: "InvalidParameterValue" });
    const batch = sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: [] }));
    expect(await failure(batch)).toMatchObject({
      name: "EmptyBatchRequest",
      Code: "AWS.SimpleQueueService.EmptyBatchRequest",
    });
    const remove = sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: "nonsense" }));
    expect(await failure(remove)).toMatchObject({ name: "ReceiptHandleIsInvalid", Code: "ReceiptHandleIsInvalid" });
  },

  async "an action that there is not"({ endpoint }) {
    const response = await fetch(endpoint, {
      method: "POST",
      headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": "AmazonSQS.Nonsense" },
      body: "{}",
    });
    expect(response.status).toBe(400);
    expect(response.headers.get("x-amzn-query-error")).toBe("InvalidAction;Sender");
  },
};
