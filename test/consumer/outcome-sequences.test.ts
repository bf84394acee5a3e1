// Answers one after the other, where an earlier one changes what a later one means: tokens that are forgotten, credentials that
// expire, a transaction that stays in progress, cancellations of every mixture. What must hold is in outcomes.ts.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CANCELLATION_CODES, type CancellationReason } from "../../lib/aws/dynamodb.ts";
import { PermanentError } from "../../lib/index.ts";
import type { DynamoDbRequest } from "../../lib/store/send.ts";
import { DLQ_URL } from "../support/memory-queue.ts";
import type { TestMessage } from "../support/sqs-event.ts";
import {
  type AwsRequest,
  cancelledError,
  OUTCOMES,
  type Outcome,
  type Scene,
  type SceneOptions,
  scene,
} from "./outcomes.ts";

const bodies = (count: number): TestMessage[] =>
  Array.from({ length: count }, (_, index) => ({ body: { id: `k${index}` } }));
const ALONE_OR_TOGETHER = [
  ["a message", 1],
  ["a group", 3],
] as const;

function outcome(name: string): Outcome {
  const found = OUTCOMES.find((one) => one.name === name);
  if (!found) throw new Error(`no outcome ${name}`);
  return found;
}

/** The commits of the world meet these, in order; `then` runs after each. */
function meets(world: Scene, outcomes: readonly Outcome[], then: () => void = () => {}): void {
  const left = [...outcomes];
  world.next = ({ operation }) => {
    if (operation !== "TransactWriteItems") return undefined;
    world.host.after(0, then);
    return left.shift();
  };
}

function tokens({ requests }: Pick<Scene, "requests">): (string | undefined)[] {
  return requests.flatMap((request) =>
    request.operation === "TransactWriteItems" ? [request.input.ClientRequestToken] : [],
  );
}

/** Delivers without trouble until all is acknowledged; nothing may be left. */
async function recover(world: Scene, messages: number): Promise<void> {
  world.next = () => undefined;
  await world.deliver(3);
  await world.host.drain();
  world.check();
  expect(world.acknowledged.size).toBe(messages);
}

describe.each(ALONE_OR_TOGETHER)("%s:", (_what, count) => {
  it.each(["no answer, applied", "reset in the middle of the answer", "InternalServerError, applied now"])(
    "%s, and its token is forgotten before the next try: the record's condition answers",
    async (name) => {
      const world = scene({ messages: bodies(count) });
      meets(world, [outcome(name)], () => world.memory.forgetTokens());
      await world.deliver(1);
      expect([world.codes, world.acknowledged.size]).toEqual([[], count]);
      expect(new Set(tokens(world)).size).toBe(1);
      expect(tokens(world).length).toBe(2);
      await recover(world, count);
    },
  );

  it("a try applied after its token was forgotten is no second one", async () => {
    const world = scene({ messages: bodies(count) });
    meets(world, [outcome("TimeoutError, applied later")], () => world.memory.forgetTokens());
    await world.deliver(1);
    expect(world.acknowledged.size).toBe(count);
    world.memory.forgetTokens();
    await recover(world, count);
  });

  it("the same token with other parameters is unknown, and goes again until the time is up", async () => {
    const world = scene({ messages: bodies(count) });
    world.next = (request) => {
      const token = request.operation === "TransactWriteItems" ? request.input.ClientRequestToken : undefined;
      // Somebody else took the token: the store itself answers with IdempotentParameterMismatchException.
      if (token !== undefined) take(world, token);
      return undefined;
    };
    await world.deliver(1);
    expect(new Set(world.codes)).toEqual(new Set(["SEMEL_UNKNOWN_OUTCOME"]));
    expect(new Set(tokens(world)).size).toBe(1);
    expect(world.acknowledged.size).toBe(0);
    await recover(world, count);
  });

  it.each(["", ", applied now", ", applied later"])(
    "TransactionInProgressException beyond the SDK's patience%s: the same token until it is done",
    async (applied) => {
      const world = scene({ messages: bodies(count) });
      meets(world, Array(8).fill(outcome(`TransactionInProgressException${applied}`)));
      await world.deliver(1);
      expect([world.codes, world.acknowledged.size]).toEqual([[], count]);
      expect([tokens(world).length, new Set(tokens(world)).size]).toEqual([9, 1]);
      await recover(world, count);
    },
  );

  it.each(OUTCOMES.filter(({ kind }) => kind === "open" || kind === "silent").map(({ name }) => name))(
    "C2: %s, then expired credentials: not known, whatever the last answer says",
    async (name) => {
      const world = scene({ messages: bodies(count) });
      meets(world, [outcome(name), ...Array(10).fill(outcome("ExpiredTokenException"))]);
      await world.deliver(1);
      expect(new Set(world.codes)).toEqual(new Set(["SEMEL_UNKNOWN_OUTCOME"]));
      expect(world.acknowledged.size).toBe(0);
      await recover(world, count);
    },
  );

  it("expired credentials from the start: refused, so nothing was applied", async () => {
    const world = scene({ messages: bodies(count) });
    meets(world, Array(10).fill(outcome("ExpiredTokenException")));
    await world.deliver(1);
    expect(new Set(world.codes)).toEqual(new Set(["SEMEL_REFUSED"]));
    await world.host.drain();
    expect(world.memory.items("Records")).toEqual([]);
    await recover(world, count);
  });
});

/** Puts something else under the token, once. */
function take({ memory }: Scene, ClientRequestToken: string): void {
  const Put = { TableName: "Orders", Item: { orderId: { S: "other" } } };
  memory.send({ operation: "TransactWriteItems", input: { TransactItems: [{ Put }], ClientRequestToken } });
}

const RUNS = { numRuns: 1_000 };

describe.each(ALONE_OR_TOGETHER)("any mixture of cancellation reasons, for %s", (_what, count) => {
  it("A1, A2: loses nothing, doubles nothing, fails nobody for good", async () => {
    const code = fc.constantFrom<string>("None", "None", "None", ...CANCELLATION_CODES, "SomethingNew");
    const round = fc.array(code, { minLength: 1, maxLength: 8 });
    const rounds = fc.array(round, { minLength: 1, maxLength: 5 });
    const ids = bodies(count).map((_, index) => `m-${index + 1}`);
    await fc.assert(
      fc.asyncProperty(fc.subarray(ids), rounds, async (doneBefore, codes) => {
        const world = scene({ messages: bodies(count) });
        await world.deliver(1, { only: doneBefore, responseLost: true });
        meets(
          world,
          codes.map((some) => cancelledFor(some, world)),
        );
        await world.deliver(1); // as if it were the first: no record is read before
        const lasting = codes.flat().some((one) => /Check|Validation|Collection/.test(one));
        expect(lasting ? [] : world.codes).toEqual([]);
        for (const known of world.codes) expect(["SEMEL_REFUSED", "SEMEL_CONDITION"]).toContain(known);
        await recover(world, count);
      }),
      RUNS,
    );
  });
});

/** Cancelled for what the store itself has against it, and for these reasons besides, position by position. */
function cancelledFor(codes: readonly string[], { memory }: Scene): Outcome {
  const error = (request: AwsRequest): Error => {
    if (request.operation !== "TransactWriteItems") throw new Error("only transactions are cancelled");
    const real = reasonsOf(memory, request);
    const all = request.input.TransactItems.map((_, index) => {
      const own = real[index];
      return own && own.Code !== "None" ? own : { Code: codes[index] ?? "None" };
    });
    if (all.every(({ Code }) => Code === "None")) all[0] = { Code: "TransactionConflict" };
    return cancelledError(all);
  };
  return { name: codes.join(), kind: "cancelled busy", applied: "never", error };
}

function reasonsOf(memory: Scene["memory"], request: DynamoDbRequest): readonly CancellationReason[] {
  try {
    memory.clone().send(request);
    return [];
  } catch (error) {
    return (error as { CancellationReasons?: CancellationReason[] }).CancellationReasons ?? [];
  }
}

describe("any sequence of answers to any calls", () => {
  const worlds: Record<string, () => SceneOptions> = {
    "messages that succeed": () => ({ messages: bodies(3) }),
    "messages that read and put twice": () => ({
      messages: bodies(3),
      async handler(messageId, tx) {
        await tx.get({ TableName: "Counters", Key: { id: "hot" } });
        for (const part of "ab") tx.put({ TableName: "Orders", Item: { orderId: `${messageId} ${part}` } });
      },
    }),
    "one that is given up for good": () => ({
      messages: bodies(3),
      options: { deadLetterQueueUrl: DLQ_URL },
      handler(messageId, _tx, runs) {
        if (messageId === "m-2" && runs > 1) throw new PermanentError("no such customer");
      },
    }),
  };
  it.each(Object.keys(worlds))("%s: loses nothing, doubles nothing", async (name) => {
    const index = fc.option(fc.nat({ max: OUTCOMES.length - 1 }), { freq: 2 });
    const delivery = fc.array(index, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.array(delivery, { minLength: 1, maxLength: 3 }), async (deliveries) => {
        const world = scene(worlds[name]?.() ?? { messages: [] });
        for (const [count, indexes] of deliveries.entries()) {
          const left = [...indexes];
          world.next = () => OUTCOMES[left.shift() ?? -1];
          await world.deliver(count + 1);
        }
        await recover(world, 3);
      }),
      RUNS,
    );
  });
});
