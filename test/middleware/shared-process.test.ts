// One process runs many invocations, one after the other and at a time, and may be frozen in between: nothing of one may show in
// another. Attacks W1 of lib/middleware/exactly-once.ts, L1 of lib/consumer/deadline.ts, B3 of lib/consumer/process-batch.ts.

import { setImmediate as nextMacrotask } from "node:timers/promises";
import middy from "@middy/core";
import type { Context, SQSBatchResponse, SQSEvent } from "aws-lambda";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Tx } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import type { AnswerOf, DynamoDbRequest, Send } from "../../lib/store/send.ts";
import { RECORDS, type TestConsumer, testConsumer } from "../support/consumer.ts";
import { type Fault, named } from "../support/faulty-send.ts";
import { memoryQueue } from "../support/memory-queue.ts";
import { sqsEvent } from "../support/sqs-event.ts";
import { type VirtualHost, virtualHost } from "../support/virtual-host.ts";

type Run = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;

/** It remembers what it committed, as a process does. */
const ONE_PROCESS = { key: "id", committedKeysMax: 1_000 } as const;

const failed = (...ids: string[]): unknown => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});
/** Messages whose id is their key, with a letter of the sender before it: "2b" is the key b. */
const event = (...ids: string[]): SQSEvent =>
  sqsEvent(...ids.map((messageId) => ({ messageId, body: { id: messageId.slice(1) } }))) as SQSEvent;

function count({ body }: { body: unknown }, tx: Tx): void {
  tx.increment({ TableName: "Counters", Key: { id: (body as { id: string }).id } }, { n: 1 });
  tx.increment({ TableName: "Counters", Key: { id: "all" } }, { n: 1 });
}

function counters({ memory }: Pick<TestConsumer<unknown>, "memory">): Record<string, number> {
  return Object.fromEntries(memory.items("Counters").map(({ id, n }) => [id?.S, Number(n?.N)]));
}

let unhandled: unknown[];
const hear = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => {
  unhandled = [];
  process.on("unhandledRejection", hear);
  process.on("uncaughtException", hear);
});
afterEach(async () => {
  await nextMacrotask();
  process.off("unhandledRejection", hear);
  process.off("uncaughtException", hear);
  expect(unhandled).toEqual([]);
});

describe("W1: invocations at a time in one process", () => {
  const FAULTS: readonly Fault[] = [
    "none",
    "slow",
    "answer-lost",
    "hangs",
    "conflict-on-record",
    "server-error-applied",
  ];

  it.each(FAULTS)(
    "with the same keys and with others, the first answers %s: every key once, all acknowledged",
    async (fault) => {
      let requests = 0;
      const next = (): Fault => (requests++ < 2 ? fault : "slow");
      const scene = testConsumer(ONE_PROCESS, next);
      const { orders, host, context } = scene;
      const handler: Run = middy().use(orders).handler(orders.each(count));
      const lambda = (): Context => context() as Context;
      const all = [event("1a", "1b", "1c"), event("2b", "2c", "2d"), event("3a"), event("4d", "4e"), event("5a")];
      const responses = await host.run(Promise.all(all.map((one) => handler(one, lambda()))));
      expect(responses).toEqual(all.map(() => failed()));
      expect(counters(scene)).toEqual({ a: 1, b: 1, c: 1, d: 1, e: 1, all: 5 });
      expect(scene.memory.items(RECORDS)).toHaveLength(5);
    },
  );

  it("one's failure, deadline and time left are its own", async () => {
    const scene = testConsumer(ONE_PROCESS);
    const { orders, host, context } = scene;
    const left: Record<string, boolean> = {};
    const handler: Run = middy()
      .use(orders)
      .handler(
        orders.each(async (message, tx) => {
          count(message, tx);
          if (message.messageId === "1a") await new Promise(() => {}); // until its deadline
          if (message.messageId === "2a") await new Promise<void>((resolve) => host.after(3_000, resolve));
          if (message.messageId === "2x") throw new Error("no");
          left[message.messageId] = tx.signal.aborted;
        }),
      );
    const short = handler(event("1a", "1b"), context(2_000) as Context);
    const long = handler(event("2a", "2x", "2c"), context(20_000) as Context);
    expect(await host.run(Promise.all([short, long]))).toEqual([failed("1a"), failed("2x")]);
    expect(left).toEqual({ "1b": false, "2a": false, "2c": false });
    expect(counters(scene)).toEqual({ a: 1, b: 1, c: 1, all: 3 });
  });

  it("one key with two payloads, at a time and again later: one is committed, the other never a duplicate", async () => {
    const scene = testConsumer(ONE_PROCESS);
    const { orders, host, context, codes } = scene;
    const handler: Run = middy().use(orders).handler(orders.each(count));
    const pay = (pence: number): SQSEvent =>
      sqsEvent(
        { messageId: `m-${pence}`, body: { id: "a", pence } },
        { messageId: `x-${pence}`, body: { id: "x" } },
      ) as SQSEvent;
    const deliver = (): Promise<unknown[]> =>
      host.run(Promise.all([pay(1), pay(2)].map((one) => handler(one, context() as Context))));
    const responses = await deliver();
    expect([failed("m-1"), failed("m-2")]).toContainEqual(responses.find((one) => JSON.stringify(one).includes("m-")));
    expect(responses).toContainEqual(failed());
    expect(await deliver()).toEqual(responses); // what the process remembers of a key is not of another payload
    expect(codes()).toEqual(["SEMEL_PAYLOAD_MISMATCH", "SEMEL_PAYLOAD_MISMATCH"]);
    expect(counters(scene)).toEqual({ a: 1, x: 1, all: 2 });
  });

  it("one context and one event, twice at a time: each has a batch of its own", async () => {
    const scene = testConsumer(ONE_PROCESS);
    const { orders, host, context } = scene;
    const handler = orders.lambda(count);
    const [same, lambda] = [event("1a", "1b"), context()];
    const both = Promise.all([handler(same, lambda), handler(same, lambda)]);
    expect(await host.run(both)).toEqual([failed(), failed()]);
    expect(counters(scene)).toEqual({ a: 1, b: 1, all: 2 });
  });
});

describe("a handler that goes on after Middy's early timeout", () => {
  const late: Record<string, (tx: Tx) => Promise<void> | void> = {
    "declares an effect": (tx) => tx.put({ TableName: "Orders", Item: { orderId: "late" } }),
    "reads, and awaits it": async (tx) => void (await tx.get({ TableName: "Orders", Key: { orderId: "late" } })),
    "reads, and does not await it": (tx) => void tx.get({ TableName: "Orders", Key: { orderId: "late" } }),
    throws: () => {
      throw new Error("late");
    },
    "swallows what tx says, and ends well": (tx) => {
      try {
        tx.increment({ TableName: "Counters", Key: { id: "late" } }, { n: 1 });
      } catch {}
    },
  };

  it.each(Object.entries(late))("and %s: nothing is committed, nothing crashes", async (_what, act) => {
    const scene = testConsumer(ONE_PROCESS);
    const { orders, host, context, memory, requests } = scene;
    let [wake, ended] = [(): void => {}, (): void => {}];
    const sleeping = new Promise<void>((resolve) => {
      wake = resolve;
    });
    const end = new Promise<void>((resolve) => {
      ended = resolve;
    });
    let invocation = 1;
    const handler: Run = middy({ timeoutEarlyInMillis: 550 })
      .use(orders)
      .handler(
        orders.each(async (message, tx) => {
          if (invocation === 2) return count(message, tx);
          count(message, tx);
          await sleeping;
          try {
            await act(tx);
          } finally {
            ended();
          }
        }),
      );
    // Middy's timer runs in real time, 50 ms; semel's, which is virtual, stands still.
    const lambda = { ...context(), getRemainingTimeInMillis: () => 600 } as Context;
    expect(await handler(event("1a", "1b"), lambda)).toEqual(failed("1a", "1b"));
    invocation = 2; // thawed by it, the old one goes on
    const next = handler(event("2b", "2c"), context() as Context);
    wake();
    await end;
    expect(await host.run(next)).toEqual(failed());
    await host.drain();
    expect(counters(scene)).toEqual({ b: 1, c: 1, all: 2 });
    expect([memory.items("Orders"), memory.items(RECORDS).length]).toEqual([[], 2]);
    expect(requests.map(({ request }) => request.operation)).toEqual(["TransactWriteItems"]);
  });
});

/** How the old commit ends when its sandbox thaws. */
interface Thaw {
  readonly name: string;
  /** When the store applied it: before the freeze, at the thaw, long after. */
  readonly applied: "before" | "during" | "after" | "never";
  readonly error?: Error;
}

const cancelled = (...codes: string[]): Error => {
  const CancellationReasons = codes.map((Code) => ({ Code }));
  return Object.assign(named("TransactionCanceledException", "x"), { CancellationReasons });
};
const ANSWERS: readonly (readonly [string, Error | undefined])[] = [
  ["success", undefined],
  ["a reset", named("Error", "read ECONNRESET")],
  ["a conflict", cancelled("TransactionConflict", "None", "None")],
  ["throttling", named("ThrottlingException", "slow")],
  ["expired credentials", named("ExpiredTokenException", "old")],
  ["in progress", named("TransactionInProgressException", "busy")],
  ["a failed condition", cancelled("None", "ConditionalCheckFailed", "None")],
];
const THAWS: Thaw[] = ANSWERS.flatMap(([name, error]) =>
  (["before", "during", "after", "never"] as const)
    .filter((applied) => error !== undefined || applied === "before" || applied === "during")
    .map((applied) => ({ name: `${name}, applied ${applied}`, applied, ...(error ? { error } : {}) })),
);

interface Frozen {
  readonly handler: Run;
  readonly host: VirtualHost;
  readonly memory: TestConsumer<unknown>["memory"];
  /** Every random id so far: those of attempts are among them. */
  readonly made: string[];
  /** Attempt ids in each commit that was sent. */
  readonly attempts: string[][];
  /** Ids of the messages that failed, as they were logged. */
  readonly logged: string[];
  context(): Context;
  /** Begins an invocation and takes its answer after some ms, as Middy does at its early timeout. */
  early(event: SQSEvent): Promise<unknown>;
  /** An hour passes for the clock alone. */
  freeze(): void;
  /** The answer to the first commit comes in, at last. */
  thaw(): void;
  /** Called in each handler. */
  onHandler: (messageId: string) => Promise<void>;
}

/** A process whose first commit gets no answer until it is thawed, whatever its signal says: the socket is frozen, too. */
function frozenSandbox({ applied, error }: Thaw): Frozen {
  const host = virtualHost();
  const { nowMs, randomId } = host;
  const made: string[] = [];
  let frozenMs = 0;
  host.nowMs = () => nowMs() + frozenMs;
  host.randomId = () => made[made.push(randomId()) - 1] ?? "";
  const memory = memoryDynamoDb({ [RECORDS]: { partitionKey: "pk" }, Counters: { partitionKey: "id" } });
  const attempts: string[][] = [];
  const logged: string[] = [];
  let thaw = (): void => {};
  const thawed = new Promise<void>((resolve) => {
    thaw = resolve;
  });
  const send = async <R extends DynamoDbRequest>(request: R): Promise<AnswerOf<R>> => {
    if (request.operation !== "TransactWriteItems") return memory.send(request);
    attempts.push(request.input.TransactItems.flatMap(({ Put }) => Put?.Item["attemptId"]?.S ?? []));
    if (attempts.length > 1) return memory.send(request);
    const apply = (): void => {
      try {
        memory.send(request);
      } catch {} // the record was faster
    };
    if (applied === "before") apply();
    await thawed;
    if (applied === "during") apply();
    if (applied === "after") host.after(5_000, apply);
    if (error) throw error;
    return {} as AnswerOf<R>;
  };
  const silent = (): void => {};
  const onError = (_text: string, { messageId }: Record<string, unknown>): void => void logged.push(String(messageId));
  const logger = { debug: silent, info: silent, warn: silent, error: onError };
  const orders = createExactlyOnce(
    { consumer: "orders", table: RECORDS, retentionDays: 40, key: "id", lanes: 1, logger },
    { host, send: send as Send, sqsSend: memoryQueue().sqsSend, environment: {} },
  );
  const each = orders.each(async (message, tx) => {
    count(message, tx);
    await self.onHandler(message.messageId);
  });
  const self: Frozen = {
    handler: middy().use(orders).handler(each),
    host,
    memory,
    made,
    attempts,
    logged,
    context() {
      const endMs = host.nowMs() + 4_000;
      return { awsRequestId: "r", getRemainingTimeInMillis: () => endMs - host.nowMs() } as Context;
    },
    async early(given) {
      const request = { event: given, context: self.context(), response: undefined, error: undefined };
      orders.before(request);
      void each(given, request.context);
      await host.run(new Promise<void>((resolve) => host.after(20, resolve)));
      const { response } = request;
      await nextMacrotask(); // what is left to log
      return response;
    },
    freeze() {
      frozenMs += 3_600_000;
    },
    thaw,
    onHandler: async () => {},
  };
  return self;
}

const HELD: Record<string, string[]> = {
  "of a message": ["1a"],
  // The last one is ready while the only lane is busy, and still waits when the sandbox freezes.
  "of a group": ["1a", "1b", "1z"],
};

describe.each(
  Object.keys(HELD).flatMap((what) => ["its deadline", "an early timeout"].map((end) => [what, end] as const)),
)("L1, B3: a sandbox frozen in the middle of a commit %s, by %s", (what, end) => {
  it.each(THAWS)("$name: the next invocation is as if the old one had never been", async (how) => {
    const sandbox = frozenSandbox(how);
    const { handler, host, attempts, logged } = sandbox;
    const wait = (ms: number): Promise<void> => new Promise((resolve) => host.after(ms, resolve));
    const ids = HELD[what] ?? [];
    sandbox.onHandler = async (messageId) => {
      if (messageId === "1z") await wait(10);
    };
    const first = event(...ids);
    const atDeadline = end === "its deadline";
    const ended = atDeadline ? host.run(handler(first, sandbox.context())) : sandbox.early(first);
    expect(await ended).toEqual(failed(...ids));
    expect(attempts).toHaveLength(1);
    if (atDeadline) sandbox.freeze(); // else it is thawed at once, and its clock says that there is time

    const [said, old] = [logged.length, new Set(sandbox.made)];
    sandbox.onHandler = async (messageId) => {
      if (messageId !== "1a") return;
      sandbox.thaw();
      for (let turn = 0; turn < 300; turn++) await wait(1);
    };
    expect(await host.run(handler(event(...ids, "2c"), sandbox.context()))).toEqual(failed());
    await host.drain();
    const keys = [...ids, "2c"].map((id) => [id.slice(1), 1]);
    expect(counters(sandbox)).toEqual({ ...Object.fromEntries(keys), all: keys.length });
    expect(logged).toHaveLength(said);
    const sentAfter = attempts.slice(1).flat();
    expect(sentAfter.filter((attempt) => old.has(attempt))).toEqual([]);
  });
});
