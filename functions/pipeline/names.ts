// Names of the tables and URLs of the queues, from the variables that the stack sets.

export const ORDERS: string | undefined = process.env["ORDERS_TABLE"];
export const SHIPMENTS: string | undefined = process.env["SHIPMENTS_TABLE"];
export const NOTIFICATIONS: string | undefined = process.env["NOTIFICATIONS_TABLE"];
export const ACCOUNTS: string | undefined = process.env["ACCOUNTS_TABLE"];
export const SHIPMENTS_QUEUE: string | undefined = process.env["SHIPMENTS_QUEUE_URL"];
export const NOTIFICATIONS_QUEUE: string | undefined = process.env["NOTIFICATIONS_QUEUE_URL"];
