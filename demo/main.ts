// npm run demo: the same orders through semel's handler and through a plain one, with duplicates and crashes.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { LogLine } from "semel/local";
import type { OrderLine } from "../functions/orders/order-line.ts";
import { type HandlerName, synthesize } from "./app.ts";
import { generateOrderLines } from "./generate.ts";
import { readOrderLines } from "./input.ts";
import { updateMarkdown } from "./markdown.ts";
import { type DemoOptions, HANDLERS_DEFAULT, parseOptions, USAGE } from "./options.ts";
import { withDuplicates } from "./producer.ts";
import { startProgress } from "./progress.ts";
import { seededRandom } from "./random.ts";
import { complaints, table } from "./report.ts";
import { runTrial, type TrialResult } from "./trial.ts";

/** Lines of a function's log that are shown when a trial goes wrong. */
const LOG_LINES_KEPT = 20;

async function main(): Promise<number> {
  let options: DemoOptions | undefined;
  let lines: readonly OrderLine[];
  try {
    options = parseOptions(process.argv.slice(2));
    if (!options) return print(USAGE, 0);
    lines = readInput(options);
  } catch (error) {
    return print(`${(error as Error).message}\n\n${USAGE}`, 2);
  }
  const folder = mkdtempSync(join(tmpdir(), "semel-demo-"));
  try {
    console.log("Synthesizing the app ...");
    const assembly = synthesize(join(folder, "cdk.out"), options.handlers);
    const runs: TrialResult[] = [];
    for (const handler of options.handlers) runs.push(await trial(handler, assembly, lines, options));
    console.log(`\n${table(runs)}\n`);
    const input = { ...options, input: options.input ?? "generated", messages: lines.length };
    if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ input, runs }, null, 2)}\n`);
    if (options.markdown !== undefined) updateMarkdown(options.markdown, `${description(options)}\n\n${table(runs)}\n`);
    return verdict(runs);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readInput({ input, limit, seed }: DemoOptions): OrderLine[] {
  if (input === undefined) return generateOrderLines(seededRandom(seed), limit);
  return readOrderLines(input).slice(0, limit);
}

async function trial(
  handler: HandlerName,
  assembly: string,
  lines: readonly OrderLine[],
  { seed, duplicates, crashes }: DemoOptions,
): Promise<TrialResult> {
  const random = seededRandom(seed); // the same trouble for both
  const sends = withDuplicates(lines, duplicates, random);
  console.log(`${handler}: ${lines.length} messages, ${sends.length} sends, ${crashes} crashes`);
  const progress = startProgress(handler, sends.length);
  const log: LogLine[] = [];
  const logger = (line: LogLine): void => {
    if (log.push(line) > LOG_LINES_KEPT) log.shift();
  };
  try {
    return await runTrial({ handler, assembly, lines, sends, crashes, random, progress, logger });
  } catch (error) {
    for (const { source, text } of log) console.error(`${source}: ${text}`);
    throw error;
  } finally {
    progress.stop();
  }
}

/** Which command made the figures. */
function description({ input, limit, duplicates, crashes, seed, handlers }: DemoOptions): string {
  const file = input === undefined ? "" : ` --input ${basename(input)}`;
  const most = limit === undefined ? "" : ` --limit ${limit}`;
  const who = handlers.join() === HANDLERS_DEFAULT ? "" : ` --handlers ${handlers.join()}`;
  return `\`npm run demo --${file}${most} --duplicates ${duplicates} --crashes ${crashes} --seed ${seed}${who}\``;
}

function verdict(runs: readonly TrialResult[]): number {
  const wrong = runs.filter(({ handler }) => handler !== "plain").flatMap(complaints);
  if (wrong.length === 0) return print("With semel every effect is there exactly once.", 0);
  return print(`With semel ${wrong.join("; ")}.`, 1);
}

function print(text: string, exitCode: number): number {
  (exitCode === 0 ? console.log : console.error)(text);
  return exitCode;
}

process.exitCode = await main();
