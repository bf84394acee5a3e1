// What the tests found out, on its way from their processes to the report: one JSON line each.

import { appendFileSync, readFileSync } from "node:fs";

export interface Finding {
  /** Of the list of facts, or the suite's name. */
  readonly id: string;
  readonly question: string;
  readonly kind: "found" | "skipped" | "broken";
  readonly text: string;
}

export const FINDINGS_VARIABLE = "SEMEL_TEST_AWS_FINDINGS";

export function tell(finding: Finding): void {
  const file = process.env[FINDINGS_VARIABLE];
  if (file === undefined) throw new Error("These tests are run by npm run test:aws, which removes what they create");
  appendFileSync(file, `${JSON.stringify(finding)}\n`);
}

export function readFindings(file: string): Finding[] {
  const lines = readFileSync(file, "utf8").split("\n").filter(Boolean);
  return lines.map((line) => JSON.parse(line) as Finding);
}
