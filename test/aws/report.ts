// What a run found, for people: suites with their counts, then each fact.

import type { Finding } from "./finding.ts";

/** Of vitest's JSON report, what is read here. */
export interface VitestResult {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

export function reportOf(given: string, findings: readonly Finding[], result: VitestResult): string {
  const tests = result.testResults.flatMap(({ assertionResults }) => assertionResults);
  const inSuites = tests.filter(({ ancestorTitles }) => ancestorTitles.length > 0);
  const suites = [...Map.groupBy(inSuites, ({ ancestorTitles }) => nameOf(ancestorTitles))].map(([name, own]) => {
    const of = (status: string): number => own.filter((test) => test.status === status).length;
    return `${name}: ${of("passed")} passed, ${of("failed")} failed, ${own.length - of("passed") - of("failed")} skipped`;
  });
  const failures = tests.filter(({ status }) => status === "failed").map(failureOf);
  const broken = result.testResults
    .filter((file) => file.message !== "")
    .map(({ name, message }) => `${name}: ${message}`);
  const lines = [
    given,
    ...section("Suites", suites),
    ...section("Found", findings.map(lineOf).sort()),
    ...section("Failed", [...failures, ...broken]),
  ];
  return `${lines.join("\n")}\n`;
}

/** "queues" is only there to make checks again on AWS. */
function nameOf(titles: readonly string[]): string {
  return titles.find((title) => title !== "queues") ?? "";
}

function lineOf({ id, question, kind, text }: Finding): string {
  const word = { found: "", skipped: "skipped: ", broken: "BROKEN: " }[kind];
  return `${id} · ${question}\n    ${word}${text}`;
}

function failureOf({ fullName, failureMessages }: VitestResult["testResults"][number]["assertionResults"][number]) {
  return `${fullName}\n    ${failureMessages?.[0]?.split("\n")[0] ?? "?"}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", `${title}:`, ...lines.map((line) => `  ${line.replaceAll("\n", "\n  ")}`)];
}
