#!/usr/bin/env node
// The command line: one command a file, in lib/cli.
import { runCommand } from "../lib/cli/index.ts";

process.exitCode = await runCommand(process.argv.slice(2));
