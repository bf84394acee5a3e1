// One transfer between two accounts, as it travels on the queue, and what it leaves. Money is in integer pence.

import { z } from "zod";

export const Transfer = z
  .object({
    /** The producer's own id: the same whenever it sends this transfer again. */
    transferId: z.string().min(1),
    from: z.string().min(1),
    to: z.string().min(1),
    pence: z.number().int().positive(),
  })
  .refine(({ from, to }) => from !== to, { error: "from and to are one account", path: ["to"] });

export type Transfer = z.infer<typeof Transfer>;

export interface Account {
  readonly accountId: string;
  /** Never below zero. */
  readonly balancePence: number;
  /** How many transfers out of this account were decided. */
  readonly transfersOut?: number;
}

/** What became of a transfer; refused ones are kept, too. */
export interface Decision extends Transfer {
  readonly status: "done" | "refused";
  /** Its place among the transfers out of its account, from 1. */
  readonly number: number;
}
