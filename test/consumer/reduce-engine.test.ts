// Calls of many states under answers that go wrong, on the memory store and on the embedded engine through the real SDK. Attacks
// SS2, KW1 and SQ1.

import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Host, systemHost } from "../../lib/host.ts";
import { sdkSend } from "../../lib/store/sdk-send.ts";
import type { Send } from "../../lib/store/send.ts";
import { startDynoxide } from "../support/dynoxide.ts";
import { kinesisSource } from "../support/source-events.ts";
import { STATEMENT_FAULTS } from "../support/statement-faults.ts";
import { createTables } from "../support/tables.ts";
import { records } from "./ordered.ts";
import { folder, memoryStates, NOTHING_FAILED } from "./states.ts";

interface Engine {
  readonly send: Send;
  stop(): Promise<void>;
}

const ENGINES: Readonly<Record<string, () => Promise<Engine>>> = {
  async "the memory store"() {
    const memory = memoryStates();
    return { send: async (request) => memory.send(request), stop: async () => {} };
  },
  async dynoxide() {
    const { client, stop } = await startDynoxide();
    await createTables(client, { Records: "pk", States: "key" });
    return { send: sdkSend(client), stop };
  },
};
/** Nothing waits before it goes again. */
const host: Host = { ...systemHost, random: () => 0 };
/** Longer than what comes later takes. */
const LATER_MS = 40;

describe.each(Object.keys(ENGINES))("states on %s", (name) => {
  let engine: Engine;
  let runs = 0;
  beforeAll(async () => {
    engine = (await ENGINES[name]?.()) as Engine;
  });
  afterAll(() => engine.stop());

  async function placesOf(key: string): Promise<unknown> {
    const input = { TableName: "States", Key: { key: { S: key } }, ConsistentRead: true };
    const { Item } = await engine.send({ operation: "GetItem", input }, {});
    return Item?.["state"]?.M?.["places"]?.L?.map(({ N }) => Number(N));
  }

  it("are inserted, updated, and found by a process that does not know them, in calls", async () => {
    const keys = "a b";
    const one = folder(engine.send, { host });
    for (const from of [1, 11]) {
      expect(await one.deliver(kinesisSource.event(records(keys, from)))).toEqual(NOTHING_FAILED);
      expect(one.operations()).toEqual(["BatchExecuteStatement"]);
    }
    const cold = folder(engine.send, { host });
    expect(await cold.deliver(kinesisSource.event(records(keys, 21)))).toEqual(NOTHING_FAILED);
    expect(cold.operations()).toEqual(["BatchExecuteStatement", "BatchGetItem", "BatchExecuteStatement"]);
    expect([await placesOf("a"), await placesOf("b")]).toEqual([
      [1, 11, 21],
      [2, 12, 22],
    ]);
  });

  it.each(STATEMENT_FAULTS)("%s, where states are new and where they are there: all is folded once", async (fault) => {
    for (const faults of [[fault], [fault, fault], [fault, "none", fault]] as const) {
      const own = ["a", "b", "c"].map((key) => `${key}-${++runs}`);
      for (const from of [1, 11]) {
        const event = kinesisSource.event(records(own.join(" "), from));
        const first = folder(engine.send, { host, nextFaults: faults });
        expect(await first.deliver(event)).toEqual(NOTHING_FAILED);
        for (const [index, key] of own.entries()) expect(await placesOf(key)).toContain(index + from); // KW1
        await delay(fault === "applied-later" ? LATER_MS : 0);
        expect(await folder(engine.send, { host }).deliver(event)).toEqual(NOTHING_FAILED); // it comes once more
      }
      for (const [index, key] of own.entries()) expect(await placesOf(key)).toEqual([index + 1, index + 11]);
    }
  });
});
