// Counts dead letters by class and reason. Pure.

import { LETTER_CLASSES, type LetterClass, type Verdict } from "./judge.ts";

export interface ReasonCount {
  readonly code: string;
  readonly messages: number;
  readonly exampleMessageId: string;
  readonly exampleReason: string;
}

export interface ClassCount {
  readonly letterClass: LetterClass;
  readonly messages: number;
  /** Most frequent first. */
  readonly reasons: readonly ReasonCount[];
}

export interface Tally {
  add(messageId: string, verdict: Verdict): void;
  /** Classes that have letters. */
  counts(): readonly ClassCount[];
}

export function createTally(): Tally {
  const classes = new Map<LetterClass, Map<string, ReasonCount>>();
  return {
    add(messageId, { letterClass, code, reason }) {
      const reasons = classes.get(letterClass) ?? new Map<string, ReasonCount>();
      classes.set(letterClass, reasons);
      const before = reasons.get(code) ?? { code, messages: 0, exampleMessageId: messageId, exampleReason: reason };
      reasons.set(code, { ...before, messages: before.messages + 1 });
    },
    counts: () =>
      LETTER_CLASSES.flatMap((letterClass) => {
        const reasons = [...(classes.get(letterClass)?.values() ?? [])].sort((a, b) => b.messages - a.messages);
        const messages = reasons.reduce((sum, reason) => sum + reason.messages, 0);
        return messages === 0 ? [] : [{ letterClass, messages, reasons }];
      }),
  };
}
