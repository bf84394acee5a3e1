// What goes through the queue in a chaos run, and what becomes of it: a count of its own, and a part in a hot counter.

import { z } from "zod";

export const ChaosMessage = z.object({
  /** The idempotency key. */
  key: z.string(),
  /** One of few: a counter that many messages add to. */
  account: z.string(),
  pence: z.number().int(),
  /** It can never succeed: it belongs into the dead-letter queue. */
  hopeless: z.boolean(),
});
export type ChaosMessage = z.infer<typeof ChaosMessage>;

/** Variables of the functions. */
export const ENVIRONMENT = {
  effects: "EFFECTS_TABLE",
  charges: "CHARGES_TABLE",
  powertoolsRecords: "POWERTOOLS_RECORDS_TABLE",
} as const;

/** Effects: partition key, and how often a message was applied. */
export const EFFECT_KEY = "id";
export const COUNT = "n";
export const PENCE = "pence";

/** Seconds of semel's backoff in these runs: the default waits for minutes, in which nothing would happen here. */
export const BACKOFF = { baseSeconds: 2, capSeconds: 15 } as const;

const ACCOUNT_PREFIX = "account ";

/** The item of the hot counter. No message's key begins like it. */
export function accountId(account: string): string {
  return `${ACCOUNT_PREFIX}${account}`;
}

/** The account of a hot counter's item; undefined for the item of a message. */
export function accountOf(id: string): string | undefined {
  return id.startsWith(ACCOUNT_PREFIX) ? id.slice(ACCOUNT_PREFIX.length) : undefined;
}
