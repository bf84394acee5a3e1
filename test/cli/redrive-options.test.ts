import { expect, test } from "vitest";
import { movedUnasked, parseRedrive } from "../../lib/cli/redrive-options.ts";

test("all but what is done, mismatching or another queue's is moved unless said otherwise", () => {
  const all = parseRedrive(["dlq"]);
  expect(all.only).toBeUndefined();
  expect([...movedUnasked("commit")]).toEqual(["never-run", "rejected", "claimed", "unknown"]);
  expect([...movedUnasked(undefined)]).toEqual(["never-run", "rejected", "claimed", "unknown"]);
  expect([...movedUnasked("watermark")]).toEqual([]);
  expect(all).toMatchObject({ deadLetters: "dlq", dryRun: false, removesDone: false, perSecond: undefined });
  const { only = [] } = parseRedrive(["dlq", "--only", "rejected", "--only", "mismatch"]);
  expect([...only]).toEqual(["rejected", "mismatch"]);
});

test("rates and endpoints", () => {
  expect(parseRedrive(["dlq", "--rate", "100/s"]).perSecond).toBe(100);
  expect(parseRedrive(["dlq", "--rate", "7"]).perSecond).toBe(7);
  const [endpoint, other] = ["http://localhost:4566", "http://localhost:1"];
  expect(parseRedrive(["dlq", "--endpoint", endpoint]).endpoints).toEqual({ sqs: endpoint, dynamodb: endpoint });
  const both = parseRedrive(["dlq", "--endpoint", endpoint, "--sqs-endpoint", other]).endpoints;
  expect(both).toEqual({ sqs: other, dynamodb: endpoint });
});

test.each([
  [[], /no dead-letter queue is named/],
  [["a", "b"], /a and b are named\. .* --to/],
  [["a", "--rate", "fast"], /--rate is "fast"\. Use a whole number/],
  [["a", "--rate", "0/s"], /--rate is "0\/s"/],
  [["a", "--only", "done"], /--only is "done"\. Use never-run, rejected, claimed, unknown, mismatch/],
  [["a", "--endpoint", "localhost:4566"], /--endpoint|--sqs-endpoint is "localhost:4566"\. Use a URL/],
  [["a", "--bogus"], /--bogus/],
])("%j is refused", (args, message) => {
  expect(() => parseRedrive(args)).toThrow(message);
});
