// Names of the tables, from the variables that the stack sets.

export const ACCOUNTS: string | undefined = process.env["ACCOUNTS_TABLE"];
export const DECISIONS: string | undefined = process.env["DECISIONS_TABLE"];
