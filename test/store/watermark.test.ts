// Runs and their watermarks on the memory store and on the embedded engine: attacks WM1, WM3 and WM4 of
// lib/protocol/watermark.ts.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemHost } from "../../lib/host.ts";
import type { CommitOutcome } from "../../lib/protocol/commit.ts";
import type { Effect } from "../../lib/protocol/effects.ts";
import type { PassedOver, WatermarkMove } from "../../lib/protocol/watermark.ts";
import { groupCommitter, initialGroupSize } from "../../lib/store/group-committer.ts";
import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import { type CallControl, recordStore } from "../../lib/store/record-store.ts";
import { sdkSend } from "../../lib/store/sdk-send.ts";
import type { Send } from "../../lib/store/send.ts";
import { type Dynoxide, startDynoxide } from "../support/dynoxide.ts";
import { createTables } from "../support/tables.ts";

const control: CallControl = { timeLeftMs: () => 10_000, signal: new AbortController().signal };

const position = (at: number): string => String(at).padStart(40, "0");

interface Run {
  readonly key?: string;
  readonly first: number;
  readonly last?: number;
  readonly passedOver?: readonly PassedOver[];
}

const moveOf = ({ key = "k", first, last = first, passedOver = [] }: Run, attemptId: string): WatermarkMove => ({
  status: "WATERMARK",
  pk: `orders#watermark#${key}`,
  first: position(first),
  position: position(last),
  attemptId,
  passedOver,
});

const add = (id: string): Effect => ({
  kind: "increment",
  tableName: "Counters",
  key: { id: { S: id } },
  amounts: { n: "1" },
});

function suite(engine: () => Send): void {
  let keys = 0;
  let attempts = 0;
  const setup = () => {
    const key = `k${++keys}`;
    const send = engine();
    const store = recordStore({ table: "Records", send, host: systemHost });
    const group = groupCommitter({
      store,
      host: systemHost,
      lanes: 10,
      size: initialGroupSize(),
      control,
      toCome: () => 0,
    });
    const commit = (run: Run, through: Pick<typeof store, "commit"> = store): Promise<CommitOutcome> =>
      through.commit(
        { record: moveOf({ key, ...run }, `a-${++attempts}`), effects: [add(run.key ?? key)], guards: [] },
        control,
      );
    const count = async (id = key): Promise<number> =>
      Number((await store.get({ TableName: "Counters", Key: { id: { S: id } } }, control))?.["n"]?.N ?? 0);
    return { commit, count, group, key, store, send };
  };

  it("WM1: moves from below its first message only, together with its effects", async () => {
    const { commit, count } = setup();
    expect(await commit({ first: 5, last: 9 })).toEqual({ kind: "committed" });
    for (const first of [5, 7, 9]) {
      expect(await commit({ first, last: 12 })).toMatchObject({ kind: "passed", watermark: { position: position(9) } });
    }
    expect(await commit({ first: 3 })).toMatchObject({ kind: "passed" });
    expect(await count()).toBe(1);
    expect(await commit({ first: 10, last: 12 })).toEqual({ kind: "committed" });
    expect(await commit({ first: 100 })).toEqual({ kind: "committed" }); // more digits, not a smaller text
    expect(await count()).toBe(3);
  });

  it("WM1: positions of 129 digits compare as numbers", async () => {
    const { store, key } = setup();
    const wide = (digits: string): string => digits.padStart(129, "0");
    const move = (first: string): WatermarkMove => ({
      ...moveOf({ key, first: 0 }, "a"),
      first: wide(first),
      position: wide(first),
    });
    const commit = async (first: string): Promise<string> =>
      (await store.commit({ record: move(first), effects: [], guards: [] }, control)).kind;
    expect(await commit("99999999999999999999999999999999999999999")).toBe("committed");
    expect(await commit("100000000000000000000000000000000000000000")).toBe("committed");
    expect(await commit("99999999999999999999999999999999999999998")).toBe("passed");
  });

  it("WM3: the list is that of the last run", async () => {
    const { commit } = setup();
    const passedOver = [{ position: position(4), code: "SEMEL_PERMANENT", reason: "no such account" }];
    await commit({ first: 3, last: 5, passedOver });
    expect(await commit({ first: 4 })).toMatchObject({ kind: "passed", watermark: { passedOver } });
    await commit({ first: 6 });
    expect(await commit({ first: 6 })).toMatchObject({ kind: "passed", watermark: { passedOver: [] } });
  });

  it("WM4: one of a newer version is not moved, and not taken for done", async () => {
    const { commit, key, store, send } = setup();
    await commit({ first: 3 });
    const pk = moveOf({ key, first: 0 }, "").pk;
    const item = await store.get({ TableName: "Records", Key: { pk: { S: pk } } }, control);
    await send(
      { operation: "PutItem", input: { TableName: "Records", Item: { ...item, formatVersion: { N: "2" } } } },
      {},
    );
    for (const first of [3, 4])
      expect(await commit({ first })).toMatchObject({ kind: "unreadable", formatVersion: "2" });
  });

  it("runs of several keys share a transaction; one that is done goes out alone", async () => {
    const { commit, count, group, key } = setup();
    await commit({ key: `${key}-a`, first: 5 });
    const outcomes = await Promise.all(["a", "b", "c"].map((one) => commit({ key: `${key}-${one}`, first: 5 }, group)));
    expect(outcomes.map(({ kind }) => kind)).toEqual(["passed", "committed", "committed"]);
    expect(await Promise.all(["a", "b", "c"].map((one) => count(`${key}-${one}`)))).toEqual([1, 1, 1]);
  });
}

describe("memory", () => {
  const memory = memoryDynamoDb({ Records: { partitionKey: "pk" }, Counters: { partitionKey: "id" } });
  suite(() => async (request) => memory.send(request));
});

describe("embedded engine", () => {
  let dynoxide: Dynoxide;
  beforeAll(async () => {
    dynoxide = await startDynoxide();
    await createTables(dynoxide.client, { Records: "pk", Counters: "id" });
  });
  afterAll(() => dynoxide.stop());
  suite(() => sdkSend(dynoxide.client));
});
