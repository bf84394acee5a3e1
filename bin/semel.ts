#!/usr/bin/env node
// The command line: one command a file, in lib/cli.
import { runCommand } from "../lib/cli/index.ts";

const status = await runCommand(process.argv.slice(2));
// What an imported module of the user's has opened must not keep the process, once all is written.
process.stdout.write("", () => process.stderr.write("", () => process.exit(status)));
