// The ledger of a chaos run tells every message that went wrong, and no other.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkLedger, complaints, type Found } from "../../chaos/ledger.ts";
import type { ChaosMessage } from "../../chaos/message.ts";

interface Fate {
  readonly account: string;
  readonly hopeless: boolean;
  readonly applied: number;
  readonly deadLettered: boolean;
}

const fates = fc.array(
  fc.record({
    account: fc.constantFrom("1", "2", "3"),
    hopeless: fc.boolean(),
    applied: fc.integer({ min: 0, max: 3 }),
    deadLettered: fc.boolean(),
  }),
  { maxLength: 20 },
);

function sentOf(all: readonly Fate[]): ChaosMessage[] {
  return all.map(({ account, hopeless }, index) => ({ key: `m${index}`, account, pence: 1, hopeless }));
}

function foundOf(all: readonly Fate[]): Found {
  const applied = new Map<string, number>();
  const accounts = new Map<string, number>();
  const deadLetters = new Set<string>();
  all.forEach((fate, index) => {
    if (fate.applied > 0) applied.set(`m${index}`, fate.applied);
    if (fate.applied > 0) accounts.set(fate.account, (accounts.get(fate.account) ?? 0) + fate.applied);
    if (fate.deadLettered) deadLetters.add(`m${index}`);
  });
  const charges = new Map([...applied.keys()].map((key) => [key, 1]));
  return { applied, accounts, deadLetters, charges };
}

const ALL = { accounts: true, charges: true };
const keysWhere = (all: readonly Fate[], holds: (fate: Fate) => boolean): string[] =>
  all.flatMap((fate, index) => (holds(fate) ? [`m${index}`] : []));

describe("ledger", () => {
  it("puts every message where it belongs", () => {
    fc.assert(
      fc.property(fates, (all) => {
        const ledger = checkLedger(sentOf(all), foundOf(all), ALL);
        expect(ledger).toEqual({
          messages: all.length,
          appliedOnce: keysWhere(all, ({ applied }) => applied === 1).length,
          rejected: keysWhere(all, (one) => one.applied === 0 && one.deadLettered && one.hopeless).length,
          deadLettered: keysWhere(all, (one) => one.applied === 0 && one.deadLettered && !one.hopeless),
          deadLetteredThoughApplied: keysWhere(all, (one) => one.applied > 0 && one.deadLettered),
          lost: keysWhere(all, (one) => one.applied === 0 && !one.deadLettered),
          doubled: keysWhere(all, ({ applied }) => applied > 1),
          surplus: all.reduce((sum, { applied }) => sum + Math.max(0, applied - 1), 0),
          unexpected: keysWhere(all, ({ applied, hopeless }) => applied > 0 && hopeless),
          halves: 0,
          mischarged: [],
        });
      }),
    );
  });

  it("conserves messages (I8): each is applied, dead-lettered or lost", () => {
    fc.assert(
      fc.property(fates, (all) => {
        const ledger = checkLedger(sentOf(all), foundOf(all), ALL);
        const parts = [ledger.appliedOnce, ledger.doubled.length, ledger.rejected, ledger.deadLettered.length];
        expect(parts.reduce((sum, part) => sum + part, 0) + ledger.lost.length).toBe(all.length);
      }),
    );
  });

  const one: Fate = { account: "1", hopeless: false, applied: 1, deadLettered: false };

  it("tells halves of effects: an account that counts less or more than its messages", () => {
    const found = { ...foundOf([one, one]), accounts: new Map([["1", 1]]) };
    expect(complaints(checkLedger(sentOf([one, one]), found, ALL))).toEqual([
      "1 halves of effects missing or too much",
    ]);
  });

  it("tells an effect of a message that was never sent", () => {
    const found = {
      ...foundOf([one]),
      applied: new Map([
        ["m0", 1],
        ["stranger", 1],
      ]),
    };
    expect(checkLedger(sentOf([one]), found, ALL).unexpected).toEqual(["stranger"]);
  });

  it.each([0, 2])("tells an applied message that was charged %i times", (times) => {
    const found = { ...foundOf([one]), charges: new Map(times === 0 ? [] : [["m0", times]]) };
    expect(checkLedger(sentOf([one]), found, ALL).mischarged).toEqual(["m0"]);
    expect(checkLedger(sentOf([one]), found, { ...ALL, charges: false }).mischarged).toEqual([]);
  });

  it("complains of what breaks the promise, not of what is in the dead-letter queue", () => {
    const poor: Fate = { ...one, applied: 0, deadLettered: true };
    expect(complaints(checkLedger(sentOf([one, poor]), foundOf([one, poor]), ALL))).toEqual([]);
    const lost: Fate = { ...one, applied: 0 };
    const doubled: Fate = { ...one, applied: 3 };
    const ledger = checkLedger(sentOf([lost, doubled]), foundOf([lost, doubled]), ALL);
    expect(complaints(ledger)).toEqual(["1 lost", "1 doubled (2 effects too many)"]);
  });
});
