// npm run test:package: what a stranger gets from the tarball. Packs it, looks at it, installs it into an empty folder and
// into a default CDK app, and uses it there.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { checkCdkApp } from "./cdk-app.ts";
import { createRun } from "./command.ts";
import { checkEmptyFolder } from "./empty-folder.ts";
import { createInstaller } from "./install.ts";
import { createReport } from "./report.ts";
import { checkTarball } from "./tarball.ts";
import type { Tools } from "./tools.ts";

const ROOT = resolve(import.meta.dirname, "../..");

const directory = mkdtempSync(join(tmpdir(), "semel-package-"));
const clean = () => rmSync(directory, { recursive: true, force: true });
process.once("exit", clean);
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

const report = createReport();
const run = createRun(directory);
const tools: Tools = { root: ROOT, run, report, installer: createInstaller(ROOT, run) };
const tarball = await checkTarball(ROOT, directory, run, report);
if (tarball !== undefined) {
  await checkEmptyFolder(join(directory, "stranger"), tarball, tools);
  await checkCdkApp(join(directory, "shop"), tarball, tools); // `cdk init` names its files after the folder
}
process.exitCode = report.finish() ? 0 : 1;
