// Prints lines with the name of who wrote them.
import type { LogLine } from "./types.ts";

export function printLine({ source, text, level }: LogLine): void {
  const stream = level === "info" ? process.stdout : process.stderr;
  stream.write(`[${source}] ${text}\n`);
}
