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
import {
  queueUseOf,
  runEffects,
  runInserts,
  runRedeliveries,
  runStates,
  type Surroundings,
  type Use,
  usesOf,
} from "../support/every-command.ts";
import { memorySurroundings } from "../support/every-command-in-memory.ts";
import { DLQ_URL } from "../support/memory-queue.ts";

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

  it("on a table of states are those that reduce needs", async () => {
    const uses = await usesIn(runStates);
    expect(actionsOn("States", uses)).toEqual([...STATE_ACTIONS].sort());
    expect([...new Set(uses.map(({ resource }) => resource))]).toEqual(["States"]);
  });

  it("are on nothing else", async () => {
    const resources = new Set((await usesIn(runEffects)).map(({ resource }) => resource));
    expect([...resources].sort()).toEqual([DLQ_URL, "Ledger", "Records", "orders"].sort());
  });
});
