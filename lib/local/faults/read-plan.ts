// Reads fault plans and rules, which may be anybody's JSON. What is unknown is refused, with what is known.
import { localError } from "../local-error.ts";
import { isObject, type JsonObject } from "../values.ts";
import { CANCELLATION_THROTTLE, FAULT_NAMES, faultsOf, type Group, operationsFor, SPECS, THROTTLES } from "./specs.ts";
import type { CallFault, FaultName, FaultPlan, FaultRule } from "./types.ts";

const LISTS = ["calls", "workers", "deliveries", "engines"] as const satisfies readonly Group[];
const PLAN_NAMES = ["seed", ...LISTS, "clock"];

/** A rule, and its place in the plan. */
export interface PlacedRule {
  readonly place: string;
  readonly rule: FaultRule;
}

export interface ReadPlan {
  readonly seed: number;
  readonly rules: readonly PlacedRule[];
}

const SEED_DEFAULT = 1;

export function readPlan(plan: FaultPlan | unknown): ReadPlan {
  const given = objectOf(plan, "the fault plan");
  refuseUnknown(given, PLAN_NAMES, "the fault plan");
  const { seed = SEED_DEFAULT, clock } = given;
  if (!Number.isSafeInteger(seed)) throw wrong("seed", seed, "a whole number");
  const rules: PlacedRule[] = LISTS.flatMap((group) => {
    const list = given[group] ?? [];
    if (!Array.isArray(list)) throw wrong(group, list, "a list of rules");
    return list.map((rule, index) => {
      const place = `${group}[${index}]`;
      return { place, rule: readRule(rule, place, faultsOf(group)) };
    });
  });
  if (clock !== undefined) {
    const rule = readRule({ ...objectOf(clock, "clock"), fault: "skew" }, "clock", ["skew"]);
    rules.push({ place: "clock", rule });
  }
  return { seed: seed as number, rules };
}

export function readRule(given: unknown, place = "the rule", allowed: readonly FaultName[] = FAULT_NAMES): FaultRule {
  const rule = objectOf(given, place);
  const fault = allowed.find((name) => name === rule["fault"]);
  if (fault === undefined) throw wrong(`${place}.fault`, rule["fault"], oneOf(allowed));
  const { required = [], optional = [], oneOf: choices = [] } = SPECS[fault];
  refuseUnknown(rule, ["fault", ...required, ...optional, ...choices], place);
  for (const name of required) {
    if (rule[name] === undefined) throw refuse(`${place} (${fault}) has no ${name}; it needs ${required.join(", ")}`);
  }
  const chosen = choices.filter((name) => rule[name] !== undefined);
  if (choices.length > 0 && chosen.length !== 1) {
    const seen = chosen.length === 0 ? "none" : chosen.join(" and ");
    throw refuse(`${place} (${fault}) has ${seen} of ${choices.join(", ")}; it needs exactly one of them`);
  }
  for (const [name, value] of Object.entries(rule)) {
    if (value !== undefined) CHECKS[name]?.(value, `${place}.${name}`);
  }
  checkTogether(rule, fault, place);
  return rule as unknown as FaultRule; // as checked
}

type Check = (value: unknown, where: string) => void;

const check =
  (holds: (value: unknown) => boolean, wanted: string): Check =>
  (value, where) => {
    if (!holds(value)) throw wrong(where, value, wanted);
  };
const isWhole = (value: unknown, least: number): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= least;
const isRange = (value: unknown, least: number): boolean => {
  if (!Array.isArray(value)) return isWhole(value, least);
  const [from, to] = value as unknown[];
  return value.length === 2 && isWhole(from, least) && isWhole(to, from);
};
const isText = (value: unknown): boolean => typeof value === "string" && value !== "";
const isListOf = (value: unknown, holds: (one: unknown) => boolean): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(holds);
const text = check(isText, "a name");
const among = (...names: readonly unknown[]): Check => check((value) => names.includes(value), oneOf(names));
const range = (least: number): Check => {
  const whole = least === Number.NEGATIVE_INFINITY ? "a whole number" : `a whole number from ${least} on`;
  return check((value) => isRange(value, least), `${whole}, or [least, most]`);
};

const CHECKS: Readonly<Record<string, Check>> = {
  service: among("dynamodb", "sqs"),
  engine: among("dynamodb", "sqs"),
  operation: text,
  function: text,
  queue: text,
  probability: check((value) => typeof value === "number" && value >= 0 && value <= 1, "a number from 0 to 1"),
  nth: check((value) => isListOf(value, (one) => isWhole(one, 1)), "a list of whole numbers from 1 on"),
  limit: check((value) => isWhole(value, 1), "a whole number from 1 on"),
  delayMs: range(0),
  forMs: range(0),
  downMs: range(0),
  skewMs: range(Number.NEGATIVE_INFINITY),
  atCall: range(1),
  holdMs: check((value) => isWhole(value, 0), "a whole number from 0 on"),
  everyMs: check((value) => isWhole(value, 1), "a whole number from 1 on"),
  atMs: check(
    (value) => isWhole(value, 0) || isListOf(value, (one) => isWhole(one, 0)),
    "a whole number from 0 on, or a list of such",
  ),
  status: among(500, 503),
  answer: among("reset", "none"),
  when: among("before", "after"),
  position: check((value) => isWhole(value, 0), "a whole number from 0 on"),
};

/** What one field allows of another. */
function checkTogether(rule: JsonObject, fault: FaultName, place: string): void {
  if (rule["probability"] !== undefined && rule["nth"] !== undefined) {
    throw refuse(`${place} (${fault}) has probability and nth; it takes one of them`);
  }
  if (rule["when"] !== undefined && rule["atCall"] === undefined) {
    throw refuse(`${place} (${fault}) has "when" without atCall; it says whether that call is applied`);
  }
  if (SPECS[fault].group !== "calls") return;
  const service = rule["service"] as "dynamodb" | "sqs";
  const operations = operationsFor(fault as CallFault, service);
  if (operations?.length === 0) throw wrong(`${place}.service`, service, `dynamodb: ${fault} is unknown to SQS`);
  const { operation, error } = rule;
  if (operation !== undefined && operations?.includes(operation as string) === false) {
    throw wrong(`${place}.operation`, operation, oneOf(operations));
  }
  if (rule["queue"] !== undefined && service !== "sqs")
    throw wrong(`${place}.queue`, rule["queue"], "absent for DynamoDB");
  if (error === undefined) return;
  const isTransaction = operation === "TransactWriteItems";
  const errors = isTransaction ? [...THROTTLES[service], CANCELLATION_THROTTLE] : THROTTLES[service];
  if (!errors.some((name) => name === error)) throw wrong(`${place}.error`, error, oneOf(errors));
}

function objectOf(value: unknown, where: string): JsonObject {
  if (isObject(value)) return value;
  throw wrong(where, value, "an object");
}

function refuseUnknown(given: JsonObject, known: readonly string[], where: string): void {
  const unknown = Object.keys(given).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw refuse(`${where} has unknown ${unknown.join(", ")}; allowed: ${known.join(", ")}`);
}

function oneOf(values: readonly unknown[]): string {
  return `one of ${values.join(", ")}`;
}

function wrong(where: string, value: unknown, wanted: string): Error {
  return refuse(`${where} is ${JSON.stringify(value) ?? "absent"}; it must be ${wanted}`);
}

function refuse(text: string): Error {
  return localError(`Cannot read the faults: ${text}`);
}
