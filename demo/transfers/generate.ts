// Made-up accounts and transfers: a few busy accounts that run dry now and then, so that many transfers are refused.

import type { Account, Transfer } from "../../functions/transfers/transfer.ts";
import type { Random } from "../random.ts";

export const GENERATED_TRANSFERS = 1_500;
const ACCOUNTS = 60;
const OPENING_PENCE_MAX = 60_000;
/** Most transfers are small, some empty an account. */
const PENCE = [
  [1, 2_000],
  [1, 10_000],
  [5_000, 80_000],
] as const satisfies readonly (readonly [min: number, max: number])[];

export interface Bank {
  /** With their opening balances. */
  readonly accounts: readonly Account[];
  readonly transfers: readonly Transfer[];
}

export function generateBank(random: Random, count: number = GENERATED_TRANSFERS): Bank {
  const accounts = Array.from({ length: ACCOUNTS }, (_, index) => ({
    accountId: `A${String(index + 1).padStart(3, "0")}`,
    balancePence: random.int(0, OPENING_PENCE_MAX),
  }));
  const transfers = Array.from({ length: count }, (_, index) => {
    const from = skewed(random);
    const [min, max] = random.pick(PENCE);
    const to = (from + random.int(1, ACCOUNTS - 1)) % ACCOUNTS;
    return {
      transferId: `T${String(index + 1).padStart(6, "0")}`,
      from: accounts[from]?.accountId ?? "",
      to: accounts[to]?.accountId ?? "",
      pence: random.int(min, max),
    };
  });
  return { accounts, transfers };
}

/** Small numbers are drawn more often than large ones. */
function skewed(random: Random): number {
  return Math.min(random.int(0, ACCOUNTS - 1), random.int(0, ACCOUNTS - 1));
}
