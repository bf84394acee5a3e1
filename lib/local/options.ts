// Options by their names: a slip of the pen is told, not passed over. Pure.
import { localError } from "./local-error.ts";

export function refuseUnknown(given: object, known: readonly string[], action: string): void {
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw localError(`${action}: unknown option ${unknown.join(", ")}; known: ${known.join(", ")}`);
}
