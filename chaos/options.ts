// The command line of a chaos run.

import { parseArgs } from "node:util";
import { SCENARIOS, type ScenarioName } from "./app.ts";

export interface ChaosOptions {
  readonly handler: ScenarioName;
  readonly messages: number;
  /** For how long faults are injected; then the queue drains, however long that takes. */
  readonly minutes: number;
  readonly seed: number;
  /** Files of order lines, of the pipeline; none: made from the seed. */
  readonly input: readonly string[];
  readonly json: string | undefined;
  readonly html: string | undefined;
}

export const USAGE = `npm run chaos -- [options]

  --handler NAME     ${SCENARIOS.join(", ")} (default: commit)
                     pipeline: three functions and the relay, a message is an order; a kill every 2 s, 1 order in 10 is sent twice
  --messages N       messages to send (default: 10000)
  --minutes M        for how long faults are injected; then it drains (default: 1)
  --seed N           of all randomness (default: 7)
  --input FILE.csv   pipeline: order lines, as npm run demo takes them; may be given several times (default: generated orders)
  --json FILE        write figures and histories there
  --html FILE        write the report there: one page that needs nothing else
  --help`;

/** Undefined when help was asked for. Throws an Error with what is wrong. */
export function parseOptions(args: readonly string[]): ChaosOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      handler: { type: "string", default: "commit" },
      messages: { type: "string", default: "10000" },
      minutes: { type: "string", default: "1" },
      seed: { type: "string", default: "7" },
      input: { type: "string", multiple: true, default: [] },
      json: { type: "string" },
      html: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const handler = scenario(values.handler);
  if (handler !== "pipeline" && values.input.length > 0) {
    throw new Error(`--input is for pipeline: the messages of ${handler} are made from the seed. Leave it out`);
  }
  return {
    handler,
    messages: number("messages", values.messages, { min: 1, max: 10_000_000, whole: true }),
    minutes: number("minutes", values.minutes, { min: 0, max: 1_440, whole: false }),
    seed: number("seed", values.seed, { min: -(2 ** 31), max: 2 ** 31 - 1, whole: true }),
    input: values.input,
    json: values.json,
    html: values.html,
  };
}

function scenario(text: string): ScenarioName {
  const known = SCENARIOS.find((name) => name === text);
  if (known !== undefined) return known;
  throw new Error(`--handler is "${text}". Use one of ${SCENARIOS.join(", ")}`);
}

export interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly whole: boolean;
}

export function number(name: string, text: string, { min, max, whole }: NumberRange): number {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
  throw new Error(`--${name} is "${text}". Use a ${whole ? "whole " : ""}number from ${min} to ${max}`);
}
