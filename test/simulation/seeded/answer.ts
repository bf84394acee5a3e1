// When and how a process hears an answer.

import { named } from "../../support/faulty-send.ts";
import type { SandboxProcess } from "./process.ts";
import type { Timeline } from "./timeline.ts";

export type Outcome = { readonly answer: unknown } | { readonly error: unknown };

export interface Hearing {
  /** Undefined: never. */
  readonly answerMs: number | undefined;
  readonly signal: AbortSignal | undefined;
  readonly timeline: Timeline;
}

/** What it is by then. A process that is frozen hears it when it thaws; one that has given up hears nothing more. */
export function heard(process: SandboxProcess, given: Hearing, outcome: () => Outcome): Promise<unknown> {
  const { answerMs, signal, timeline } = given;
  return new Promise((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(named("AbortError", "aborted")), { once: true });
    if (answerMs === undefined) return;
    timeline.after(answerMs, () =>
      process.run(() => {
        const known = outcome();
        if ("error" in known) reject(known.error);
        else resolve(known.answer);
      }),
    );
  });
}
