// What became of every message, as a multiset: sent against applied and dead-lettered. Pure.

import type { ChaosMessage } from "./message.ts";

/** What is there after the run. */
export interface Found {
  /** How often each key was applied. */
  readonly applied: ReadonlyMap<string, number>;
  /** How often messages were counted in each account. */
  readonly accounts: ReadonlyMap<string, number>;
  /** Keys in the dead-letter queue. */
  readonly deadLetters: ReadonlySet<string>;
  /** Idempotency keys under which each key was charged. */
  readonly charges: ReadonlyMap<string, number>;
}

export interface Ledger {
  readonly messages: number;
  /** Applied exactly once. */
  readonly appliedOnce: number;
  /** Not applied, and in the dead-letter queue: it told that it could never succeed. */
  readonly rejected: number;
  /** Not applied, and in the dead-letter queue, though it could succeed: not lost. */
  readonly deadLettered: readonly string[];
  /** Applied, and in the dead-letter queue all the same. */
  readonly deadLetteredThoughApplied: readonly string[];
  /** Neither applied nor in the dead-letter queue. */
  readonly lost: readonly string[];
  /** Applied more than once. */
  readonly doubled: readonly string[];
  /** Effects that are there too often: the surplus of all that were doubled. */
  readonly surplus: number;
  /** Applied, though never sent, or though it told that it could never succeed. */
  readonly unexpected: readonly string[];
  /** How many parts of effects are missing or too much in the accounts, against what was applied: halves of messages. */
  readonly halves: number;
  /** Charged under more than one idempotency key, or applied without a charge where messages are charged. */
  readonly mischarged: readonly string[];
}

export interface LedgerOptions {
  /** Does the contender count in accounts? */
  readonly accounts: boolean;
  /** Does it charge? */
  readonly charges: boolean;
}

export function checkLedger(sent: readonly ChaosMessage[], found: Found, options: LedgerOptions): Ledger {
  const { applied, deadLetters } = found;
  const known = new Set(sent.map(({ key }) => key));
  const timesOf = ({ key }: ChaosMessage): number => applied.get(key) ?? 0;
  const keysOf = (chosen: readonly ChaosMessage[]): string[] => chosen.map(({ key }) => key);
  const missing = sent.filter((message) => timesOf(message) === 0);
  const doubled = sent.filter((message) => timesOf(message) > 1);
  const strangers = [...applied.keys()].filter((key) => !known.has(key));
  return {
    messages: sent.length,
    appliedOnce: sent.filter((message) => timesOf(message) === 1).length,
    rejected: missing.filter(({ key, hopeless }) => hopeless && deadLetters.has(key)).length,
    deadLettered: keysOf(missing.filter(({ key, hopeless }) => !hopeless && deadLetters.has(key))),
    deadLetteredThoughApplied: keysOf(sent.filter((message) => timesOf(message) > 0 && deadLetters.has(message.key))),
    lost: keysOf(missing.filter(({ key }) => !deadLetters.has(key))),
    doubled: keysOf(doubled),
    surplus: doubled.reduce((sum, message) => sum + timesOf(message) - 1, 0),
    unexpected: [...strangers, ...keysOf(sent.filter((message) => message.hopeless && timesOf(message) > 0))],
    halves: options.accounts ? countHalves(sent, found) : 0,
    mischarged: options.charges ? keysOf(sent.filter((message) => isMischarged(message, found))) : [],
  };
}

/** What an account counts must be what the items of its messages say. */
function countHalves(sent: readonly ChaosMessage[], { applied, accounts }: Found): number {
  const expected = new Map<string, number>();
  for (const { key, account } of sent) {
    expected.set(account, (expected.get(account) ?? 0) + (applied.get(key) ?? 0));
  }
  const names = new Set([...expected.keys(), ...accounts.keys()]);
  return [...names].reduce((sum, name) => sum + Math.abs((expected.get(name) ?? 0) - (accounts.get(name) ?? 0)), 0);
}

function isMischarged({ key }: ChaosMessage, { applied, charges }: Found): boolean {
  const times = charges.get(key) ?? 0;
  return times > 1 || (times === 0 && applied.has(key));
}

/** What went wrong, in words; empty: nothing. */
export function complaints(ledger: Ledger): string[] {
  const { lost, doubled, surplus, unexpected, halves, mischarged } = ledger;
  const told = (count: number, what: string): string[] =>
    count === 0 ? [] : [`${count.toLocaleString("en-GB")} ${what}`];
  return [
    ...told(lost.length, "lost"),
    ...told(doubled.length, `doubled (${surplus} effects too many)`),
    ...told(unexpected.length, "unexpected"),
    ...told(halves, "halves of effects missing or too much"),
    ...told(mischarged.length, "not charged under one idempotency key"),
  ];
}
