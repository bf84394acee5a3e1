// The transfers function on the memory store: whatever fails and whoever runs beside it, its books are right. What the demo checks
// on the local cloud is checked here under many more schedules.

import fc from "fast-check";
import { afterAll, describe, expect, it, vi } from "vitest";
import { type BooksCheck, checkBooks } from "../../demo/transfers/books.ts";
import type { Bank } from "../../demo/transfers/generate.ts";
import { type Account, type Decision, Transfer } from "../../functions/transfers/transfer.ts";
import { fromItem, toItem } from "../../lib/consumer/marshalling.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import { FAULTS, type Fault, faultySend } from "../support/faulty-send.ts";
import { memoryQueue } from "../support/memory-queue.ts";
import { fifoSource } from "../support/source-events.ts";
import { virtualHost } from "../support/virtual-host.ts";

vi.stubEnv("ACCOUNTS_TABLE", "Accounts");
vi.stubEnv("DECISIONS_TABLE", "Decisions");
afterAll(() => vi.unstubAllEnvs());
const { decideTransfer } = await import("../../functions/transfers/decide-transfer.ts");

const silent = { debug() {}, info() {}, warn() {}, error() {} };

interface Service {
  /** Delivers these by their places, to a process of its own each, side by side, and resolves with those that come again. */
  deliver(...batches: (readonly number[])[]): Promise<number[]>;
  afterwards(): Promise<void>;
  check(): BooksCheck;
  decisions(): Decision[];
  readonly deadLetters: readonly unknown[];
}

function serviceFor(bank: Bank, nextFault: () => Fault = () => "none"): Service {
  const host = virtualHost();
  const memory = memoryDynamoDb({
    Records: { partitionKey: "pk" },
    Accounts: { partitionKey: "accountId" },
    Decisions: { partitionKey: "transferId" },
  });
  for (const account of bank.accounts) {
    memory.send({ operation: "PutItem", input: { TableName: "Accounts", Item: toItem({ ...account }) } });
  }
  const { send } = faultySend(memory, host, nextFault);
  const queue = memoryQueue();
  const items = <T>(table: string): T[] => memory.items(table).map((item) => fromItem(item) as T);
  const sent = bank.transfers.map((body, index) => ({ key: body.from, at: index + 1, body }));

  async function deliverOne(places: readonly number[]): Promise<number[]> {
    const transfers = createExactlyOnce(
      {
        consumer: "transfers",
        table: "Records",
        retentionDays: 40,
        schema: Transfer,
        key: "transferId",
        logger: silent,
      },
      { host, send, sqsSend: queue.sqsSend, environment: { SEMEL_DEAD_LETTER_QUEUE_URL: "https://sqs/1/dlq.fifo" } },
    );
    const batch = places.flatMap((place) => sent[place] ?? []);
    const endMs = host.nowMs() + 30_000;
    const context = { awsRequestId: "r", getRemainingTimeInMillis: () => endMs - host.nowMs() };
    const handler = transfers.lambda(({ body }, tx) => decideTransfer(body, tx));
    const [again] = fifoSource.again(batch, await handler(fifoSource.event(batch), context));
    return places.filter((_, index) => again?.has(index));
  }

  return {
    deliver: async (...batches) => (await host.run(Promise.all(batches.map(deliverOne)))).flat(),
    afterwards: () => host.run(new Promise<void>((resolve) => host.after(120_000, resolve))),
    check: () => checkBooks(bank, { accounts: items<Account>("Accounts"), decisions: items<Decision>("Decisions") }),
    decisions: () => items<Decision>("Decisions"),
    deadLetters: queue.deadLetters,
  };
}

const clean = {
  lostTransfers: 0,
  duplicatedTransfers: 0,
  outOfOrder: 0,
  penceOff: 0,
  penceMadeOrLost: 0,
  overdrawn: 0,
};
const transfer = (transferId: string, from: string, to: string, pence: number): Transfer => ({
  transferId,
  from,
  to,
  pence,
});
const account = (accountId: string, balancePence: number): Account => ({ accountId, balancePence });

describe("a transfer", () => {
  it("is done where the money is there, to the last penny, else refused, and the next one has its turn", async () => {
    const transfers = [
      transfer("1", "a", "b", 60),
      transfer("2", "a", "b", 41),
      transfer("3", "a", "c", 40),
      transfer("4", "a", "c", 1),
    ];
    const service = serviceFor({ accounts: [account("a", 100), account("b", 0)], transfers });
    expect(await service.deliver([0, 1, 2, 3])).toEqual([]);
    expect(service.decisions().map(({ transferId, status, number }) => [transferId, status, number])).toEqual([
      ["1", "done", 1],
      ["2", "refused", 2],
      ["3", "done", 3],
      ["4", "refused", 4],
    ]);
    expect(service.check()).toEqual({ done: 2, refused: 2, ...clean });
  });

  it("that is sent again changes nothing, wherever it comes", async () => {
    const transfers = [transfer("1", "a", "b", 60), transfer("2", "a", "b", 30), transfer("1", "a", "b", 60)];
    const service = serviceFor({ accounts: [account("a", 200), account("b", 0)], transfers });
    expect(await service.deliver([0, 1, 2])).toEqual([]);
    expect(await service.deliver([2])).toEqual([]);
    expect(service.decisions()).toHaveLength(2);
    expect(service.check().penceOff).toBe(0);
  });

  it("keeps its number to itself, though another one out of its account runs beside it, as a redrive may", async () => {
    const transfers = [transfer("1", "a", "b", 30), transfer("2", "a", "b", 30)];
    const service = serviceFor({ accounts: [account("a", 100), account("b", 0)], transfers }, () => "slow");
    expect(await service.deliver([0], [1])).toEqual([]);
    expect(service.decisions().map(({ number }) => number)).toEqual(expect.arrayContaining([1, 2]));
    expect(service.check()).toMatchObject({ done: 2, refused: 0, penceOff: 0, overdrawn: 0 });
  });

  it("out of an account that is not there, or into its own, goes to the dead-letter queue", async () => {
    const transfers = [transfer("1", "x", "a", 1), transfer("2", "a", "a", 1), transfer("3", "a", "b", 1)];
    const service = serviceFor({ accounts: [account("a", 1), account("b", 0)], transfers });
    expect(await service.deliver([0, 1, 2])).toEqual([]);
    expect(service.deadLetters).toHaveLength(2);
    expect(service.decisions()).toMatchObject([{ transferId: "3", number: 1, status: "done" }]);
  });
});

describe("the books", () => {
  const accounts = ["a", "b", "c"];
  const someTransfers = fc.array(
    fc.tuple(fc.constantFrom(...accounts), fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 90 })),
    { minLength: 1, maxLength: 14 },
  );
  const trouble = fc.record({
    someTransfers,
    faults: fc.array(
      fc.oneof({ weight: 3, arbitrary: fc.constant<Fault>("none") }, fc.constantFrom<Fault>("slow", ...FAULTS)),
      { minLength: 1, maxLength: 12 },
    ),
    zombies: fc.integer({ min: 0, max: 2 }),
  });

  it("are right under faults, with the same messages in several workers, and no transfer is left", async () => {
    await fc.assert(
      fc.asyncProperty(trouble, async ({ someTransfers: drawn, faults, zombies }) => {
        const transfers = drawn.map(([from, step, pence], index) => {
          const to = accounts[(accounts.indexOf(from) + step) % accounts.length] ?? "";
          return transfer(`t${index}`, from, to, pence);
        });
        const bank = { accounts: accounts.map((id) => account(id, 100)), transfers };
        let [requests, troubled] = [0, true];
        const nextFault = (): Fault => (troubled ? (faults[requests++ % faults.length] ?? "none") : "none");
        const service = serviceFor(bank, nextFault);
        let left: number[] = transfers.map((_, index) => index);
        for (let deliveries = 1; left.length > 0; deliveries++) {
          if (deliveries > 12) throw new Error(`${left.length} transfers come again and again`);
          troubled = deliveries <= 5;
          // A message group is with one worker; beside it are those that SQS gave up waiting for.
          const groups = [...Map.groupBy(left, (place) => transfers[place]?.from).values()];
          const again = await service.deliver(...groups, ...Array.from({ length: zombies }, () => left));
          left = [...new Set(again)].sort((a, b) => a - b);
          await service.afterwards();
        }
        expect(service.check()).toMatchObject(clean);
      }),
      { numRuns: Number(process.env["RUNS"] ?? 60) },
    );
  });
});
