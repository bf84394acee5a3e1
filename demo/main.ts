// npm run demo: the same messages through semel's handler and through a plain one, with duplicates and crashes.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { LogLine } from "semel/local";
import { synthesize } from "./app.ts";
import { updateMarkdown } from "./markdown.ts";
import { type DemoOptions, FUNCTION_DEFAULT, HANDLERS_DEFAULT, parseOptions, USAGE } from "./options.ts";
import { startProgress } from "./progress.ts";
import { seededRandom } from "./random.ts";
import { complaints, table } from "./report.ts";
import type { Work } from "./service.ts";
import { runTrial, type TrialResult } from "./trial.ts";

/** Lines of a function's log that are shown when a trial goes wrong. */
const LOG_LINES_KEPT = 20;

async function main(): Promise<number> {
  let options: DemoOptions | undefined;
  let work: Work;
  try {
    options = parseOptions(process.argv.slice(2));
    if (!options) return print(USAGE, 0);
    work = options.service.load(options);
  } catch (error) {
    return print(`${(error as Error).message}\n\n${USAGE}`, 2);
  }
  const { service, handlers, json, markdown } = options;
  const folder = mkdtempSync(join(tmpdir(), "semel-demo-"));
  try {
    console.log("Synthesizing the app ...");
    const assembly = synthesize(join(folder, "cdk.out"), service, handlers);
    const runs: TrialResult[] = [];
    for (const handler of handlers) runs.push(await trial(handler, assembly, work, options));
    const figures = table(service, runs);
    console.log(`\n${figures}\n`);
    const input = { ...options, service: service.name, input: options.input ?? "generated", messages: work.messages };
    if (json !== undefined) writeFileSync(json, `${JSON.stringify({ input, runs }, null, 2)}\n`);
    const marker = service.name === FUNCTION_DEFAULT ? "demo" : `demo-${service.name}`;
    if (markdown !== undefined) updateMarkdown(markdown, `${description(options)}\n\n${figures}\n`, marker);
    return verdict(options, runs);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function trial(
  handler: string,
  assembly: string,
  work: Work,
  { service, seed, duplicates, crashes }: DemoOptions,
): Promise<TrialResult> {
  const random = seededRandom(seed); // the same trouble for all
  const sends = work.sends(duplicates, random);
  console.log(`${handler}: ${work.messages} messages, ${sends.count} sends, ${crashes} crashes`);
  const progress = startProgress(handler, sends.deliveriesMin);
  const log: LogLine[] = [];
  const logger = (line: LogLine): void => {
    if (log.push(line) > LOG_LINES_KEPT) log.shift();
  };
  try {
    return await runTrial({ service, handler, assembly, work, sends, crashes, random, progress, logger });
  } catch (error) {
    for (const { source, text } of log) console.error(`${source}: ${text}`);
    throw error;
  } finally {
    progress.stop();
  }
}

/** Which command made the figures. */
function description({ service, input, limit, duplicates, crashes, seed, handlers }: DemoOptions): string {
  const which = service.name === FUNCTION_DEFAULT ? "" : ` --function ${service.name}`;
  const file = input === undefined ? "" : ` --input ${basename(input)}`;
  const most = limit === undefined ? "" : ` --limit ${limit}`;
  const who = handlers.join() === HANDLERS_DEFAULT ? "" : ` --handlers ${handlers.join()}`;
  return `\`npm run demo --${which}${file}${most} --duplicates ${duplicates} --crashes ${crashes} --seed ${seed}${who}\``;
}

function verdict({ service }: DemoOptions, runs: readonly TrialResult[]): number {
  const ours = runs.filter(({ handler }) => handler !== "plain");
  const wrong = ours.flatMap((run) => complaints(service, run));
  if (wrong.length > 0) return print(`With semel ${wrong.join("; ")}.`, 1);
  return print(ours.length === 0 ? "Nothing was run with semel." : `With semel ${service.praise}.`, 0);
}

function print(text: string, exitCode: number): number {
  (exitCode === 0 ? console.log : console.error)(text);
  return exitCode;
}

process.exitCode = await main();
