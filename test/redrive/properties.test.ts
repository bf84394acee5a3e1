// Whatever goes wrong on the way: a message is in the dead-letter queue, or in its queue, or in both, at every step; in the end all
// is where it belongs, and each effect there once. On the engine without HTTP, its clock turned by who waits.

import type { SQSClient } from "@aws-sdk/client-sqs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Host, systemHost } from "../../lib/host.ts";
import type { JsonObject } from "../../lib/local/values.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { KEY_ATTRIBUTE } from "../../lib/protocol/key.ts";
import { findLookup, findQueues, letterJudge, redrive, sdkQueueCalls } from "../../lib/redrive/index.ts";
import type { QueueCalls } from "../../lib/redrive/queue-calls.ts";
import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type { Send } from "../../lib/store/send.ts";
import { createDriver, type Driver, messagesOf } from "../local/sqs/driver.ts";
import { sqsRecord } from "../support/sqs-event.ts";
import { ALL_BUT_MISMATCH } from "./scene.ts";

/** What happens to one call. */
const TROUBLES = ["none", "none", "none", "before", "after", "partly", "dies"] as const;

interface Case {
  readonly isFifo: boolean;
  readonly removesDone: boolean;
  readonly letters: readonly { readonly group: number; readonly done: boolean }[];
  /** Of the calls, in their order; a run that dies ends, and the next one begins. */
  readonly troubles: readonly (typeof TROUBLES)[number][];
}

const cases: fc.Arbitrary<Case> = fc.record({
  isFifo: fc.boolean(),
  removesDone: fc.boolean(),
  letters: fc.array(fc.record({ group: fc.nat(2), done: fc.boolean() }), { maxLength: 30 }),
  troubles: fc.array(fc.constantFrom(...TROUBLES), { maxLength: 60 }),
});

/** Time passes for who waits, and only then. */
const hostOf = (driver: Driver): Host => ({
  ...systemHost,
  nowMs: () => driver.nowMs(),
  random: () => 0.5,
  after(delayMs, callback) {
    const waiting = setImmediate(() => {
      driver.turn(delayMs);
      callback();
    });
    return () => clearImmediate(waiting);
  },
});

/** The calls that the SDK would make, on the engine itself. */
function engineCalls(driver: Driver): QueueCalls {
  const send = async (command: { constructor: { name: string }; input: JsonObject }) =>
    driver.act(command.constructor.name.replace(/Command$/, ""), command.input);
  return sdkQueueCalls({ send } as unknown as SQSClient);
}

function troubled(calls: QueueCalls, troubles: (typeof TROUBLES)[number][], watch: Watch): QueueCalls {
  const died = Object.assign(new Error("dead"), { $fault: "client" });
  let isDead = false;
  const next = () => (isDead ? "dies" : (troubles.shift() ?? "none"));
  const through = <Given extends unknown[], Answer>(call: (...given: Given) => Promise<Answer>) => {
    return async (...given: Given): Promise<Answer> => {
      const trouble = next();
      if (trouble === "dies") {
        isDead = true;
        throw died;
      }
      if (trouble === "before") throw new Error("ECONNRESET");
      const answer = await call(...given);
      if (trouble === "after") throw new Error("ECONNRESET");
      return answer;
    };
  };
  const failed = { code: "InternalError", reason: "", isFinal: false };
  return {
    ...{ urlOf: calls.urlOf, attributesOf: calls.attributesOf, sourcesOf: calls.sourcesOf },
    receive: through(async (url, options) => {
      const letters = await calls.receive(url, options);
      for (const { body, receiptHandle } of letters) watch.received.set(receiptHandle, body);
      return letters;
    }),
    send: through(async (url, messages) => {
      const isPart = troubles[0] === "partly" && troubles.shift() !== undefined;
      const taken = isPart ? messages.slice(1) : messages;
      const answers = taken.length === 0 ? [] : await calls.send(url, taken);
      for (const { body } of taken) watch.sent.add(body);
      return taken === messages ? answers : [failed, ...answers];
    }),
    remove: through((url, handles) => {
      for (const handle of handles) watch.removing(watch.received.get(handle) ?? "");
      return calls.remove(url, handles);
    }),
    hide: through(calls.hide),
  };
}

interface Watch {
  readonly received: Map<string, string>;
  readonly sent: Set<string>;
  removing(body: string): void;
}

function stage({ isFifo, letters }: Case) {
  const driver = createDriver();
  const [suffix, type] = isFifo ? [".fifo", { FifoQueue: "true" }] : ["", {}];
  const deadUrl = driver.create(`dead${suffix}`, type);
  const policy = { deadLetterTargetArn: driver.queue(`dead${suffix}`).arn, maxReceiveCount: 100 };
  const url = driver.create(`orders${suffix}`, { ...type, RedrivePolicy: JSON.stringify(policy) });
  const memory = memoryDynamoDb({ Records: { partitionKey: "pk" }, Effects: { partitionKey: "id" } });
  const send: Send = async (request) => memory.send(request);
  const orders = createExactlyOnce(
    { consumer: "orders", table: "Records", retentionDays: 30, backoff: false, committedKeysMax: 0 },
    { send, environment: {} },
  );
  const handler = orders.lambda((_, tx) => tx.increment({ TableName: "Effects", Key: { id: tx.key } }, { times: 1 }));
  const consume = (body: string) => {
    const messageAttributes = { [KEY_ATTRIBUTE]: { dataType: "String", stringValue: `key-${body}` } };
    const context = { awsRequestId: "r", getRemainingTimeInMillis: () => 60_000 };
    return handler({ Records: [sqsRecord({ body, messageAttributes })] }, context);
  };
  for (const [at, { group }] of letters.entries()) {
    const fifo = isFifo ? { MessageGroupId: `g${group}`, MessageDeduplicationId: `d${at}` } : {};
    const MessageAttributes = { [KEY_ATTRIBUTE]: { DataType: "String", StringValue: `key-${at}` } };
    driver.act("SendMessage", { QueueUrl: deadUrl, MessageBody: String(at), MessageAttributes, ...fifo });
  }
  return { driver, deadUrl, url, memory, send, consume };
}

/** Bodies, as they come: all of them, since what was received stays hidden or is deleted. */
function drain(driver: Driver, QueueUrl: string): string[] {
  driver.turn(1_000_000);
  const bodies: string[] = [];
  for (;;) {
    const input = { QueueUrl, MaxNumberOfMessages: 10, VisibilityTimeout: 1_000 };
    const messages = messagesOf(driver.act("ReceiveMessage", input));
    if (messages.length === 0) return bodies;
    for (const { Body, ReceiptHandle } of messages) {
      bodies.push(Body);
      driver.act("DeleteMessage", { QueueUrl, ReceiptHandle });
    }
  }
}

async function redriveUntilDone(given: Case) {
  const staged = stage(given);
  const { driver, send, consume, deadUrl, url } = staged;
  const isDone = (body: string) => given.letters[Number(body)]?.done === true;
  for (const at of given.letters.keys()) if (isDone(String(at))) await consume(String(at));
  const watch: Watch = {
    ...{ received: new Map(), sent: new Set() },
    removing(body) {
      const maybe = isDone(body) ? given.removesDone : watch.sent.has(body);
      if (!maybe) throw new Error(`${body} is deleted and was not sent`);
    },
  };
  const troubles = [...given.troubles];
  const calls = engineCalls(driver);
  const names = { consumer: "orders", table: "Records", handler: undefined, strategy: undefined, environment: {} };
  const lookup = await findLookup(names, systemHost);
  const { deadLetters, target } = await findQueues(calls, { deadLetters: deadUrl, to: url, dryRun: false });
  const judge = letterJudge({ lookup, destination: undefined, arn: deadLetters.arn, send, host: systemHost });
  let last: Awaited<ReturnType<typeof redrive>>;
  do {
    const { removesDone } = given;
    const signal = new AbortController().signal;
    const options = { ...{ deadLetters, target, judge, removesDone, signal }, moves: ALL_BUT_MISMATCH, dryRun: false };
    const host = hostOf(driver);
    last = await redrive({ ...options, waitSeconds: 0 }, { calls: troubled(calls, troubles, watch), host });
    const cause = last.error as Error | undefined;
    if (/is deleted/.test(cause?.message ?? "")) throw cause;
  } while (last.error !== undefined || last.refused.length > 0 || last.counted.hidden > 0); // it says that there is more
  return { ...staged, isDone };
}

test("nothing is lost, nothing done is moved, order is kept, and effects are there once", {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (given) => {
      const { consume, deadUrl, driver, isDone, memory, url } = await redriveUntilDone(given);
      const all = given.letters.map((_, at) => String(at));
      const [left, moved] = [drain(driver, deadUrl), drain(driver, url)];
      const done = all.filter(isDone);
      // Of a FIFO group nobody sees more than ten while they stay.
      const blocked = (body: string): boolean => {
        const { group } = given.letters[Number(body)] ?? {};
        const before = done.filter((one) => given.letters[Number(one)]?.group === group && Number(one) < Number(body));
        return given.isFifo && !given.removesDone && before.length >= 10;
      };
      const open = all.filter((body) => !isDone(body));
      expect(left.sort()).toEqual((given.removesDone ? [] : done).concat(open.filter(blocked)).sort());
      const first = [...new Set(moved)];
      expect(first.toSorted()).toEqual(open.filter((body) => !blocked(body)).sort());
      if (given.isFifo) {
        const groups = Map.groupBy(first.map(Number), (at) => given.letters[at]?.group);
        for (const some of groups.values()) expect(some).toEqual(some.toSorted((a, b) => a - b));
      }
      for (const body of moved) await consume(body);
      const times = memory.items("Effects").map(({ times: count }) => count?.N);
      expect(times).toEqual(first.concat(done).map(() => "1"));
    }),
    { numRuns: 200 },
  );
});
