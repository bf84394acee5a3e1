// Every schedule of what the first scenarios do not have: inserts, other payloads, redrives, callers, message groups, sandboxes
// that are used again. Attacks I6 to I10, I12, IC4, IN2 and L1 at every step, with mistakes that each of them must find.

import { describe, expect, it } from "vitest";
import type { Item, TransactWriteItem } from "../../lib/aws/dynamodb.ts";
import type { Tamper } from "../../lib/testing/explorer/engine.ts";
import { replay } from "../../lib/testing/explorer/explore.ts";
import { committedDeadLetters, complaintsAbout, type Snapshot } from "../../lib/testing/explorer/invariants.ts";
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
    ["insert", 1, 2, 80],
    ["inserts", 1, 2, 200],
    ["payload", 1, 2, 200],
    ["redrive", 1, 3, 500],
    ["once", 1, 2, 30],
    ["once-claim", 1, 2, 200],
    ["fifo", 0, 2, 200],
    ["warm", 1, 2, 150],
    ["warm-claim", 0, 3, 60],
    ["warm-group", 0, 3, 60],
  ])("%s, faults: %i, deliveries: %i", async (name, faults, deliveries, schedulesMin) => {
    await expectSound(exploration(name, faults, deliveries), schedulesMin);
  });

  it.each([
    ["insert", 0, 3],
    ["fifo", 0, 2],
    ["warm", 0, 2],
  ])("WO2: %s ends as it does where nothing is left out", async (name, faults, deliveries) => {
    await expectSameEnds(exploration(name, faults, deliveries));
  });
});

/** Another attribute in each item that is put into a table. */
const rewritten =
  (table: string, change: (item: Item) => Item): Tamper =>
  (request, apply) => {
    if (request.operation === "PutItem" && request.input.TableName === table)
      return apply({ ...request, input: { ...request.input, Item: change(request.input.Item) } });
    if (request.operation !== "TransactWriteItems") return apply(request);
    const TransactItems = request.input.TransactItems.map(
      (one): TransactWriteItem =>
        one.Put?.TableName === table ? { ...one, Put: { ...one.Put, Item: change(one.Put.Item) } } : one,
    );
    return apply({ ...request, input: { ...request.input, TransactItems } });
  };

const overwrites: Tamper = (request, apply) => {
  if (request.operation !== "PutItem") return apply(request);
  const { TableName, Item } = request.input;
  return apply({ operation: "PutItem", input: { TableName, Item } });
};

const withoutChecks: Tamper = (request, apply) => {
  if (request.operation !== "TransactWriteItems") return apply(request);
  const TransactItems = request.input.TransactItems.filter(({ ConditionCheck }) => !ConditionCheck);
  return apply({ ...request, input: { ...request.input, TransactItems } });
};

const otherName = rewritten(EFFECTS, (item) => {
  const mark = { ...item["semel"]?.M, messageId: { S: "somebody" } };
  return { ...item, semel: { M: mark } };
});

/** What stands in the way has the payload of whoever asks. */
const anyPayload: Tamper = (request, apply) => {
  try {
    return apply(request);
  } catch (error) {
    const { CancellationReasons = [] } = error as { CancellationReasons?: { Item?: Item }[] };
    const own = request.operation === "TransactWriteItems" ? request.input.TransactItems[0]?.Put?.Item : undefined;
    const reasons = CancellationReasons.map((one) =>
      one.Item && own?.["fingerprint"] ? { ...one, Item: { ...one.Item, fingerprint: own["fingerprint"] } } : one,
    );
    throw Object.assign(error as Error, { CancellationReasons: reasons });
  }
};

const otherResult = rewritten(RECORDS, (item) =>
  item["result"] ? { ...item, result: { S: '{"by":"nobody"}' } } : item,
);

describe("the explorer finds mistakes", { timeout: TIMEOUT_MS }, () => {
  it.each<[string, string, number, Tamper, RegExp]>([
    ["an insert overwrites", "insert", 0, overwrites, /^I1/],
    ["a rejection does not look for the item", "insert", 1, withoutChecks, /^IC4/],
    ["a mark names another message", "insert", 0, otherName, /^IN2/],
    ["payloads are not compared", "payload", 0, anyPayload, /^I7/],
    ["the effects of another payload", "payload", 0, rewritten(EFFECTS, otherPayload), /^I7/],
    ["another result is kept than was given", "once", 1, otherResult, /^I6/],
    ["the next one starts, though nothing is committed", "fifo", 0, unheard, /^I10/],
    ["a transaction goes again for no reason", "commit", 0, conflicts, /^I12/],
    ["and so in a message group", "fifo", 0, conflicts, /^I12/],
  ])("%s (%s, faults: %i)", async (_mistake, name, faults, tamper, first) => {
    await expectFound({ ...exploration(name, faults, 2), tamper }, first);
  });
});

function otherPayload(item: Item): Item {
  return { ...item, payload: { S: "nobody's" } };
}

describe("I7 to I10: what must hold of a queue", () => {
  const message = { messageId: "m1", key: "a", origin: "m1", redundant: false, deleted: false };
  const next = { messageId: "m2", key: "b", origin: "m2", redundant: false, deleted: false };
  const record = (status: string, messageId = "m1"): Item => ({ status: { S: status }, messageId: { S: messageId } });
  const sound: Snapshot = {
    records: new Map([["a", record("COMPLETED")]]),
    effects: new Map([...effectsOf("a", 1), ["shared", { n: { N: "1" } }]]),
    inserts: false,
    ordered: false,
    queue: [{ ...message, deleted: true }],
    deadLetters: new Map(),
    forgotten: new Set(),
    pkOf: (key) => key,
  };
  const nothing = { ...sound, records: new Map(), effects: new Map() };
  const letter = new Map([["m1", "SEMEL_PERMANENT"]]);
  const redriven = { ...message, messageId: "m1r", redundant: true };
  const both = {
    ...sound,
    ordered: true,
    records: new Map([
      ["a", record("COMPLETED")],
      ["b", record("COMPLETED", "m2")],
    ]),
    effects: new Map([...effectsOf("a", 1), ...effectsOf("b", 2), ["shared", { n: { N: "2" } }]] as [string, Item][]),
    queue: [message, next],
  };

  it.each<[string, Snapshot, RegExp | undefined]>([
    ["committed, then deleted", sound, undefined],
    ["deleted, and nothing of it is left", { ...nothing, queue: [{ ...message, deleted: true }] }, /^I8/m],
    [
      "in the dead-letter queue, where it was rejected",
      { ...nothing, queue: [message], deadLetters: letter },
      undefined,
    ],
    [
      "redriven, and its copy is lost",
      {
        ...nothing,
        records: new Map([["a", record("REJECTED")]]),
        deadLetters: letter,
        queue: [
          { ...message, deleted: true },
          { ...redriven, redundant: false, deleted: true },
        ],
      },
      /^I8/m,
    ],
    [
      "redriven after its commit, and rejected",
      { ...sound, queue: [message, redriven], deadLetters: new Map([["m1r", "x"]]) },
      /^I9/m,
    ],
    ["redriven after its commit, which is gone", { ...nothing, queue: [message, redriven] }, /^I9/m],
    ["in order", both, undefined],
    [
      "one after the other, in the other order",
      { ...both, effects: new Map([...both.effects, ...effectsOf("a", 3)]) },
      /^I10/m,
    ],
    ["the second without the first", { ...both, records: new Map([["b", record("COMPLETED", "m2")]]) }, /^I10/m],
    ["the second is deleted first", { ...both, queue: [message, { ...next, deleted: true }] }, /^I10/m],
    [
      "rejected for its payload, and it is the one",
      { ...sound, deadLetters: new Map([["m1", "SEMEL_PAYLOAD_MISMATCH"]]) },
      /^I7/m,
    ],
  ])("%s", (_what, snapshot, complaint) => {
    const complaints = complaintsAbout(snapshot).join("\n");
    if (complaint) expect(complaints).toMatch(complaint);
    else expect(complaints).toBe("");
  });

  it("I9: a dead letter whose effect is there is flagged", () => {
    expect(committedDeadLetters({ ...sound, deadLetters: letter })).toEqual(["m1"]);
    expect(committedDeadLetters({ ...nothing, queue: [message], deadLetters: letter })).toEqual([]);
  });
});

describe("single schedules", () => {
  it("a sandbox that is used again knows what it committed, and asks nobody", async () => {
    const { lines } = await replay(
      exploration("warm", 0, 2),
      parseSchedule("deliver:m1 1.1 1.2 1.3 deliver-again:m1@1 end"),
    );
    expect(lines.slice(-2)).toEqual(["deliver-again:m1@1", "end"]);
  });

  it("what an invocation left that was cut off goes on in the next one, and commits nothing", async () => {
    const { lines, complaints } = await replay(
      exploration("warm", 1, 2),
      parseSchedule("deliver:m1 1.1 1:slow deliver-again:m1@1 1.2 1.3 1.4 1.5 end"),
    );
    expect(complaints).toEqual([]);
    expect(lines.filter((line) => line.includes("TransactWriteItems"))).toHaveLength(1);
  });

  it("a record remembers one rejection: a copy of a message that was rejected before may commit, once", async () => {
    const again =
      "deliver:m1 1.1:rejects 1.2 1.3 redrive:m1 deliver:m1r 2.1:rejects 2.2 2.3 deliver-again:m1 3.1 3.2 3.3 end";
    const { complaints } = await replay(exploration("redrive", 2, 3), parseSchedule(again));
    expect(complaints).toEqual([]);
  });
});
