// Every schedule of ordered sources under watermarks and keyed states: effects of an ordering key in order, no gap, no repeat;
// nothing is passed that is neither done nor given up. Attacks I1 to I5, I10, I12, P4, RE2, WM1 to WM3, LN1, LR1, LR2, OR4, KS1, KS2
// at every step, with mistakes that each of them must find.

import { describe, expect, it } from "vitest";
import type { Item, TransactWriteItem } from "../../lib/aws/dynamodb.ts";
import { systemHost } from "../../lib/host.ts";
import { watermarkKey } from "../../lib/protocol/watermark.ts";
import type { Tamper } from "../../lib/testing/explorer/engine.ts";
import { replay } from "../../lib/testing/explorer/explore.ts";
import {
  complaintsAboutLanes,
  complaintsAboutState,
  type LanesSnapshot,
  type PlacedState,
} from "../../lib/testing/explorer/ordered-invariants.ts";
import { parseSchedule } from "../../lib/testing/explorer/schedule.ts";
import { EFFECTS, RECORDS } from "../../lib/testing/explorer/tables.ts";
import {
  conflicts,
  effectsOf,
  expectFound,
  expectSameEnds,
  expectSound,
  exploration,
  TIMEOUT_MS,
  unheard,
} from "./explorations.ts";

describe("every schedule keeps the invariants", { timeout: TIMEOUT_MS }, () => {
  it.each([
    ["fifo", 1, 1, 20],
    ["fifo-watermark", 1, 1, 20],
    ["fifo-watermark", 0, 3, 60],
    ["fifo-reads", 1, 1, 20],
    ["fifo-run", 1, 1, 20],
    ["fifo-groups", 1, 1, 50],
    ["fifo-reduce", 1, 3, 20],
    ["stream-watermark", 0, 2, 200],
    ["stream-shards", 1, 2, 50],
    ["stream-reduce", 0, 3, 200],
    ["warm-watermark", 0, 2, 20],
    ["warm-reduce", 0, 2, 30],
  ])("%s, faults: %i, deliveries: %i", async (name, faults, deliveries, schedulesMin) => {
    await expectSound(exploration(name, faults, deliveries), schedulesMin);
  });

  it.each([
    ["fifo-run", 0, 2],
    ["fifo-reduce", 1, 2],
  ])("WO2: %s ends as it does where nothing is left out", async (name, faults, deliveries) => {
    await expectSameEnds(exploration(name, faults, deliveries));
  });
});

type Change = (items: readonly TransactWriteItem[]) => readonly TransactWriteItem[];

const inTransactions =
  (change: Change): Tamper =>
  (request, apply) => {
    if (request.operation !== "TransactWriteItems") return apply(request);
    const TransactItems = [...change(request.input.TransactItems)];
    return TransactItems.length === 0 ? {} : apply({ ...request, input: { ...request.input, TransactItems } });
  };

const tableOf = ({ Put, Update, Delete, ConditionCheck }: TransactWriteItem): string | undefined =>
  (Put ?? Update ?? Delete ?? ConditionCheck)?.TableName;

const without = (table: string): Tamper => inTransactions((items) => items.filter((one) => tableOf(one) !== table));

const moves = (change: (update: NonNullable<TransactWriteItem["Update"]>) => object): Tamper =>
  inTransactions((items) =>
    items.map((one) =>
      one.Update?.TableName === RECORDS ? { Update: { ...one.Update, ...change(one.Update) } as never } : one,
    ),
  );

const lessOrEqual = moves(({ ConditionExpression = "" }) => ({
  ConditionExpression: ConditionExpression.replace("< :semelFirst", "<= :semelFirst"),
}));
const oneForAll = moves(() => ({ Key: { pk: { S: "explored" } } }));
const backwards = moves(({ ExpressionAttributeValues = {} }) => ({
  ExpressionAttributeValues: { ...ExpressionAttributeValues, ":semelLast": ExpressionAttributeValues[":semelFirst"] },
}));

const puts =
  (change: (item: Item) => Item, conditional: boolean): Tamper =>
  (request, apply) => {
    if (request.operation !== "PutItem") return apply(request);
    const { TableName, Item } = request.input;
    const input = conditional ? request.input : { TableName, Item };
    return apply({ ...request, input: { ...input, Item: change(Item) } });
  };
const overwrites = puts((item) => item, false);
const unfolded = puts((item) => ({ ...item, state: { M: { folded: { L: [] } } } }), true);

describe("the explorer finds mistakes", { timeout: TIMEOUT_MS }, () => {
  it.each<[string, string, number, Tamper, RegExp]>([
    ["a watermark is moved without effects", "fifo-run", 0, without(EFFECTS), /^I3/],
    ["effects without their watermark", "fifo-run", 0, without(RECORDS), /^I3/],
    ["condition <= instead of <", "fifo-watermark", 0, lessOrEqual, /^I1/],
    ["one watermark for two shards", "stream-shards", 0, oneForAll, /^I3/],
    ["a watermark that is at the first message of its run", "fifo-run", 0, backwards, /^I3/],
    ["a run is acknowledged that was not committed", "fifo-run", 0, unheard, /^I2/],
    ["a transaction goes again for no reason", "fifo-run", 0, conflicts, /^I12/],
    ["a state is put over another one", "stream-reduce", 0, overwrites, /^I[15]/],
    ["a state is put without what was folded", "fifo-reduce", 0, unfolded, /^I3/],
  ])("%s (%s, faults: %i)", async (_mistake, name, faults, tamper, first) => {
    await expectFound({ ...exploration(name, faults, 2), tamper }, first);
  });
});

describe("what must hold of an ordering key", () => {
  const placed = (position: number, key: string, more: Partial<PlacedState> = {}): PlacedState => ({
    messageId: `m${position}`,
    key,
    deleted: false,
    origin: "q",
    group: "g",
    position,
    ...more,
  });
  const watermark = (position: number, ...listed: number[]): Item => ({
    position: { S: String(position) },
    passedOver: { L: listed.map((one) => ({ M: { position: { S: String(one) } } })) },
  });
  const pk = watermarkKey("c", { origin: "q", orderingKey: "g" }, systemHost.sha256);
  const both: LanesSnapshot = {
    consumer: "c",
    records: new Map([[pk, watermark(2)]]),
    effects: new Map<string, Item>([...effectsOf("a", 1), ...effectsOf("b", 2), ["shared", { n: { N: "2" } }]]),
    states: undefined,
    messages: [placed(1, "a", { deleted: true }), placed(2, "b")],
    deadLetters: new Map(),
  };
  const onlyB = new Map<string, Item>([...effectsOf("b", 1), ["shared", { n: { N: "1" } }]]);
  const letter = new Map([["m1", "SEMEL_PERMANENT"]]);
  const folded = (keys: string[], position: number): Map<string, Item> =>
    new Map([
      [
        "g",
        {
          state: { M: { folded: { L: keys.map((S) => ({ S })) } } },
          semel: {
            M: {
              attemptId: { S: "00000000-0000-4000-8001-000000000001" },
              origins: {
                M: {
                  [systemHost.sha256("q")]: { M: watermark(position) },
                },
              },
            },
          },
        },
      ],
    ]);

  it.each<[string, LanesSnapshot, RegExp | undefined]>([
    ["done, one after the other", both, undefined],
    ["twice", { ...both, effects: new Map([...both.effects, ["count a", { n: { N: "2" } }]]) }, /^I1/m],
    ["added by nobody", { ...both, effects: new Map([...both.effects, ["shared", { n: { N: "3" } }]]) }, /^I1/m],
    ["done, not passed", { ...both, records: new Map([[pk, watermark(1)]]) }, /^I3/m],
    ["passed, not done", { ...both, effects: onlyB, messages: [placed(1, "a"), placed(2, "b")] }, /^I3/m],
    [
      "passed over",
      { ...both, effects: onlyB, messages: [placed(1, "a"), placed(2, "b")], deadLetters: letter },
      undefined,
    ],
    [
      "on the list, and left its source without a letter",
      { ...both, effects: onlyB, records: new Map([[pk, watermark(2, 1)]]) },
      /^I2/m,
    ],
    ["dead-lettered, and done", { ...both, deadLetters: letter }, /^P4/m],
    [
      "dead-lettered before it is passed",
      { ...both, records: new Map(), effects: new Map(), messages: [placed(1, "a")], deadLetters: letter },
      /^RE2/m,
    ],
    ["in the other order", { ...both, effects: new Map([...both.effects, ...effectsOf("a", 3)]) }, /^I10/m],
    [
      "the second is deleted first",
      { ...both, messages: [placed(1, "a"), placed(2, "b", { deleted: true })] },
      /^I10/m,
    ],
    ["with a gap", { ...both, effects: onlyB, records: new Map([[pk, watermark(2)]]) }, /^I10/m],
    ["folded", { ...both, records: new Map(), states: folded(["a", "b"], 2) }, undefined],
    ["folded in the other order", { ...both, states: folded(["b", "a"], 2) }, /^I10/m],
    ["folded twice", { ...both, states: folded(["a", "b", "a"], 2) }, /^I1/m],
    ["folded, and nobody sent it", { ...both, states: folded(["a", "b", "z"], 2) }, /^I1/m],
    ["folded, not passed", { ...both, states: folded(["a", "b"], 1) }, /^I3/m],
  ])("%s", (_what, snapshot, complaint) => {
    const complaints = complaintsAboutLanes(snapshot).join("\n");
    if (complaint) expect(complaints).toMatch(complaint);
    else expect(complaints).toBe("");
  });

  it.each<[string, ReadonlyMap<string, Item>, ReadonlyMap<string, Item>, number, RegExp | undefined]>([
    ["folds on", folded(["a"], 1), folded(["a", "b"], 2), 1, undefined],
    ["is deleted", folded(["a"], 1), new Map(), 1, /^I5/],
    ["forgets", folded(["a"], 1), folded(["b"], 2), 1, /^I5/],
    ["goes back", folded(["a"], 2), folded(["a", "b"], 1), 1, /^I5/],
    ["is written by another", folded(["a"], 1), folded(["a", "b"], 2), 2, /^I4/],
  ])("a state %s", (_what, before, after, writer, complaint) => {
    const [first] = complaintsAboutState(before, after, writer);
    if (complaint) expect(first).toMatch(complaint);
    else expect(first).toBeUndefined();
  });
});

describe("single schedules", () => {
  it("a stale invocation of a stream commits nothing once its batch was done by the next one", async () => {
    const { lines, complaints } = await replay(
      exploration("fifo-run", 1, 2),
      parseSchedule("deliver:m1+m2 1.1 1.2 deliver:m1+m2 2.1 2.2 2.3 1.3 end"),
    );
    expect(complaints).toEqual([]);
    expect(lines.at(-1)).toBe("end");
  });

  it("its commit that lands late, after the next one's, changes nothing", async () => {
    const { complaints } = await replay(
      exploration("fifo-reduce", 1, 2),
      parseSchedule("deliver:m1+m2 1.1:open 1:dies deliver:m1+m2 2.1 1.1:lands end"),
    );
    expect(complaints).toEqual([]);
  });
});
