// The demo's checks of transfers and telemetry find what they are to find: nothing where all is right, and each thing that can go wrong.

import { describe, expect, it } from "vitest";
import { seededRandom } from "../../demo/random.ts";
import { checkStatistics } from "../../demo/telemetry/check.ts";
import { generateReadings } from "../../demo/telemetry/generate.ts";
import { type Books, checkBooks } from "../../demo/transfers/books.ts";
import { generateBank } from "../../demo/transfers/generate.ts";
import { Reading } from "../../functions/telemetry/reading.ts";
import { foldReading, HOURS_KEPT, NO_READINGS, type Statistics } from "../../functions/telemetry/statistics.ts";
import { type Account, type Decision, Transfer } from "../../functions/transfers/transfer.ts";

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

describe("the made-up bank", () => {
  it("is the same for the same seed, and of transfers that the function takes", () => {
    const bank = generateBank(seededRandom(7), 500);
    expect(generateBank(seededRandom(7), 500)).toEqual(bank);
    expect(generateBank(seededRandom(8), 500)).not.toEqual(bank);
    for (const transfer of bank.transfers) expect(Transfer.parse(transfer)).toEqual(transfer);
    const known = new Set(bank.accounts.map(({ accountId }) => accountId));
    expect(bank.transfers.every(({ from, to }) => known.has(from) && known.has(to))).toBe(true);
  });

  it("has many transfers that are refused, and many that are done", () => {
    const { accounts, transfers } = generateBank(seededRandom(7));
    const balances = new Map(accounts.map(({ accountId, balancePence }) => [accountId, balancePence]));
    const done = transfers.filter(({ from, to, pence }) => {
      const balance = balances.get(from) ?? 0;
      if (balance < pence) return false;
      balances.set(from, balance - pence);
      balances.set(to, (balances.get(to) ?? 0) + pence);
      return true;
    });
    expect(done.length / transfers.length).toBeGreaterThan(0.3);
    expect(done.length / transfers.length).toBeLessThan(0.8);
  });
});

describe("the check of the books", () => {
  const bank = {
    accounts: [
      { accountId: "a", balancePence: 100 },
      { accountId: "b", balancePence: 0 },
    ],
    transfers: [
      { transferId: "1", from: "a", to: "b", pence: 60 },
      { transferId: "2", from: "a", to: "b", pence: 60 },
      { transferId: "3", from: "b", to: "a", pence: 10 },
    ],
  };
  type Spoilt = { accounts: Mutable<Account>[]; decisions: Mutable<Decision>[] };
  const books = (): Spoilt => ({
    accounts: [
      { accountId: "a", balancePence: 50, transfersOut: 2 },
      { accountId: "b", balancePence: 50, transfersOut: 1 },
    ],
    decisions: [
      { transferId: "1", from: "a", to: "b", pence: 60, status: "done", number: 1 },
      { transferId: "2", from: "a", to: "b", pence: 60, status: "refused", number: 2 },
      { transferId: "3", from: "b", to: "a", pence: 10, status: "done", number: 1 },
    ],
  });
  const clean = {
    done: 2,
    refused: 1,
    lostTransfers: 0,
    duplicatedTransfers: 0,
    outOfOrder: 0,
    penceOff: 0,
    penceMadeOrLost: 0,
    overdrawn: 0,
  };

  it("finds nothing where nothing is wrong", () => {
    const found: Books = books();
    expect(checkBooks(bank, found)).toEqual(clean);
  });

  it.each<[string, (spoilt: Spoilt) => unknown, object]>([
    ["a lost decision", ({ decisions }) => decisions.splice(1, 1), { refused: 0, lostTransfers: 1 }],
    ["a changed transfer", ({ decisions }) => Object.assign(decisions[1] ?? {}, { pence: 61 }), { lostTransfers: 1 }],
    [
      "a transfer done twice",
      ({ accounts }) => {
        Object.assign(accounts[0] ?? {}, { balancePence: -10, transfersOut: 3 });
        Object.assign(accounts[1] ?? {}, { balancePence: 110 });
      },
      { duplicatedTransfers: 1, penceOff: 120, overdrawn: 1 },
    ],
    [
      "half a transfer",
      ({ accounts }) => Object.assign(accounts[1] ?? {}, { balancePence: -10 }),
      { penceOff: 60, penceMadeOrLost: 60, overdrawn: 1 },
    ],
    [
      "two transfers that changed places",
      ({ decisions }) => {
        Object.assign(decisions[0] ?? {}, { number: 2 });
        Object.assign(decisions[1] ?? {}, { number: 1 });
      },
      { outOfOrder: 2 },
    ],
    ["a gap", ({ decisions }) => Object.assign(decisions[1] ?? {}, { number: 3 }), { outOfOrder: 1 }],
    [
      "an account out of nothing",
      ({ accounts }) => accounts.push({ accountId: "c", balancePence: 5 }),
      { penceOff: 5, penceMadeOrLost: 5 },
    ],
  ])("finds %s", (_name, spoil, found) => {
    const spoilt = books();
    spoil(spoilt);
    expect(checkBooks(bank, spoilt)).toEqual({ ...clean, ...found });
  });
});

describe("the check of the statistics", () => {
  const readings = generateReadings(seededRandom(7));
  const folded = (): Mutable<Statistics>[] =>
    [...Map.groupBy(readings, ({ deviceId }) => deviceId).values()].map((own) => own.reduce(foldReading, NO_READINGS));
  const clean = { lostReadings: 0, duplicatedReadings: 0, wrongSpans: 0, outOfOrder: 0, unboundedDevices: 0 };

  it("finds nothing where nothing is wrong, in readings of more hours than are kept apart", () => {
    for (const reading of readings) expect(Reading.parse(reading)).toEqual(reading);
    expect(folded().every(({ older }) => older !== undefined)).toBe(true);
    expect(checkStatistics(readings, folded())).toEqual(clean);
  });

  it("finds a device that is not there", () => {
    const lost = readings.filter(({ deviceId }) => deviceId === readings[0]?.deviceId).length;
    const found = checkStatistics(
      readings,
      folded().filter(({ deviceId }) => deviceId !== readings[0]?.deviceId),
    );
    expect(found).toMatchObject({ lostReadings: lost, duplicatedReadings: 0 });
    expect(found.wrongSpans).toBeGreaterThan(1);
  });

  it.each<[string, (span: { count: number; sum: number; max: number }) => unknown, object]>([
    ["a reading that is lost", (span) => span.count--, { lostReadings: 1 }],
    ["a reading that is counted twice", (span) => span.count++, { duplicatedReadings: 1 }],
    ["a sum that is off", (span) => span.sum++, { wrongSpans: 1 }],
    ["a highest value that nobody read", (span) => span.max++, { wrongSpans: 1 }],
  ])("finds %s, in an hour and in the sum of the older ones", (_name, spoil, found) => {
    for (const spanOf of [({ hours }: Statistics) => Object.values(hours)[0], ({ older }: Statistics) => older]) {
      const spoilt = structuredClone(folded());
      const span = spoilt[0] && spanOf(spoilt[0]);
      if (!span) throw new Error("there is no such span");
      spoil(span);
      expect(checkStatistics(readings, spoilt)).toEqual({ ...clean, ...found });
    }
  });

  it("finds readings out of order, and devices that keep too much", () => {
    const hours = Object.fromEntries(Array.from({ length: HOURS_KEPT + 1 }, (_, hour) => [String(hour), ZERO]));
    const found = checkStatistics([], [{ deviceId: "x", hours, late: 3 }]);
    expect(found).toMatchObject({ outOfOrder: 3, unboundedDevices: 1 });
  });
});

const ZERO = { count: 0, sum: 0, min: 0, max: 0 };
