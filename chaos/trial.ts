// npm run trial: the same trial for every handler: every schedule within bounds, and then chaos. One table.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runCommand } from "../demo/command.ts";
import { updateMarkdown } from "../demo/markdown.ts";
import { startProgress } from "../demo/progress.ts";
import { exploreContender, roundText } from "../test/simulation/contenders/explore-contender.ts";
import { CONTENDERS, type Contender, synthesize } from "./app.ts";
import { complaints } from "./ledger.ts";
import { number } from "./options.ts";
import { summaryOf } from "./report/summary.ts";
import { runChaos } from "./run.ts";
import { type Trial, table } from "./trial-table.ts";
import { versions } from "./versions.ts";

const USAGE = `npm run trial -- [options]

  --handlers A,B     of ${CONTENDERS.join(", ")} (default: all)
  --faults N         most faults of an explored schedule (default: 2)
  --deliveries N     deliveries of an explored schedule (default: 2)
  --messages N       messages of each chaos run (default: 5000)
  --minutes M        of faults in each chaos run (default: 1)
  --seed N           of all randomness (default: 7)
  --json FILE        write the figures there
  --markdown FILE    write the table there, between <!-- trial:begin --> and <!-- trial:end -->
  --help`;

interface TrialOptions {
  readonly handlers: readonly Contender[];
  readonly faults: number;
  readonly deliveries: number;
  readonly messages: number;
  readonly minutes: number;
  readonly seed: number;
  readonly json: string | undefined;
  readonly markdown: string | undefined;
}

function parse(args: readonly string[]): TrialOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    strict: true,
    options: {
      handlers: { type: "string", default: CONTENDERS.join(",") },
      faults: { type: "string", default: "2" },
      deliveries: { type: "string", default: "2" },
      messages: { type: "string", default: "5000" },
      minutes: { type: "string", default: "1" },
      seed: { type: "string", default: "7" },
      json: { type: "string" },
      markdown: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  return {
    handlers: values.handlers.split(",").map(contender),
    faults: number("faults", values.faults, { min: 0, max: 4, whole: true }),
    deliveries: number("deliveries", values.deliveries, { min: 1, max: 5, whole: true }),
    messages: number("messages", values.messages, { min: 1, max: 10_000_000, whole: true }),
    minutes: number("minutes", values.minutes, { min: 0, max: 1_440, whole: false }),
    seed: number("seed", values.seed, { min: -(2 ** 31), max: 2 ** 31 - 1, whole: true }),
    json: values.json,
    markdown: values.markdown,
  };
}

function contender(text: string): Contender {
  const known = CONTENDERS.find((name) => name === text.trim());
  if (known !== undefined) return known;
  throw new Error(`--handlers names "${text}". Use ${CONTENDERS.join(", ")}`);
}

async function main(options: TrialOptions): Promise<number> {
  const trials: Trial[] = [];
  for (const handler of options.handlers) trials.push(await tryOne(handler, options));
  const text = `${commandOf(options)}\n\n${table(trials)}\n`;
  console.log(`\n${text}`);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ ...options, trials }, null, 2)}\n`);
  if (options.markdown !== undefined) updateMarkdown(options.markdown, text, "trial");
  const ours = trials.filter(({ handler }) => handler !== "plain" && handler !== "powertools");
  const sound = ours.every(({ explored, chaos }) => {
    return !explored.doubled && !explored.lost && complaints(chaos.ledger).length === 0;
  });
  return sound ? 0 : 1;
}

/** As `npm run explore -- --handler` calls them. */
const EXPLORED: Readonly<Record<Contender, string>> = {
  commit: "semel-commit",
  claim: "semel-claim",
  insert: "semel-insert",
  plain: "plain",
  powertools: "powertools",
};

async function tryOne(handler: Contender, options: TrialOptions): Promise<Trial> {
  const { faults, deliveries, messages, minutes, seed } = options;
  const name = EXPLORED[handler];
  const explored = await exploreContender(name, { faults, deliveries }, (round) => console.log(roundText(name, round)));
  const folder = mkdtempSync(join(tmpdir(), "semel-trial-"));
  const progress = startProgress(handler, messages);
  try {
    const assembly = synthesize(join(folder, "cdk.out"), handler);
    const onProgress = (done: number): void => progress.update(done);
    const chaos = await runChaos({ contender: handler, assembly, messages, minutes, seed, onProgress, logger() {} });
    console.log(summaryOf({ ...chaos, command: "", versions: {} }));
    return { handler, explored, chaos };
  } finally {
    progress.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function commandOf({ handlers, faults, deliveries, messages, minutes, seed }: TrialOptions): string {
  const who = handlers.length === CONTENDERS.length ? "" : ` --handlers ${handlers.join()}`;
  const bounds = ` --faults ${faults} --deliveries ${deliveries} --messages ${messages} --minutes ${minutes} --seed ${seed}`;
  const named = Object.entries(versions()).map(([name, version]) => `${name} ${version}`);
  return `\`npm run trial --${who}${bounds}\`, with ${named.join(", ")}:`;
}

process.exitCode = await runCommand(USAGE, parse, main);
