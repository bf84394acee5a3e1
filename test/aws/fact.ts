// Tests that say what they found.

import { it } from "vitest";
import { tell } from "./finding.ts";

export interface Fact {
  readonly id: string;
  readonly question: string;
  /** Why it can't be looked into here. */
  readonly missing: string | undefined;
  /** @default that of the configuration */
  readonly timeoutMs?: number;
}

/** A test that says what it found; it throws only for an answer that was held impossible, or that semel cannot live with. */
export function fact({ id, question, missing, timeoutMs }: Fact, find: () => Promise<string>): void {
  it(`${id}: ${question}`, timeoutMs === undefined ? {} : { timeout: timeoutMs }, async (context) => {
    if (missing !== undefined) {
      tell({ id, question, kind: "skipped", text: missing });
      context.skip(missing);
    }
    try {
      tell({ id, question, kind: "found", text: await find() });
    } catch (error) {
      tell({ id, question, kind: "broken", text: String(error) });
      throw error;
    }
  });
}

/** A conformance suite, or one skipped test that says why it does not run. */
export function suite(name: string, missing: string | undefined, define: () => void): void {
  if (missing === undefined) {
    define();
    return;
  }
  it(name, (context) => {
    tell({ id: "suite", question: name, kind: "skipped", text: missing });
    context.skip(missing);
  });
}

/** "3 × a, 1 × b": how often each came. */
export function tally(answers: readonly string[]): string {
  const groups = [...Map.groupBy(answers, (answer) => answer)].sort(([, a], [, b]) => b.length - a.length);
  return groups.map(([answer, same]) => `${same.length} × ${answer}`).join(", ");
}
