// What the books of the bank must say, computed straight from the input and the decisions, and how far they are off.
//
// Which transfers are refused depends on what came first between accounts, so it is not in the input. What was decided is kept with
// each transfer: the balances follow from that, and whether they do is what is checked.

import type { Account, Decision, Transfer } from "../../functions/transfers/transfer.ts";
import type { Bank } from "./generate.ts";

export interface BooksCheck {
  readonly done: number;
  readonly refused: number;
  /** Transfers that were not decided, or are not as they were sent. */
  readonly lostTransfers: number;
  /** Decisions beyond one a transfer. */
  readonly duplicatedTransfers: number;
  /** Transfers that do not stand where they were sent among those out of their account. */
  readonly outOfOrder: number;
  /** Sum of all differences between a balance and what the decisions make it. */
  readonly penceOff: number;
  /** How much more money there is than in the beginning, or less. */
  readonly penceMadeOrLost: number;
  readonly overdrawn: number;
}

export interface Books {
  readonly accounts: readonly Account[];
  readonly decisions: readonly Decision[];
}

export function checkBooks({ accounts: opened, transfers }: Bank, { accounts, decisions }: Books): BooksCheck {
  const decided = new Map(decisions.map((decision) => [decision.transferId, decision]));
  const isKept = (transfer: Transfer): boolean => isAsSent(transfer, decided.get(transfer.transferId));
  const count = (status: Decision["status"]): number =>
    decisions.filter((decision) => decision.status === status).length;
  const openingPence = sum(opened.map(({ balancePence }) => balancePence));
  return {
    done: count("done"),
    refused: count("refused"),
    lostTransfers: transfers.filter((transfer) => !isKept(transfer)).length,
    duplicatedTransfers: duplicated(transfers, accounts),
    outOfOrder: outOfOrder(transfers, decided),
    penceOff: penceOff(opened, { accounts, decisions }),
    penceMadeOrLost: Math.abs(sum(accounts.map(({ balancePence }) => balancePence)) - openingPence),
    overdrawn: accounts.filter(({ balancePence }) => balancePence < 0).length,
  };
}

function isAsSent({ from, to, pence }: Transfer, decision: Decision | undefined): boolean {
  return decision !== undefined && decision.from === from && decision.to === to && decision.pence === pence;
}

/** An account counts the decisions on its transfers. */
function duplicated(transfers: readonly Transfer[], accounts: readonly Account[]): number {
  const sent = Map.groupBy(transfers, ({ from }) => from);
  return sum(
    accounts.map(({ accountId, transfersOut = 0 }) => Math.max(0, transfersOut - (sent.get(accountId)?.length ?? 0))),
  );
}

/** Of each account, the n-th transfer that was sent has the number n. */
function outOfOrder(transfers: readonly Transfer[], decided: ReadonlyMap<string, Decision>): number {
  const ofAccounts = [...Map.groupBy(transfers, ({ from }) => from).values()];
  return sum(
    ofAccounts.map((sent) => {
      const numbers = sent.map(({ transferId }) => decided.get(transferId)?.number);
      return numbers.filter((number, index) => number !== undefined && number !== index + 1).length;
    }),
  );
}

function penceOff(opened: readonly Account[], { accounts, decisions }: Books): number {
  const wanted = new Map(opened.map(({ accountId, balancePence }) => [accountId, balancePence]));
  const add = (accountId: string, pence: number): void => {
    wanted.set(accountId, (wanted.get(accountId) ?? 0) + pence);
  };
  for (const { status, from, to, pence } of decisions) {
    if (status === "refused") continue;
    add(from, -pence);
    add(to, pence);
  }
  const found = new Map(accounts.map(({ accountId, balancePence }) => [accountId, balancePence]));
  const ids = [...new Set([...wanted.keys(), ...found.keys()])];
  return sum(ids.map((id) => Math.abs((wanted.get(id) ?? 0) - (found.get(id) ?? 0))));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
