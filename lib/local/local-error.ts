// Errors of the local cloud, in one shape.
import { SemelError } from "../errors.ts";

export function localError(message: string, cause?: unknown): SemelError {
  return new SemelError(message, { code: "SEMEL_LOCAL", retryable: false, cause });
}

/** The text of whatever was thrown. */
export function reason(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
