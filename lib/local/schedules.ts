// EventBridge rules that run functions at a fixed rate. The first run comes when one interval has passed, as on AWS.
// Not here: cron expressions, rules on events, input transformers, the retries of a target; each is warned of.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
import { randomUUID } from "node:crypto";
import type { RunningFunction } from "./functions.ts";
import { reason } from "./local-error.ts";
import { physicalName } from "./physical-names.ts";
import type { TemplateResource } from "./resources.ts";
import { LOCAL_ACCOUNT_ID, type StackRun, type Warn } from "./stack-run.ts";
import { resolve } from "./template.ts";
import { type JsonObject, listAt, objectAt, optionalTextAt, textAt } from "./values.ts";

export interface SchedulesInput {
  readonly runs: readonly StackRun[];
  readonly functions: readonly Pick<RunningFunction, "definition" | "pool">[];
  readonly region: string;
  readonly warn: Warn;
}

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** `rate(5 minutes)`; undefined for anything else. */
export function rateMs(expression: string): number | undefined {
  const [, count = "", unit = "", plural = ""] = /^rate\(([1-9]\d*) (minute|hour|day)(s?)\)$/.exec(expression) ?? [];
  const unitMs = UNIT_MS[unit];
  if (unitMs === undefined || (count === "1") !== (plural === "")) return undefined;
  return Number(count) * unitMs;
}

/** Gives what ends them. */
export function startSchedules(input: SchedulesInput): () => void {
  const timers = input.runs.flatMap((run) =>
    run.resources("AWS::Events::Rule").flatMap((resource) => {
      try {
        return startRule(resource, run, input);
      } catch (thrown) {
        input.warn(`rule ${resource.logicalId} is left out: ${reason(thrown)}`);
        return [];
      }
    }),
  );
  return () => {
    for (const timer of timers) clearInterval(timer);
  };
}

function startRule(
  { logicalId, properties }: TemplateResource,
  run: StackRun,
  input: SchedulesInput,
): NodeJS.Timeout[] {
  const { Targets, ...own } = properties;
  const rule = objectAt(resolve(own, run.scope), logicalId);
  const given = optionalTextAt(rule["Name"], `Name of ${logicalId}`);
  const name = run.rename(given ?? physicalName(run.name, logicalId, NAME_LENGTH_MAX), NAME_LENGTH_MAX);
  const arn = `arn:aws:events:${input.region}:${LOCAL_ACCOUNT_ID}:rule/${name}`;
  run.provide(logicalId, { ref: name, attributes: { Arn: arn } });
  const everyMs = intervalOf(logicalId, rule, input.warn);
  if (everyMs === undefined) return [];
  const targets = targetsOf(logicalId, listAt(resolve(Targets, run.scope), "Targets"), input);
  return targets.map(({ fn, payload }) => setInterval(() => invoke(fn, payload ?? event(arn, input.region)), everyMs));
}

const NAME_LENGTH_MAX = 64;

/** setInterval would take a longer one for 1 ms. */
const INTERVAL_MS_MAX: number = 2 ** 31 - 1;

function intervalOf(logicalId: string, properties: JsonObject, warn: Warn): number | undefined {
  if (properties["State"] === "DISABLED") return undefined;
  const expression = optionalTextAt(properties["ScheduleExpression"], `ScheduleExpression of ${logicalId}`);
  const everyMs = expression === undefined ? undefined : rateMs(expression);
  if (everyMs === undefined) {
    const what = expression === undefined ? "it waits for events" : `its schedule is ${expression}`;
    warn(
      `rule ${logicalId} is left out: ${what}, and only rate(…) runs here; invoke its function with a recorded event`,
    );
  }
  return everyMs === undefined ? undefined : Math.min(everyMs, INTERVAL_MS_MAX);
}

interface Target {
  readonly fn: Pick<RunningFunction, "pool">;
  /** The rule's own; undefined: the event. */
  readonly payload: string | undefined;
}

function targetsOf(logicalId: string, targets: readonly unknown[], { functions, warn }: SchedulesInput): Target[] {
  return targets.flatMap((given) => {
    const target = objectAt(given, `a target of ${logicalId}`);
    const arn = textAt(target["Arn"], `Arn of a target of ${logicalId}`);
    const fn = functions.find(({ definition }) => definition.arn === arn);
    if (fn !== undefined && target["InputTransformer"] === undefined && target["InputPath"] === undefined) {
      return [{ fn, payload: optionalTextAt(target["Input"], `Input of a target of ${logicalId}`) }];
    }
    warn(
      `target ${arn} of rule ${logicalId} is left out: ${fn ? "its input cannot be made here" : "it does not run here"}`,
    );
    return [];
  });
}

/** What a function throws is in its log. */
function invoke({ pool }: Target["fn"], payload: string): void {
  void pool.run(payload, { messageIds: [] }).catch(() => {});
}

function event(ruleArn: string, region: string): string {
  return JSON.stringify({
    version: "0",
    id: randomUUID(),
    "detail-type": "Scheduled Event",
    source: "aws.events",
    account: LOCAL_ACCOUNT_ID,
    time: `${new Date().toISOString().slice(0, 19)}Z`,
    region,
    resources: [ruleArn],
    detail: {},
  });
}
