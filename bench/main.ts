// npm run bench: semel, Powertools, a hand-written guard and plain writes on the same batches, side by side.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "../demo/command.ts";
import { updateMarkdown } from "../demo/markdown.ts";
import { bundleAll } from "./bundles.ts";
import { scenarioFigures, startFigures } from "./figures.ts";
import { measure, type Sample } from "./measure.ts";
import { type BenchOptions, parseOptions, USAGE } from "./options.ts";
import { progress } from "./progress.ts";
import { type Results, readmeTables, terminalTables } from "./report.ts";
import { measureStarts } from "./starts.ts";
import { median } from "./statistics.ts";
import { measureStorage } from "./storage.ts";

async function main(options: BenchOptions): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "semel-bench-"));
  try {
    const results = await run(options, folder);
    console.log(
      `\n${terminalTables(results)}\n\n${machine(results)} x: to Powertools = 1, median of the rounds' ratios.`,
    );
    if (options.json !== undefined) {
      writeFileSync(options.json, `${JSON.stringify({ machine: machine(results), options, ...results }, null, 2)}\n`);
    }
    if (options.markdown !== undefined) {
      updateMarkdown(options.markdown, `${description(options, results)}\n\n${readmeTables(results)}\n`, "bench");
    }
    return 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(options: BenchOptions, folder: string): Promise<Results> {
  const bundles = await bundleAll(folder, options.contenders);
  const shown = progress();
  try {
    const samples = await measure(options, bundles, shown.report);
    const starts = await measureStarts(options, bundles, shown.report);
    const storage = await measureStorage(options, bundles, shown.report);
    return {
      contenders: options.contenders,
      scenarios: scenarioFigures(samples),
      starts: startFigures(starts),
      storage,
      sizes: bundles.sizes,
      foreignLoad: foreignLoadOf(samples),
    };
  } finally {
    shown.end();
  }
}

function foreignLoadOf(samples: readonly Sample[]): number | undefined {
  const loads = samples.flatMap(({ foreignLoad }) => foreignLoad ?? []);
  return loads.length === 0 ? undefined : median(loads);
}

/** Which command made the figures, and where. */
function description({ rounds, batches }: BenchOptions, results: Results): string {
  return `\`npm run bench -- --rounds ${rounds} --batches ${batches.join(",")}\`; ${machine(results)}`;
}

function machine({ foreignLoad }: Results): string {
  const model = cpus()[0]?.model.trim() ?? "unknown processor";
  const others = foreignLoad === undefined ? "" : `, ${foreignLoad.toFixed(1)} of them busy with other work`;
  return `Node.js ${process.versions.node}, ${availableParallelism()} x ${model}${others}.`;
}

process.exitCode = await runCommand(USAGE, parseOptions, main);
