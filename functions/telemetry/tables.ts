// Name of the table, from the variable that the stack sets, and of its key.

export const STATISTICS: string = process.env["STATISTICS_TABLE"] ?? "";

/** Its value is the ordering key: of a table's stream, the key of the item as JSON, `{"deviceId":{"S":"d-1"}}`. */
export const STATISTICS_KEY = "device";
