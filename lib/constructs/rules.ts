// Rules that props must keep, collected and reported together, as one error at synth.

import { SemelError } from "../errors.ts";

/** One requirement; its message tells the value seen and the value to set. */
export interface Rule {
  /** What must hold. */
  readonly condition: boolean;
  readonly message: string;
}

/** A number that is unknown at synth (a CloudFormation token) is undefined; rules on it are skipped. */
export type Known = number | undefined;

/** Does a <= b hold, as far as both are known? */
export function atMost(a: Known, b: Known): boolean {
  return a === undefined || b === undefined || a <= b;
}

/** Throws one error that names every broken rule. */
export function enforce(subject: string, rules: readonly Rule[]): void {
  const broken = rules.filter((rule) => !rule.condition).map((rule) => rule.message);
  if (broken.length === 0) return;
  const list = broken.map((message) => `\n  - ${message}`).join("");
  throw new SemelError(`Cannot create ${subject}:${list}\n`, { code: "SEMEL_CONSTRUCT", retryable: false });
}

/** TypeScript catches a mistyped prop in a literal; this catches it in JavaScript and in a spread. */
export function knownPropsRule(props: object, known: Readonly<Record<string, true>>): Rule {
  const unknown = Object.keys(props).filter((name) => !Object.hasOwn(known, name));
  return {
    condition: unknown.length === 0,
    message: `unknown props ${unknown.join(", ")}; known are ${Object.keys(known).join(", ")}`,
  };
}
