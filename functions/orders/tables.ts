// Names of the tables, from the variables that the stack sets.

export const LEDGER: string | undefined = process.env["LEDGER_TABLE"];
export const CUSTOMERS: string | undefined = process.env["CUSTOMERS_TABLE"];
export const ARTICLES: string | undefined = process.env["ARTICLES_TABLE"];
