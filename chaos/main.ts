// npm run chaos: 100,000 messages, all faults at once, and every message accounted for.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { LogLine } from "semel/local";
import { runCommand } from "../demo/command.ts";
import { STAGES } from "../demo/pipeline/check.ts";
import { startProgress } from "../demo/progress.ts";
import { synthesize } from "./app.ts";
import { complaints } from "./ledger.ts";
import { type ChaosOptions, parseOptions, USAGE } from "./options.ts";
import { reportOf } from "./report/html.ts";
import { summaryOf } from "./report/summary.ts";
import type { ChaosResult } from "./result.ts";
import { runChaos } from "./run.ts";
import { versions } from "./versions.ts";

/** Lines of logs that are shown when a run breaks off. */
const LOG_LINES_KEPT = 40;

async function main(options: ChaosOptions): Promise<number> {
  const result = await run(options);
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, null, 2)}\n`);
  if (options.html !== undefined) writeFileSync(options.html, reportOf(result));
  console.log(summaryOf(result));
  return complaints(result.ledger).length === 0 ? 0 : 1;
}

async function run(options: ChaosOptions): Promise<ChaosResult> {
  const { handler: contender, messages, minutes, seed, input: files } = options;
  const folder = mkdtempSync(join(tmpdir(), "semel-chaos-"));
  const log: LogLine[] = [];
  const logger = (line: LogLine): void => {
    if (log.push(line) > LOG_LINES_KEPT) log.shift();
  };
  console.log("Synthesizing the app ...");
  const assembly = synthesize(join(folder, "cdk.out"), contender);
  const progress = startProgress(contender, contender === "pipeline" ? STAGES.length * messages : messages);
  const onProgress = (done: number): void => progress.update(done);
  try {
    const outcome = await runChaos({ contender, assembly, messages, minutes, seed, files, onProgress, logger });
    return { ...outcome, command: commandOf(options), versions: versions() };
  } catch (error) {
    for (const { source, text } of log) console.error(`${source}: ${text}`);
    throw error;
  } finally {
    progress.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function commandOf({ handler, messages, minutes, seed, input }: ChaosOptions): string {
  const files = input.map((file) => ` --input ${basename(file)}`).join("");
  return `npm run chaos -- --handler ${handler} --messages ${messages} --minutes ${minutes} --seed ${seed}${files}`;
}

process.exitCode = await runCommand(USAGE, parseOptions, main);
