// A handler as a user has it, for the tests of semel/testing on the local cloud: adds amounts up, once for each id.

import { exactlyOnce, PermanentError } from "semel";

interface Amount {
  readonly id: string;
  readonly customer: string;
  readonly amount: number;
}

const totals = exactlyOnce({ key: ({ body }) => (body as Amount).id });

export const handler = totals.lambda(({ body }, tx) => {
  const { customer, amount } = body as Amount;
  if (amount < 0) throw new PermanentError(`amount is ${amount}`);
  console.log(`adding ${amount} for ${customer}`);
  tx.increment({ TableName: process.env["TOTALS_TABLE"], Key: { customer } }, { total: amount, messages: 1 });
});
