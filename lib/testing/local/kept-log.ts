// Lines that functions wrote: kept, so that a test which passes is quiet, and shown in the error of one that fails.

import { SemelError } from "../../errors.ts";
import type { Logger, LogLine } from "../../local/index.ts";

export interface KeptLog {
  readonly logger: Logger;
  lines(): readonly LogLine[];
  /** Runs `act`; its error tells the last lines. */
  telling<T>(act: () => Promise<T>): Promise<T>;
}

const LINES_MAX = 10_000;
const LINES_SHOWN = 20;
const LINE_CHARS_SHOWN = 500;

export function createKeptLog(also: Logger | undefined): KeptLog {
  let kept: LogLine[] = [];
  return {
    logger(line) {
      kept.push(line);
      if (kept.length > 2 * LINES_MAX) kept = kept.slice(-LINES_MAX);
      also?.(line);
    },
    lines: () => kept.slice(-LINES_MAX),
    async telling(act) {
      try {
        return await act();
      } catch (thrown) {
        // Who has given a logger has seen them.
        throw also === undefined ? withLines(thrown, kept.slice(-LINES_SHOWN)) : thrown;
      }
    },
  };
}

function withLines(thrown: unknown, lines: readonly LogLine[]): unknown {
  if (!(thrown instanceof SemelError) || lines.length === 0) return thrown;
  const shown = lines.map(({ source, text }) => `  [${source}] ${text.slice(0, LINE_CHARS_SHOWN)}`);
  const { code, retryable, cause } = thrown;
  const ending = ` (${code})`;
  const message = thrown.message.endsWith(ending) ? thrown.message.slice(0, -ending.length) : thrown.message;
  return new SemelError(`${message}\nLogged last:\n${shown.join("\n")}\n`, { code, retryable, cause: cause ?? thrown });
}
