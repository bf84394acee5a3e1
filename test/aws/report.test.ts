import { expect, it } from "vitest";
import { reportOf, type VitestResult } from "./report.ts";

type Assertion = VitestResult["testResults"][number]["assertionResults"][number];
const test = (ancestorTitles: readonly string[], status: string, failure?: string): Assertion => ({
  ancestorTitles,
  fullName: [...ancestorTitles, status].join(" "),
  status,
  failureMessages: failure === undefined ? [] : [failure],
});

it("counts suites, tells what was found, skipped and broken, and names every failure", () => {
  const assertionResults = [
    test(["SQS"], "passed"),
    test(["queues", "SQS", "FIFO"], "failed", "Error: too few\n    at line 3"),
    test(["SQS"], "skipped"),
    test([], "passed"),
  ];
  const result: VitestResult = {
    testResults: [
      { name: "a.aws.ts", message: "", assertionResults },
      { name: "b.aws.ts", message: "no table", assertionResults: [] },
    ],
  };
  const report = reportOf(
    "AWS in eu-west-1",
    [
      { id: "D5", question: "a token", kind: "found", text: "applied" },
      { id: "D11", question: "checks", kind: "broken", text: "Error: 2 is not 1" },
      { id: "IAM", question: "grants", kind: "skipped", text: "no role" },
    ],
    result,
  );
  expect(report).toBe(`AWS in eu-west-1

Suites:
  SQS: 1 passed, 1 failed, 1 skipped

Found:
  D11 · checks
      BROKEN: Error: 2 is not 1
  D5 · a token
      applied
  IAM · grants
      skipped: no role

Failed:
  queues SQS FIFO failed
      Error: too few
  b.aws.ts: no table
`);
});
