// A copy of the repository in which mistakes are made, so that the work tree is never touched.

import { cpSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";

const COPIED = ["bin", "demo", "functions", "lib", "test"];

/** Folders and the configuration beside them; packages are links. */
export function copyRepository(root: string, target: string): void {
  mkdirSync(target, { recursive: true });
  for (const name of COPIED) cpSync(join(root, name), join(target, name), { recursive: true, filter: isSource });
  for (const entry of readdirSync(root, { withFileTypes: true })) {
    if (entry.isFile() && /\.(?:ts|json)$/.test(entry.name)) cpSync(join(root, entry.name), join(target, entry.name));
  }
  linkPackages(join(root, "node_modules"), join(target, "node_modules"));
}

function isSource(path: string): boolean {
  return !path.includes("node_modules");
}

/** One link a package, not one for all: tools write their caches into the folder. */
function linkPackages(from: string, to: string): void {
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    if (!name.startsWith(".") || name === ".bin") symlinkSync(join(from, name), join(to, name));
  }
}
