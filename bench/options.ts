// The benchmark's command line.

import { parseArgs } from "node:util";
import { DELAY_MODELS, type DelayModel } from "./engine/delays.ts";
import { baselineOf, CONTENDERS, type Contender } from "./names.ts";

/** The embedded engine stands beside the delay models of the benchmark's own. */
export const EMBEDDED = "embedded";
export type Model = DelayModel | typeof EMBEDDED;
export const MODELS: readonly Model[] = [...(Object.keys(DELAY_MODELS) as DelayModel[]), EMBEDDED];

export interface BenchOptions {
  readonly rounds: number;
  /** Messages of a batch. */
  readonly batches: readonly number[];
  readonly models: readonly Model[];
  /** With the baseline of each. */
  readonly contenders: readonly Contender[];
  /** Fresh processes a contender, for memory and start. */
  readonly starts: number;
  /** Ordered messages whose storage is counted. */
  readonly stored: number;
  /** Batches before the first round, so that the code is warm: messages of each. */
  readonly warmUp: readonly number[];
  /** Messages of a stream's batch, and of the large batches that peak memory is measured with. */
  readonly largeBatch: number;
  readonly json: string | undefined;
  readonly markdown: string | undefined;
}

const MESSAGES_MAX = 10_000;
const STORED_MAX = 100_000_000;

export const USAGE = `npm run bench -- [options]

  --rounds N          rounds; all contenders run in each, in turn (default: 5)
  --batches N,...     messages of a batch (default: 1,10,100,1000)
  --models NAME,...   of ${MODELS.join(", ")} (default: all). U0, U5: every request takes 0 or 5 ms.
                      R5: a request 5 ms, a transaction 15.6 ms + 0.225 ms an action. embedded: dynoxide
  --contenders NAME,...
                      of ${CONTENDERS.join(", ")} (default: all); what they are compared with
                      always runs
  --starts N          fresh processes for memory and start, 0 to leave them out (default: 3)
  --stored N          ordered messages of 100 keys, to count what they leave in the tables, 0 to leave it out
                      (default: 1000000)
  --quick             a run of less than a minute: fewer rounds, smaller batches, noisier figures
  --json FILE         write all figures there
  --markdown FILE     write the table there, between <!-- bench:begin --> and <!-- bench:end -->
  --help`;

/** Undefined when help was asked for. Throws an Error with what is wrong. */
export function parseOptions(args: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      rounds: { type: "string" },
      batches: { type: "string" },
      models: { type: "string" },
      contenders: { type: "string" },
      starts: { type: "string" },
      stored: { type: "string" },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
      markdown: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const quick = values.quick;
  const contenders = names("contenders", values.contenders, CONTENDERS);
  return {
    rounds: wholeNumber("rounds", values.rounds ?? (quick ? "2" : "5"), 1, 100),
    batches: batches(values.batches ?? (quick ? "1,10,100" : "1,10,100,1000")),
    models: names("models", values.models, MODELS),
    contenders: CONTENDERS.filter((name) => contenders.some((one) => one === name || baselineOf(one) === name)),
    starts: wholeNumber("starts", values.starts ?? (quick ? "1" : "3"), 0, 100),
    stored: wholeNumber("stored", values.stored ?? (quick ? "10000" : "1000000"), 0, STORED_MAX),
    warmUp: quick ? [10, 10, 10, 100] : [...Array<number>(20).fill(10), ...Array<number>(20).fill(100)],
    largeBatch: quick ? 100 : 1_000,
    json: values.json,
    markdown: values.markdown,
  };
}

function batches(text: string): number[] {
  const sizes = text.split(",").map((one) => wholeNumber("batches", one, 1, MESSAGES_MAX));
  return [...new Set(sizes)].sort((a, b) => a - b);
}

function names<Name extends string>(option: string, text: string | undefined, known: readonly Name[]): Name[] {
  if (text === undefined) return [...known];
  const asked = text.split(",");
  const unknown = asked.find((name) => !known.some((one) => one === name));
  if (unknown !== undefined) throw new Error(`--${option} has "${unknown}". Use some of ${known.join(",")}`);
  return known.filter((name) => asked.includes(name));
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  if (/^\d+$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
  throw new Error(`--${name} has "${text}". Use whole numbers from ${min} to ${max}`);
}
