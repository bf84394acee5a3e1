// npm run test:package: what a stranger gets from the tarball. Packs it, looks at it, installs it into an empty folder and
// into a default CDK app, and uses it there.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { checkCdkApp } from "./cdk-app.ts";
import { createRun } from "./command.ts";
import { checkEmptyFolder } from "./empty-folder.ts";
import { createReport } from "./report.ts";
import { checkTarball } from "./tarball.ts";

const ROOT = resolve(import.meta.dirname, "../..");

const directory = mkdtempSync(join(tmpdir(), "semel-package-"));
const clean = () => rmSync(directory, { recursive: true, force: true });
process.once("exit", clean);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const report = createReport();
const run = createRun(directory);
const tarball = await checkTarball(ROOT, directory, run, report);
if (tarball !== undefined) {
  await checkEmptyFolder(ROOT, directory, tarball, run, report);
  await checkCdkApp(ROOT, directory, tarball, run, report);
}
process.exitCode = report.finish() ? 0 : 1;
