// Rules that run functions at a rate.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { rateMs, type SchedulesInput, startSchedules } from "../../lib/local/schedules.ts";
import type { StackRun } from "../../lib/local/stack-run.ts";
import { inlineFunction } from "./assembly-fixture.ts";
import { startFixture } from "./cloud-fixture.ts";

test.each([
  ["rate(1 minute)", 60_000],
  ["rate(5 minutes)", 300_000],
  ["rate(1 hour)", 3_600_000],
  ["rate(2 days)", 172_800_000],
  ["rate(1 minutes)", undefined],
  ["rate(5 minute)", undefined],
  ["rate(0 minutes)", undefined],
  ["rate(1 second)", undefined],
  ["cron(0 10 * * ? *)", undefined],
])("%s is every %s ms", (expression, expected) => {
  expect(rateMs(expression)).toBe(expected);
});

describe("a rule with a rate", () => {
  const ARN = "arn:aws:lambda:us-east-1:000000000000:function:Sweeper";
  const payloads: unknown[] = [];
  const warnings: string[] = [];
  beforeEach(() => {
    vi.useFakeTimers();
    payloads.length = 0;
    warnings.length = 0;
  });
  afterEach(() => vi.useRealTimers());

  function start(properties: Record<string, unknown>): () => void {
    const resource = {
      logicalId: "Rule",
      type: "AWS::Events::Rule",
      condition: undefined,
      path: undefined,
      properties,
    };
    const run = {
      name: "Stack",
      scope: { parameters: {}, mappings: {}, conditions: {}, resource: () => undefined, importValue: () => undefined },
      resources: () => [resource],
      provide: () => {},
      rename: (name: string) => name,
    } as unknown as StackRun;
    const pool = {
      run: async (payload: string) => {
        payloads.push(JSON.parse(payload));
        throw new Error("the function failed");
      },
    };
    const functions = [{ definition: { arn: ARN }, pool }] as unknown as SchedulesInput["functions"];
    return startSchedules({ runs: [run], functions, region: "us-east-1", warn: (text) => warnings.push(text) });
  }

  test("runs its function when an interval has passed, with EventBridge's event, until it is stopped", async () => {
    const stop = start({ ScheduleExpression: "rate(5 minutes)", Targets: [{ Arn: ARN, Id: "one" }] });
    await vi.advanceTimersByTimeAsync(299_000);
    expect(payloads).toEqual([]);
    await vi.advanceTimersByTimeAsync(302_000);
    expect(payloads).toHaveLength(2);
    expect(payloads[0]).toMatchObject({
      source: "aws.events",
      "detail-type": "Scheduled Event",
      resources: ["arn:aws:events:us-east-1:000000000000:rule/Stack-Rule"],
      detail: {},
    });
    stop();
    await vi.advanceTimersByTimeAsync(600_000);
    expect(payloads).toHaveLength(2);
    expect(warnings).toEqual([]);
  });

  test("gives the input of its target", async () => {
    const stop = start({ ScheduleExpression: "rate(1 minute)", Targets: [{ Arn: ARN, Id: "one", Input: '{"a":1}' }] });
    await vi.advanceTimersByTimeAsync(61_000);
    expect(payloads).toEqual([{ a: 1 }]);
    stop();
  });

  test.each([
    [{ ScheduleExpression: "cron(0 10 * * ? *)" }, /rule Rule is left out: its schedule is cron/],
    [{ ScheduleExpression: { Ref: "Rate" } }, /rule Rule is left out: .*"Rate"/],
    [
      { ScheduleExpression: "rate(1 minute)", Targets: [{ Arn: { "Fn::GetAtt": ["Other", "Arn"] }, Id: "one" }] },
      /rule Rule is left out: .*"Other"/,
    ],
    [{ EventPattern: {} }, /rule Rule is left out: it waits for events/],
    [
      { ScheduleExpression: "rate(1 minute)", Targets: [{ Arn: "arn:other", Id: "one" }] },
      /target arn:other.*does not run/,
    ],
    [
      { ScheduleExpression: "rate(1 minute)", Targets: [{ Arn: ARN, Id: "one", InputPath: "$.detail" }] },
      /its input cannot be made here/,
    ],
  ])("warns of %j", async (properties, message) => {
    const stop = start(properties);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(warnings).toEqual([expect.stringMatching(message)]);
    expect(payloads).toEqual([]);
    stop();
  });

  test("that is disabled does nothing", async () => {
    const stop = start({ State: "DISABLED", ScheduleExpression: "rate(1 minute)", Targets: [{ Arn: ARN, Id: "one" }] });
    await vi.advanceTimersByTimeAsync(600_000);
    expect([payloads, warnings]).toEqual([[], []]);
    stop();
  });
});

test("the local cloud takes a rule in its stride", async () => {
  await using fixture = await startFixture({
    name: "Rules",
    resources: {
      Function: inlineFunction("exports.handler = async () => 1;"),
      Rule: {
        Type: "AWS::Events::Rule",
        Properties: {
          ScheduleExpression: "rate(15 minutes)",
          State: "ENABLED",
          Targets: [{ Arn: { "Fn::GetAtt": ["Function", "Arn"] }, Id: "Target0" }],
        },
      },
    },
  });
  expect(fixture.lines.filter(({ level }) => level !== "info")).toEqual([]);
});
