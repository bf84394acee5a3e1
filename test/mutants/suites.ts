// Runs test suites in a copy of the repository, in a process of its own with a time limit, and reads what failed.

import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";

export interface FailedTest {
  /** Relative to test/. */
  readonly file: string;
  readonly name: string;
}

export type SuitesResult =
  | { readonly kind: "passed"; readonly files: readonly string[] }
  | { readonly kind: "failed"; readonly files: readonly string[]; readonly failed: readonly FailedTest[] }
  /** Something hung: the process was killed. */
  | { readonly kind: "timeout" }
  /** No test was judged: a file could not be loaded, or vitest itself failed. */
  | { readonly kind: "broken"; readonly reason: string };

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/** Last characters of the output that a broken run shows. */
const OUTPUT_CHARACTERS_MAX = 2_000;

export interface RunOptions {
  readonly timeoutMs: number;
  /** Arguments of vitest. Failed is what fails twice: a busy machine neither makes the code red nor catches a mutant. */
  readonly args?: readonly string[];
}

/** `suites` are files or folders of test/. */
export async function runSuites(
  root: string,
  suites: readonly string[],
  { timeoutMs, args = ["--retry=1"] }: RunOptions,
): Promise<SuitesResult> {
  const reportFile = join(root, "mutants-report.json");
  rmSync(reportFile, { force: true });
  const paths = suites.map((suite) => `test/${suite}${suite.endsWith(".ts") ? "" : "/"}`);
  const run = await vitest(root, [...paths, ...args, "--reporter=json", `--outputFile=${reportFile}`], timeoutMs);
  if (run.timedOut) return { kind: "timeout" };
  try {
    return judge(JSON.parse(readFileSync(reportFile, "utf8")) as Report, root);
  } catch {
    return { kind: "broken", reason: run.output.slice(-OUTPUT_CHARACTERS_MAX) };
  }
}

function judge({ testResults }: Report, root: string): SuitesResult {
  const testFile = (path: string): string => relative(join(root, "test"), path);
  const files = testResults.map(({ name }) => testFile(name));
  const failed = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === "failed")
      .map(({ fullName }) => ({ file: testFile(name), name: fullName })),
  );
  const unloaded = testResults.find(({ status, assertionResults }) => status === "failed" && !assertionResults.length);
  if (unloaded) return { kind: "broken", reason: `${testFile(unloaded.name)} does not load: ${unloaded.message}` };
  return failed.length > 0 ? { kind: "failed", files, failed } : { kind: "passed", files };
}

/** Process groups at work; they end with this process. */
const groups = new Set<number>();
process.once("exit", () => {
  for (const group of groups) process.kill(-group, "SIGKILL");
});

function vitest(
  root: string,
  args: readonly string[],
  timeoutMs: number,
): Promise<{ timedOut: boolean; output: string }> {
  return new Promise((resolve, reject) => {
    const program = join(root, "node_modules/vitest/vitest.mjs");
    // No cache of transformed modules: what runs is what stands in the file now.
    const all = [program, "run", ...args, "--maxWorkers=1", "--no-cache", "--no-fsModuleCache"];
    // A group of its own, so that nothing it started outlives the time limit.
    const child = spawn(process.execPath, all, { cwd: root, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const { pid } = child;
    if (pid !== undefined) groups.add(pid);
    let [output, timedOut] = ["", false];
    const timer = setTimeout(() => {
      timedOut = true;
      if (pid !== undefined) process.kill(-pid, "SIGKILL");
    }, timeoutMs);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    child.on("error", reject);
    child.on("close", () => {
      clearTimeout(timer);
      if (pid !== undefined) groups.delete(pid);
      resolve({ timedOut, output });
    });
  });
}
