// What time does to queues: to the millisecond, and over days, on a clock that the test turns.

import { expect, it } from "vitest";
import type { JsonObject } from "../../../lib/local/values.ts";
import { codeOf, counts, receive, redriveTo, send } from "./acts.ts";
import { createDriver, type Driver, messagesOf } from "./driver.ts";

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];

it("a message is hidden to the millisecond (SQ2)", () => {
  const driver = createDriver();
  const url = driver.create("q", { VisibilityTimeout: "5", DelaySeconds: "3" });
  send(driver, url);
  driver.turn(3 * SECOND - 1);
  expect(receive(driver, url)).toEqual([]);
  driver.turn(1);
  expect(receive(driver, url)).toHaveLength(1);
  driver.turn(5 * SECOND - 1);
  expect(receive(driver, url)).toEqual([]);
  driver.turn(1);
  expect(receive(driver, url)[0]?.Attributes["ApproximateReceiveCount"]).toBe("2");
});

it("a message ends with its retention, wherever it is by then, and not before (SQ1)", () => {
  const driver = createDriver();
  const url = driver.create("q", { MessageRetentionPeriod: "60", VisibilityTimeout: "3600" });
  send(driver, url);
  send(driver, url);
  send(driver, url, { DelaySeconds: 900 });
  receive(driver, url, { MaxNumberOfMessages: 1 });
  driver.turn(MINUTE - 1);
  expect(counts(driver, "q")).toEqual({ visible: 1, delayed: 1, inFlight: 1 });
  driver.turn(1);
  expect(counts(driver, "q")).toEqual({ visible: 0, delayed: 0, inFlight: 0 });
  expect(driver.queue("q").messages.size).toBe(0);
});

it("a shorter retention ends what is too old at once", () => {
  const driver = createDriver();
  const url = driver.create("q");
  send(driver, url);
  driver.turn(2 * MINUTE);
  driver.act("SetQueueAttributes", { QueueUrl: url, Attributes: { MessageRetentionPeriod: "60" } });
  expect(receive(driver, url)).toEqual([]);
});

it("a standard dead letter ends by when it was sent, a FIFO one by when it moved (RC2)", () => {
  for (const isFifo of [false, true]) {
    const driver = createDriver();
    const suffix = isFifo ? ".fifo" : "";
    const type: Record<string, string> = isFifo ? { FifoQueue: "true", ContentBasedDeduplication: "true" } : {};
    const deadUrl = driver.create(`dead${suffix}`, { ...type, MessageRetentionPeriod: "120", VisibilityTimeout: "0" });
    const policy = redriveTo(driver, `dead${suffix}`);
    const url = driver.create(`q${suffix}`, { ...type, ...policy, VisibilityTimeout: "0" });
    send(driver, url, isFifo ? { MessageGroupId: "g" } : {});
    driver.turn(100 * SECOND);
    receive(driver, url);
    receive(driver, url); // moves it
    driver.turn(19 * SECOND);
    expect(receive(driver, deadUrl)).toHaveLength(1);
    driver.turn(SECOND);
    expect(receive(driver, deadUrl)).toHaveLength(isFifo ? 1 : 0);
    driver.turn(100 * SECOND);
    expect(receive(driver, deadUrl)).toEqual([]);
  }
});

it("a deduplication id counts for 5 minutes from the first send, also when the message is gone, and is forgotten then (DD1, DD2)", () => {
  const driver = createDriver();
  const url = driver.create("q.fifo", { FifoQueue: "true" });
  const id = { MessageGroupId: "g", MessageDeduplicationId: "d" };
  const first = send(driver, url, id);
  const [message] = receive(driver, url);
  driver.act("DeleteMessage", { QueueUrl: url, ReceiptHandle: message?.ReceiptHandle });
  driver.turn(3 * MINUTE);
  expect(send(driver, url, id)["MessageId"]).toBe(first["MessageId"]);
  driver.turn(2 * MINUTE - 1);
  expect(send(driver, url, id)["MessageId"]).toBe(first["MessageId"]); // the one before made it no longer
  expect(receive(driver, url)).toEqual([]);
  driver.turn(1);
  expect(driver.queue("q.fifo").dedup.size()).toBe(1);
  counts(driver, "q.fifo");
  expect(driver.queue("q.fifo").dedup.size()).toBe(0);
  expect(send(driver, url, id)["MessageId"]).not.toBe(first["MessageId"]);
  expect(receive(driver, url)).toHaveLength(1);
});

it("visibility ends 12 hours after the receive, whatever was asked meanwhile", () => {
  const driver = createDriver();
  const url = driver.create("q", { VisibilityTimeout: "43200" });
  send(driver, url);
  const [message] = receive(driver, url);
  const hide = (VisibilityTimeout: number) =>
    codeOf(() =>
      driver.act("ChangeMessageVisibility", {
        QueueUrl: url,
        ReceiptHandle: message?.ReceiptHandle,
        VisibilityTimeout,
      }),
    );
  expect(hide(43_200)).toBe("no error");
  driver.turn(11 * HOUR);
  expect(hide(3_601)).toBe("InvalidParameterValue");
  expect(hide(3_600)).toBe("no error");
  driver.turn(HOUR);
  expect(hide(0)).toBe("MessageNotInflight");
  expect(receive(driver, url)).toHaveLength(1); // the next receive has 12 hours of its own
});

it("on a FIFO queue a new delay counts for the messages that are there", () => {
  const driver = createDriver();
  const url = driver.create("q.fifo", { FifoQueue: "true", ContentBasedDeduplication: "true", DelaySeconds: "900" });
  send(driver, url, { MessageGroupId: "g" });
  driver.turn(10 * SECOND);
  const setDelay = (DelaySeconds: string) =>
    driver.act("SetQueueAttributes", { QueueUrl: url, Attributes: { DelaySeconds } });
  setDelay("20");
  expect(counts(driver, "q.fifo")).toEqual({ visible: 0, delayed: 1, inFlight: 0 });
  setDelay("5");
  expect(receive(driver, url)).toHaveLength(1);
});

it("a purge may be repeated after 60 seconds", () => {
  const driver = createDriver();
  const url = driver.create("q");
  const purge = () => codeOf(() => driver.act("PurgeQueue", { QueueUrl: url }));
  expect([purge(), purge()]).toEqual(["no error", "PurgeQueueInProgress"]);
  driver.turn(MINUTE);
  expect(purge()).toBe("no error");
});

it("at 120,000 messages in flight a standard queue refuses a receive, a FIFO queue gives none", () => {
  for (const isFifo of [false, true]) {
    const driver = createDriver();
    const name = isFifo ? "q.fifo" : "q";
    const url = driver.create(name, isFifo ? { FifoQueue: "true" } : {});
    for (const id of ["1", "2"]) send(driver, url, isFifo ? { MessageGroupId: id, MessageDeduplicationId: id } : {});
    driver.queue(name).counts.inFlight = 119_999; // as if they were; really to receive them takes seconds
    expect(receive(driver, url)).toHaveLength(1); // up to the limit, not beyond
    expect(codeOf(() => expect(receive(driver, url)).toEqual([]))).toBe(isFifo ? "no error" : "OverLimit");
    driver.turn(30 * SECOND);
    expect(receive(driver, url)).toHaveLength(1);
  }
});

it("a long poll ends with a message at the moment in which it becomes visible, and leaves no timer (LP1, LP3)", async () => {
  const driver = createDriver();
  const url = driver.create("q", { VisibilityTimeout: "2" });
  send(driver, url);
  receive(driver, url);
  expect(driver.timers()).toBe(0);
  const { answer } = driver.wait({ QueueUrl: url, WaitTimeSeconds: 20, MessageSystemAttributeNames: ["All"] });
  expect(driver.timers()).toBe(1);
  const beforeMs = driver.nowMs();
  driver.turn(10 * SECOND);
  const [message] = messagesOf(await answer);
  expect(message?.Attributes["ApproximateFirstReceiveTimestamp"]).toBe(String(beforeMs));
  expect(driver.queue("q").messages.get(message?.MessageId ?? "")?.receivedAtMs).toBe(beforeMs + 2 * SECOND);
  expect(driver.timers()).toBe(0);
});

it("long polls are served in the order in which they came, and end with nothing at their time (LP1)", async () => {
  const driver = createDriver();
  const url = driver.create("q");
  const polls = [10, 20, 20].map((WaitTimeSeconds) => driver.wait({ QueueUrl: url, WaitTimeSeconds }));
  driver.turn(10 * SECOND);
  expect(await polls[0]?.answer).toEqual({});
  const { MessageId } = send(driver, url);
  expect(messagesOf((await polls[1]?.answer) ?? {})[0]?.MessageId).toBe(MessageId);
  driver.turn(10 * SECOND);
  expect(await polls[2]?.answer).toEqual({});
  expect(driver.timers()).toBe(0);
});

it("nothing is received for a caller that has gone (LP2)", () => {
  const driver = createDriver();
  const url = driver.create("q");
  const { leave } = driver.wait({ QueueUrl: url, WaitTimeSeconds: 20 });
  leave();
  expect(driver.timers()).toBe(0);
  send(driver, url);
  expect(counts(driver, "q")).toEqual({ visible: 1, delayed: 0, inFlight: 0 });
});

it("a long poll of a queue that is deleted ends with that error", async () => {
  const driver = createDriver();
  const url = driver.create("q");
  const { answer } = driver.wait({ QueueUrl: url, WaitTimeSeconds: 20 });
  driver.act("DeleteQueue", { QueueUrl: url });
  await expect(answer).rejects.toMatchObject({ code: "QueueDoesNotExist" });
});

it("what expires lets a long poll have the message behind it", async () => {
  const driver = createDriver();
  const url = driver.create("q.fifo", { FifoQueue: "true", MessageRetentionPeriod: "60", VisibilityTimeout: "3600" });
  const group = { MessageGroupId: "g" };
  send(driver, url, { ...group, MessageDeduplicationId: "1" });
  receive(driver, url);
  driver.turn(50 * SECOND);
  send(driver, url, { ...group, MessageDeduplicationId: "2", MessageBody: "b" });
  const { answer } = driver.wait({ QueueUrl: url, WaitTimeSeconds: 20 });
  driver.turn(10 * SECOND);
  expect(messagesOf(await answer)[0]?.Body).toBe("b");
});

/** A dead-letter queue with so many messages of queue "q". */
function withDeadLetters(count: number): Driver & { readonly sourceArn: string; readonly url: string } {
  const driver = createDriver();
  driver.create("dead");
  const url = driver.create("q", { VisibilityTimeout: "0", ...redriveTo(driver, "dead") });
  for (let i = 0; i < count; i++) send(driver, url);
  while (receive(driver, url).length > 0);
  return { ...driver, sourceArn: driver.queue("dead").arn, url };
}
const taskOf = (driver: Driver & { sourceArn: string }) =>
  (driver.act("ListMessageMoveTasks", { SourceArn: driver.sourceArn })["Results"] as JsonObject[])[0];

it("a move task keeps its rate, and can be cancelled half way", () => {
  const driver = withDeadLetters(5);
  const start = { SourceArn: driver.sourceArn, MaxNumberOfMessagesPerSecond: 2 };
  const { TaskHandle } = driver.act("StartMessageMoveTask", start);
  expect(taskOf(driver)).toMatchObject({ ApproximateNumberOfMessagesMoved: 0, ApproximateNumberOfMessagesToMove: 5 });
  driver.turn(SECOND);
  expect(counts(driver, "q").visible).toBe(2);
  driver.turn(SECOND);
  expect(driver.act("CancelMessageMoveTask", { TaskHandle })).toEqual({ ApproximateNumberOfMessagesMoved: 4 });
  driver.turn(10 * SECOND);
  expect(taskOf(driver)).toMatchObject({ Status: "CANCELLED", ApproximateNumberOfMessagesMoved: 4 });
  expect([counts(driver, "q").visible, counts(driver, "dead").visible]).toEqual([4, 1]);
  expect(codeOf(() => driver.act("CancelMessageMoveTask", { TaskHandle }))).toBe("UnsupportedOperation");
  expect(driver.timers()).toBe(0);
});

it("a move task ends, though what it moves comes back as fast (MT3)", () => {
  const driver = withDeadLetters(250);
  driver.act("StartMessageMoveTask", { SourceArn: driver.sourceArn, MaxNumberOfMessagesPerSecond: 100 });
  for (let i = 0; i < 10; i++) {
    driver.turn(SECOND);
    while (receive(driver, driver.url).length > 0);
  }
  expect(taskOf(driver)).toMatchObject({ Status: "COMPLETED", ApproximateNumberOfMessagesMoved: 250 });
  expect(counts(driver, "q").visible + counts(driver, "dead").visible).toBe(250);
});

it("who waits at a queue gets what a move task brings", async () => {
  const driver = withDeadLetters(1);
  const { answer } = driver.wait({ QueueUrl: driver.url, WaitTimeSeconds: 20 });
  driver.act("StartMessageMoveTask", { SourceArn: driver.sourceArn });
  driver.turn(0);
  expect(messagesOf(await answer)).toHaveLength(1);
  expect(driver.timers()).toBe(0);
});

it("a move task whose destination goes fails, and what was not sent stays (MT1)", () => {
  const driver = withDeadLetters(3);
  driver.act("StartMessageMoveTask", { SourceArn: driver.sourceArn, MaxNumberOfMessagesPerSecond: 1 });
  driver.turn(SECOND);
  driver.act("DeleteQueue", { QueueUrl: driver.url });
  driver.turn(SECOND);
  expect(taskOf(driver)).toMatchObject({
    Status: "FAILED",
    FailureReason: "AWS.SimpleQueueService.NonExistentQueue",
    ApproximateNumberOfMessagesMoved: 1,
  });
  expect(counts(driver, "dead").visible).toBe(2);
});

it("a dead-letter queue that goes leaves the messages where they are (RC3)", () => {
  const driver = createDriver();
  const deadUrl = driver.create("dead");
  const url = driver.create("q", { VisibilityTimeout: "0", ...redriveTo(driver, "dead") });
  send(driver, url);
  receive(driver, url);
  driver.act("DeleteQueue", { QueueUrl: deadUrl });
  expect(receive(driver, url)[0]?.Attributes["ApproximateReceiveCount"]).toBe("2");
});

it("a queue that is its own dead-letter queue neither hangs nor loses anything", () => {
  const driver = createDriver();
  const url = driver.create("q", { VisibilityTimeout: "0" });
  driver.act("SetQueueAttributes", { QueueUrl: url, Attributes: redriveTo(driver, "q") });
  send(driver, url);
  receive(driver, url);
  expect(receive(driver, url)).toEqual([]);
  expect(counts(driver, "q").visible).toBe(1);
});

it("receipts of a deleted queue are none of a queue of its name", () => {
  const driver = createDriver();
  const url = driver.create("q");
  send(driver, url);
  const [message] = receive(driver, url);
  driver.act("DeleteQueue", { QueueUrl: url });
  driver.create("q");
  const remove = () => driver.act("DeleteMessage", { QueueUrl: url, ReceiptHandle: message?.ReceiptHandle });
  expect(codeOf(remove)).toBe("ReceiptHandleIsInvalid");
});

it("nothing is kept of messages that left, however they did (SQ3)", () => {
  for (const isFifo of [false, true]) {
    const driver = createDriver();
    const name = isFifo ? "q.fifo" : "q";
    const url = driver.create(name, { ...(isFifo ? { FifoQueue: "true" } : {}), MessageRetentionPeriod: "600" });
    for (let i = 0; i < 30; i++) {
      send(driver, url, isFifo ? { MessageGroupId: `g${i % 12}`, MessageDeduplicationId: `d${i}` } : {});
    }
    for (const { ReceiptHandle } of receive(driver, url)) driver.act("DeleteMessage", { QueueUrl: url, ReceiptHandle });
    receive(driver, url);
    driver.turn(10 * MINUTE);
    expect(counts(driver, name)).toEqual({ visible: 0, delayed: 0, inFlight: 0 });
    const { messages, order, hidden, retention, dedup } = driver.queue(name);
    expect([messages.size, order.size(), hidden.first(), retention.first(), dedup.size()]).toEqual([
      0,
      0,
      undefined,
      undefined,
      0,
    ]);
  }
});

it("messages that are received for no time take turns", () => {
  const driver = createDriver();
  const url = driver.create("q", { VisibilityTimeout: "0" });
  for (const MessageBody of ["a", "b", "c"]) send(driver, url, { MessageBody });
  const next = () => receive(driver, url, { MaxNumberOfMessages: 1 })[0]?.Body;
  expect([next(), next(), next(), next()]).toEqual(["a", "b", "c", "a"]);
});

it("who waits at the dead-letter queue gets what a later waiter's receive moves there (LP1)", async () => {
  const driver = createDriver();
  const deadUrl = driver.create("dead");
  const url = driver.create("q", { VisibilityTimeout: "2", ...redriveTo(driver, "dead") });
  const { MessageId } = send(driver, url);
  receive(driver, url);
  const [atDead, atSource] = [deadUrl, url].map((QueueUrl) => driver.wait({ QueueUrl, WaitTimeSeconds: 20 }));
  driver.turn(2 * SECOND);
  expect(driver.queue("dead").counts).toEqual({ visible: 0, delayed: 0, inFlight: 1 });
  expect(messagesOf((await atDead?.answer) ?? {})[0]?.MessageId).toBe(MessageId);
  driver.turn(20 * SECOND);
  expect(await atSource?.answer).toEqual({});
});

it("queues that are each other's dead-letter queues neither hang nor lose anything, though somebody waits at both", () => {
  const driver = createDriver();
  const [one, other] = [driver.create("one", { VisibilityTimeout: "1" }), driver.create("other")];
  driver.act("SetQueueAttributes", { QueueUrl: one, Attributes: redriveTo(driver, "other") });
  driver.act("SetQueueAttributes", { QueueUrl: other, Attributes: redriveTo(driver, "one") });
  send(driver, one);
  receive(driver, one);
  for (const QueueUrl of [one, other]) driver.wait({ QueueUrl, WaitTimeSeconds: 20 });
  driver.turn(SECOND);
  driver.turn(MINUTE);
  expect(driver.queue("one").messages.size + driver.queue("other").messages.size).toBe(1);
});

it("nothing is kept of the move tasks of a queue that was deleted", () => {
  const driver = withDeadLetters(2);
  driver.act("StartMessageMoveTask", { SourceArn: driver.sourceArn, MaxNumberOfMessagesPerSecond: 1 });
  driver.act("DeleteQueue", { QueueUrl: driver.url.replace(/q$/, "dead") });
  expect([driver.engine.moveTasks.size, driver.timers()]).toEqual([0, 0]);
  driver.create("dead");
  expect(taskOf(driver)).toBeUndefined();
});

it("the counts that a queue gives are those of the moment", () => {
  const driver = createDriver();
  const url = driver.create("q", { DelaySeconds: "5" });
  send(driver, url);
  const visible = () =>
    driver.act("GetQueueAttributes", { QueueUrl: url, AttributeNames: ["ApproximateNumberOfMessages"] })["Attributes"];
  expect(visible()).toEqual({ ApproximateNumberOfMessages: "0" });
  driver.turn(5 * SECOND);
  expect(visible()).toEqual({ ApproximateNumberOfMessages: "1" });
});
