// Every schedule of the real runtime, within bounds: attacks I1 to I5, I11, L1, P4 and RE2 at every step, and the explorer's own
// invariants. What ends in seconds is run here; `npm run explore` goes further.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Item, PutAction, TransactWriteItem, UpdateAction } from "../../lib/aws/dynamodb.ts";
import type { DynamoDbRequest } from "../../lib/store/send.ts";
import type { Tamper } from "../../lib/testing/explorer/engine.ts";
import { explore, replay } from "../../lib/testing/explorer/explore.ts";
import { complaintsAboutWrite } from "../../lib/testing/explorer/invariants.ts";
import { violationText } from "../../lib/testing/explorer/report.ts";
import type { Scenario } from "../../lib/testing/explorer/scenario.ts";
import { type CallFault, type Event, formatSchedule, parseSchedule } from "../../lib/testing/explorer/schedule.ts";
import { canonical, mark } from "../../lib/testing/explorer/state.ts";
import { EFFECTS, RECORDS } from "../../lib/testing/explorer/tables.ts";
import { expectSound, exploration, TIMEOUT_MS } from "./explorations.ts";

describe("every schedule keeps the invariants", { timeout: TIMEOUT_MS }, () => {
  it.each([
    ["commit", 1, 2, 300],
    ["resend", 0, 3, 100],
    ["contend", 0, 3, 300],
    ["commit", 2, 1, 50],
    ["claim", 1, 2, 500],
    ["group", 1, 2, 100],
  ])("%s, faults: %i, deliveries: %i", async (strategy, faults, deliveries, schedulesMin) => {
    await expectSound(exploration(strategy, faults, deliveries), schedulesMin);
  });
});

/** Each action of a transaction by itself: the record last. */
const split: Tamper = (request, apply) => {
  if (request.operation !== "TransactWriteItems") return apply(request);
  const { TransactItems } = request.input;
  for (const some of [TransactItems.slice(1), TransactItems.slice(0, 1)]) {
    apply({ operation: "TransactWriteItems", input: { TransactItems: some } });
  }
  return {};
};

/** A condition on a record always holds, in the requests of one operation that `value` tells. */
const heedless =
  (operation: DynamoDbRequest["operation"], value: string): Tamper =>
  (request, apply) => {
    const loosened = <A extends PutAction | UpdateAction>(action: A): A => {
      const { TableName, ConditionExpression, ExpressionAttributeValues = {} } = action;
      if (TableName !== RECORDS || (value !== "" && !(value in ExpressionAttributeValues))) return action;
      return { ...action, ConditionExpression: `(${ConditionExpression}) OR attribute_exists(pk)` };
    };
    if (request.operation !== operation) return apply(request);
    if (request.operation === "PutItem") return apply({ ...request, input: loosened(request.input) });
    if (request.operation === "UpdateItem") return apply({ ...request, input: loosened(request.input) });
    if (request.operation !== "TransactWriteItems") return apply(request);
    const TransactItems = request.input.TransactItems.map(
      ({ Put, Update, ...rest }): TransactWriteItem => ({
        ...rest,
        ...(Put ? { Put: loosened(Put) } : {}),
        ...(Update ? { Update: loosened(Update) } : {}),
      }),
    );
    return apply({ ...request, input: { ...request.input, TransactItems } });
  };

describe("the explorer finds mistakes", { timeout: TIMEOUT_MS }, () => {
  it.each<[string, string, number, Tamper, RegExp]>([
    ["a record and its effects are written one after the other", "commit", 0, split, /^I1/],
    ["a commit does not look at the record", "commit", 0, heedless("TransactWriteItems", ":semelThis"), /^I5/],
    ["nor in a group", "group", 1, heedless("TransactWriteItems", ":semelThis"), /^I5/],
    ["nor does a rejection of a committed message", "resend", 1, heedless("TransactWriteItems", ":semelThis"), /^I5/],
    ["a commit does not ask who holds the claim", "claim", 0, heedless("TransactWriteItems", ":semelHeld"), /^I4/],
    ["nor does a step, a renewal or a release", "claim", 0, heedless("UpdateItem", ":semelHeld"), /^I4/],
    ["a takeover does not look at what it takes over", "claim", 1, heedless("UpdateItem", ":semelSeen"), /^I[45]/],
    ["an acquisition does not look at the record", "claim", 0, heedless("PutItem", ""), /^I[45]/],
  ])("%s (%s, faults: %i)", async (_mistake, strategy, faults, tamper, first) => {
    const wanted = { ...exploration(strategy, faults, 2), tamper };
    const { violation } = await explore(wanted);
    expect(violation?.complaints[0]).toMatch(first);
    const schedule = violation?.schedule ?? "";
    expect(violationText(wanted, { schedule, complaints: [] })).toContain(
      `--strategy ${strategy} --replay "${schedule}"`,
    );
    const again = await replay(wanted, parseSchedule(schedule));
    expect(again.complaints).toEqual(violation?.complaints);
    const mended = await replay(exploration(strategy, faults, 2), parseSchedule(schedule)).catch(() => undefined);
    expect(mended?.complaints ?? []).toEqual([]); // it may not even fit the code without the mistake
  });

  it("EX1: refuses a runtime that is left to chance", async () => {
    const wanted = exploration("commit", 1, 1);
    let runs = 0;
    const scenario: Scenario = {
      ...wanted.scenario,
      async handle(key, tx, means) {
        await wanted.scenario.handle(key, tx, means);
        if (runs++ > 0) await tx.get({ TableName: EFFECTS, Key: { id: "not the first time" } });
      },
    };
    await expect(explore({ ...wanted, scenario })).rejects.toThrow(/^Cannot explore/);
  });
});

describe("EX2: what is not run again has been run", { timeout: TIMEOUT_MS }, () => {
  it.each([
    ["commit", 0, 3],
    ["claim", 0, 3],
    ["group", 1, 2],
  ])("%s: as many schedules as without a memory of states", async (strategy, faults, deliveries) => {
    const wanted = exploration(strategy, faults, deliveries);
    const [merged, all] = [await explore(wanted), await explore({ ...wanted, merge: false })];
    expect(all.runs).toBe(all.schedules);
    expect(merged.schedules).toBe(all.schedules);
    expect(merged.runs).toBeLessThan(all.runs);
  });

  it.each([
    ["commit", 1, 2],
    ["claim", 0, 3],
    ["group", 0, 3],
  ])("WO2: %s ends as it does where nothing is left out", async (strategy, faults, deliveries) => {
    const wanted = exploration(strategy, faults, deliveries);
    const [reduced, natural] = [await explore(wanted), await explore({ ...wanted, natural: true })];
    expect(natural.violation).toBeUndefined();
    expect([...reduced.ends].sort()).toEqual([...natural.ends].sort());
    expect(natural.schedules).toBeGreaterThan(reduced.schedules);
  });

  it("SN1: sandboxes have no names in it, but are told apart", () => {
    const id = (sandbox: number): string => `00000000-0000-4000-8${String(sandbox).padStart(3, "0")}-000000000001`;
    const text = (one: number, other: number): string => canonical([id(one), `${mark(other)} ${id(one)}`, mark(one)]);
    expect(text(1, 2)).toBe(text(7, 3));
    expect(text(1, 2)).not.toBe(text(1, 1));
    expect(canonical([id(1)])).not.toBe(canonical([id(1).replace(/1$/, "2")]));
  });
});

describe("SC1: schedules as texts", () => {
  const number = fc.integer({ min: 1, max: 99 });
  const fault = fc.constantFrom<CallFault | undefined>(
    undefined,
    "open",
    "throttled",
    "conflict",
    "partly",
    "fails",
    "rejects",
  );
  const event = fc.oneof(
    fc.record(
      {
        kind: fc.constant("deliver" as const),
        messageIds: fc.array(fc.constantFrom("m1", "m2"), { minLength: 1, maxLength: 2 }),
        how: fc.constantFrom("again" as const, "late" as const),
        sandbox: number,
      },
      { requiredKeys: ["kind", "messageIds"] },
    ),
    fc
      .tuple(number, number, fault)
      .map(([sandbox, call, wrong]): Event => ({ kind: "answer", sandbox, call, ...(wrong ? { fault: wrong } : {}) })),
    fc.record({ kind: fc.constant("lands" as const), sandbox: number, call: number }),
    fc.record({ kind: fc.constantFrom("wakes" as const, "slow" as const, "dies" as const), sandbox: number }),
    fc.record({ kind: fc.constant("redrive" as const), messageId: fc.constantFrom("m1", "m2r") }),
    fc.constant<Event>({ kind: "end" }),
  );

  it("say what they were made of", () => {
    fc.assert(
      fc.property(fc.array(event), (events) => {
        expect(parseSchedule(formatSchedule(events))).toEqual(events);
      }),
    );
  });

  it.each(["1.2:lost", "1:lands", "deliver", "1.x", "ends"])("%s is refused", (text) => {
    expect(() => parseSchedule(text)).toThrow(/Cannot read the event/);
  });

  it.each(["1.1", "1:dies", "2.1:lands", "deliver:m9", "deliver:m1@1", "redrive:m9"])(
    "%s is refused where it cannot happen",
    async (text) => {
      await expect(replay(exploration("commit", 1, 1), parseSchedule(text))).rejects.toThrow(/^Cannot go on/);
    },
  );

  it.each([
    ["deliver:m1 1.1 1.2 1.3:open 1.3:lands 1:dies end", 1],
    ["deliver:m1 1.1 1.2 1.3:open 1:dies end", 0],
    ["deliver:m1 1.1 1.2 1:dies deliver-again:m1 2.1 2.2 2.3 1.3:lands 2.4 end", 1],
  ])("%s: a request without an answer lands, or not", async (text, lands) => {
    const { lines, complaints } = await replay(exploration("commit", 2, 2), parseSchedule(text));
    expect(lines.filter((line) => line.endsWith(":lands"))).toHaveLength(lands);
    expect(lines.at(-1)).toBe("end");
    expect(complaints).toEqual([]);
  });

  it("tell what happened when they are run", async () => {
    const { lines, complaints } = await replay(
      exploration("commit", 1, 1),
      parseSchedule("deliver:m1 1.1 1.2 1.3 end"),
    );
    expect(lines).toEqual([
      "deliver:m1",
      "    1.1 is GetItem",
      "1.1",
      "    1.2 is the rest of its handler",
      "1.2",
      "    1.3 is TransactWriteItems of 4 actions",
      "1.3",
      "end",
    ]);
    expect(complaints).toEqual([]);
  });
});

describe("I4, I5, CL4, P4: what may become of a record", () => {
  const by = (sandbox: number, status: string, more: Item = {}): Item => ({
    status: { S: status },
    attemptId: { S: `00000000-0000-4000-8${String(sandbox).padStart(3, "0")}-000000000001` },
    messageId: { S: "m1" },
    ...more,
  });
  const held = (sandbox: number, status: string, token: number): Item =>
    by(sandbox, status, { fencingToken: { N: String(token) } });
  const withStep = (sandbox: number, status: string, token: number): Item => ({
    ...held(sandbox, status, token),
    steps: { M: { charge: { S: "1" } } },
  });
  const other: Item = { messageId: { S: "m2" } };

  it.each<[string, Item | undefined, Item | undefined, RegExp | undefined]>([
    ["is put", undefined, by(1, "COMPLETED"), undefined],
    ["is put in another name", undefined, by(2, "COMPLETED"), /^I4/],
    ["is deleted", by(1, "COMPLETED"), undefined, /^I5/],
    ["is completed again", by(2, "COMPLETED"), by(1, "COMPLETED"), /^I5/],
    ["is renewed", held(1, "IN_PROGRESS", 1), held(1, "IN_PROGRESS", 1), undefined],
    ["is renewed by another", held(2, "IN_PROGRESS", 1), held(2, "IN_PROGRESS", 1), /^I4/],
    ["is completed by its owner", held(1, "IN_PROGRESS", 2), held(1, "COMPLETED", 2), undefined],
    ["is completed by another", held(2, "IN_PROGRESS", 2), held(1, "COMPLETED", 2), /^I4/],
    ["is taken over", held(2, "RELEASED", 2), held(1, "IN_PROGRESS", 3), undefined],
    ["is taken over without a new token", held(2, "IN_PROGRESS", 2), held(1, "IN_PROGRESS", 2), /^I4/],
    ["changes its token", held(1, "IN_PROGRESS", 2), held(1, "IN_PROGRESS", 3), /^I4/],
    ["is completed after its release", held(1, "RELEASED", 2), held(1, "COMPLETED", 2), /^I5/],
    ["keeps its steps", withStep(2, "RELEASED", 2), withStep(1, "IN_PROGRESS", 3), undefined],
    ["forgets its steps", withStep(2, "RELEASED", 2), held(1, "IN_PROGRESS", 3), /^CL4/],
    ["is completed, and needs its steps no more", withStep(1, "IN_PROGRESS", 3), held(1, "COMPLETED", 3), undefined],
    ["gives way to another message", by(2, "REJECTED"), by(1, "COMPLETED", other), undefined],
    ["gives way to the message it rejected", by(2, "REJECTED"), by(1, "COMPLETED"), /^P4/],
  ])("%s", (_what, before, after, complaint) => {
    const [first] = complaintsAboutWrite(before, after, 1);
    if (complaint) expect(first).toMatch(complaint);
    else expect(first).toBeUndefined();
  });
});
