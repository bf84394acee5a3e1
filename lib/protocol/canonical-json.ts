// JSON with sorted keys: one text for payloads that differ in the order of fields only. Pure.
//
//   CJ1. The text never changes: fingerprints of records that are there must stay valid.

/**
 * Undefined for what has no JSON form. A bigint is written as the number that it is. Throws a TypeError for a circular
 * value rather than making a text of it that others share.
 */
export function canonicalJson(value: unknown): string | undefined {
  return text(value, "", []);
}

function text(given: unknown, name: string, around: object[]): string | undefined {
  const value = typeof given === "object" && given !== null ? withoutToJson(given, name) : given;
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return Number.isFinite(value) ? String(value) : "null";
    case "boolean":
    case "bigint":
      return String(value);
    case "object":
      return value === null ? "null" : within(value, around);
    default:
      return undefined;
  }
}

function withoutToJson(value: object, name: string): unknown {
  const { toJSON } = value as { toJSON?: unknown };
  return typeof toJSON === "function" ? toJSON.call(value, name) : value;
}

function within(value: object, around: object[]): string {
  if (around.includes(value)) throw new TypeError("Cannot convert a circular value to JSON");
  around.push(value);
  const json = Array.isArray(value) ? arrayText(value, around) : objectText(value as Record<string, unknown>, around);
  around.pop();
  return json;
}

function arrayText(values: readonly unknown[], around: object[]): string {
  let json = "";
  for (let index = 0; index < values.length; index++) {
    json += `${index === 0 ? "" : ","}${text(values[index], String(index), around) ?? "null"}`;
  }
  return `[${json}]`;
}

function objectText(object: Record<string, unknown>, around: object[]): string {
  let json = "";
  for (const name of Object.keys(object).sort()) {
    const inner = text(object[name], name, around);
    if (inner !== undefined) json += `${json === "" ? "" : ","}${JSON.stringify(name)}:${inner}`; // CJ1
  }
  return `{${json}}`;
}
