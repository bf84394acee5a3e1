// Installs into a stranger's folder. What is in the repository's own lock comes in that version, so that what the registry
// offers today decides little; and from npm's cache alone where it holds everything, so that no slow registry is waited for.

import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Run } from "./command.ts";

export interface Installer {
  /** Installs these, and what package.json names; `flags` as of `npm install`. */
  install(folder: string, specs: readonly string[], ...flags: readonly string[]): Promise<void>;
  /** "esbuild" -> "esbuild@0.28.2", as the repository has it. */
  pinned(name: string): string;
}

interface LockEntry {
  readonly version?: string;
  readonly link?: boolean;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}
type Lock = Readonly<Record<string, LockEntry>>;

/** One after the other, until one succeeds: metadata in the cache may be missing, or older than what it speaks of. */
const ATTEMPTS = [
  { source: "--offline", timeoutMs: 90_000 },
  { source: "--prefer-offline", timeoutMs: 180_000 },
  { source: "--prefer-online", timeoutMs: 240_000 },
] as const;
/** A request that hangs is given up, and made again. */
const NETWORK = ["--fetch-timeout=30000", "--fetch-retries=3", "--fetch-retry-mintimeout=1000"];
const QUIET = ["--no-audit", "--no-fund", "--loglevel=error"];

export function createInstaller(root: string, run: Run): Installer {
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as { packages: Lock };
  const own = Object.keys(packages[""]?.dependencies ?? {});
  return {
    pinned(name) {
      const version = packages[`node_modules/${name}`]?.version;
      if (version === undefined) throw new Error(`package-lock.json has no ${name}: run npm install`);
      return `${name}@${version}`;
    },
    async install(folder, specs, ...flags) {
      const file = join(folder, "package.json");
      const before = readFileSync(file, "utf8");
      const lockFile = join(folder, "package-lock.json");
      const fresh = !existsSync(lockFile);
      const errors: string[] = [];
      for (const { source, timeoutMs } of ATTEMPTS) {
        if (fresh) writeLock(lockFile, JSON.parse(before) as LockEntry, packages, own);
        try {
          const args = ["install", source, ...NETWORK, ...QUIET, ...flags, ...specs];
          return void (await run("npm", args, { cwd: folder, timeoutMs }));
        } catch (error) {
          errors.push(error instanceof Error ? error.message : String(error));
          writeFileSync(file, before);
          if (fresh) rmSync(join(folder, "node_modules"), { recursive: true, force: true });
        }
      }
      throw new Error(`npm could not install ${specs.join(" ")} in ${ATTEMPTS.length} ways:\n${errors.join("\n")}`);
    },
  };
}

/** The part of the repository's lock that the folder needs; npm adds what is missing. */
function writeLock(file: string, wanted: LockEntry, packages: Lock, own: readonly string[]): void {
  const needed: Record<string, LockEntry> = {};
  const add = (from: string, name: string): void => {
    const path = installedAt(packages, from, name);
    const entry = packages[path];
    if (entry === undefined || entry.link || needed[path]) return;
    const {
      dev: _dev,
      devOptional: _devOptional,
      optional: _optional,
      peer: _peer,
      ...rest
    } = entry as LockEntry & Record<"dev" | "devOptional" | "optional" | "peer", boolean | undefined>;
    needed[path] = rest;
    for (const part of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) add(path, part);
  };
  for (const name of [...own, ...Object.keys({ ...wanted.dependencies, ...wanted.devDependencies })]) add("", name);
  const lock = { lockfileVersion: 3, requires: true, packages: { "": wanted, ...needed } };
  writeFileSync(file, JSON.stringify(lock));
}

/** Where Node finds `name` from the package at `from`; the outermost place if nowhere. */
function installedAt(packages: Lock, from: string, name: string): string {
  for (let base = from; base !== ""; base = base.slice(0, Math.max(0, base.lastIndexOf("/node_modules/")))) {
    const path = `${base}/node_modules/${name}`;
    if (packages[path]) return path;
  }
  return `node_modules/${name}`;
}
