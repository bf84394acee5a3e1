// Random faults under group commit: messages that share nothing but a counter, so that they commit together and their
// increments fold. (In schedules.test.ts every message reads one guarded item, so that none ever shares a transaction.)
// I1 and I3 after every delivery, I2 and I11 at the end.

import fc from "fast-check";
import { expect, it } from "vitest";
import { RECORDS, testConsumer } from "../support/consumer.ts";
import { FAULTS, type Fault } from "../support/faulty-send.ts";
import { sqsEvent } from "../support/sqs-event.ts";

const RUNS = 600;

const scenario = fc.record({
  keys: fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 2, maxLength: 6 }),
  /** So many messages come once before, and their acknowledgement is lost: duplicates among new ones. */
  before: fc.nat(3),
  faults: fc.array(fc.constantFrom<Fault>("none", ...FAULTS), { maxLength: 6 }),
});

it("effects of messages that commit together happen exactly once", { timeout: 60_000 }, async () => {
  let together = 0;
  await fc.assert(
    fc.asyncProperty(scenario, async ({ keys, before, faults }) => {
      const left = [...faults];
      const { orders, memory, host, context, requests } = testConsumer({ key: "key" }, () => left.shift() ?? "none");
      const handler = orders.lambda(({ body }, tx) => {
        const { key } = body as { key: string };
        tx.increment({ TableName: "Counters", Key: { id: key } }, { n: 1 });
        tx.increment({ TableName: "Counters", Key: { id: "all" } }, { n: 1 });
      });
      const all = keys.map((key, index) => ({ messageId: `m-${index}`, body: { key } }));
      const deliver = async (messages: typeof all): Promise<typeof all> => {
        const response = await host.run(handler(sqsEvent(...messages), context(4_000)));
        await host.drain(); // what was to be applied later
        const counted = Object.fromEntries(memory.items("Counters").map(({ id, n }) => [id?.S ?? "", Number(n?.N)]));
        const committed = Object.keys(counted).filter((id) => id !== "all");
        expect(memory.items(RECORDS)).toHaveLength(committed.length); // I3
        expect(counted["all"] ?? 0).toBe(committed.length); // I1
        for (const key of committed) expect(counted[key]).toBe(1); // I1
        const failed = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
        for (const { messageId, body } of messages) if (!failed.has(messageId)) expect(committed).toContain(body.key); // I2
        return messages.filter(({ messageId }) => failed.has(messageId));
      };
      if (before > 0) await deliver(all.slice(0, before));
      let waiting = all;
      for (let deliveries = 0; waiting.length > 0; deliveries++) {
        expect(deliveries).toBeLessThanOrEqual(faults.length); // I11
        waiting = await deliver(waiting);
      }
      for (const { request } of requests) {
        if (request.operation === "TransactWriteItems" && request.input.TransactItems.length > 3) together++;
      }
    }),
    { numRuns: RUNS },
  );
  expect(together).toBeGreaterThan(RUNS / 2); // else nothing here was about groups
});
