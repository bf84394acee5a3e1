// Every command that the runtime sends is granted, and nothing is granted that it does not send: consumers run on the
// memory store, their requests are written down, and the actions that AWS asks for them are laid beside the grants.

import { describe, expect, it } from "vitest";
import {
  DEAD_LETTER_ACTIONS,
  EFFECT_ACTIONS,
  INSERT_ACTIONS,
  RECORD_ACTIONS,
  RETRY_ACTIONS,
  STATE_ACTIONS,
} from "../../lib/constructs/grants.ts";
import { records } from "../consumer/ordered.ts";
import { testConsumer } from "../support/consumer.ts";
import {
  queueUseOf,
  runEffects,
  runInserts,
  runRedeliveries,
  type Surroundings,
  type Use,
  usesOf,
} from "../support/every-command.ts";
import { memorySurroundings } from "../support/every-command-in-memory.ts";
import { DLQ_URL } from "../support/memory-queue.ts";
import { kinesisSource } from "../support/source-events.ts";

async function usesIn(...runs: readonly ((around: Surroundings) => Promise<void>)[]): Promise<Use[]> {
  const uses: Use[] = [];
  const around = memorySurroundings();
  const recorded: Surroundings = {
    ...around,
    send: async (request, options) => {
      uses.push(...usesOf(request));
      return around.send(request, options);
    },
    sqsSend: async (request, options) => {
      uses.push(queueUseOf(request));
      return around.sqsSend(request, options);
    },
  };
  for (const run of runs) await run(recorded);
  return uses;
}

const actionsOn = (wanted: string, uses: readonly Use[]): string[] => {
  const actions = uses.filter(({ resource }) => resource === wanted).map(({ action }) => action);
  return [...new Set(actions)].sort();
};

describe("granted actions", () => {
  it.each([
    ["Records", RECORD_ACTIONS],
    ["Ledger", EFFECT_ACTIONS],
    [DLQ_URL, DEAD_LETTER_ACTIONS],
    ["orders", RETRY_ACTIONS],
  ] as const)("on %s are those that the runtime needs", async (resource, granted) => {
    const uses = await usesIn(runEffects, runRedeliveries);
    expect(actionsOn(resource, uses)).toEqual([...granted].sort());
  });

  it("on an append-only table are those that strategy insert needs", async () => {
    const uses = await usesIn(runInserts);
    expect(actionsOn("Journal", uses)).toEqual([...INSERT_ACTIONS].sort());
    expect([...new Set(uses.map(({ resource }) => resource))].sort()).toEqual([DLQ_URL, "Journal", "Records"].sort());
    expect(RECORD_ACTIONS).toEqual(expect.arrayContaining(actionsOn("Records", uses)));
  });

  it("on a table of states cover what reduce sends, and it sends nothing to another table", async () => {
    // Of many keys and of one, new and known; the last delivery is to another process, whose message cannot be folded.
    const { orders, requests, context, host } = testConsumer({ strategy: "watermark" });
    let folds = true;
    const handler = orders.reduce<{ count: number }, never>({
      table: "Orders",
      partitionKey: "orderId",
      initial: { count: 0 },
      apply(state) {
        if (!folds) throw new Error("not now");
        return { count: state.count + 1 };
      },
    });
    const deliver = (keys: string, from: number) =>
      host.run(handler(kinesisSource.event(records(keys, from)), context()));
    for (const from of [8, 20]) await deliver("a b c d", from);
    await deliver("a a", 30);
    folds = false;
    await deliver("a", 40);
    const uses = requests.flatMap(({ request }) => usesOf(request));
    expect([...new Set(uses.map(({ resource }) => resource))]).toEqual(["Orders"]);
    expect(STATE_ACTIONS).toEqual(expect.arrayContaining(actionsOn("Orders", uses)));
  });

  it("are on nothing else", async () => {
    const resources = new Set((await usesIn(runEffects)).map(({ resource }) => resource));
    expect([...resources].sort()).toEqual([DLQ_URL, "Ledger", "Records", "orders"].sort());
  });
});
