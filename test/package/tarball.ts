// Builds and packs the package, and looks at the tarball.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Run } from "./command.ts";
import type { Report } from "./report.ts";

interface PackedFile {
  readonly path: string;
  readonly mode: number;
}

/** Largest tarball that is still no accident, bytes. */
const TARBALL_BYTES_MAX = 1024 * 1024;

/** Returns the tarball's path, or undefined where it could not be made. */
export async function checkTarball(
  root: string,
  directory: string,
  run: Run,
  report: Report,
): Promise<string | undefined> {
  const tool = (name: string) => join(root, "node_modules", ...name.split("/"));
  const built = await report.check("npm run build", async () => {
    await run("npm", ["run", "build"], { cwd: root });
    return true;
  });
  if (built === undefined) return undefined;

  const packed = await report.check("npm pack", async () => {
    const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", directory];
    const [pack] = JSON.parse(await run("npm", args, { cwd: root })) as [
      { filename: string; size: number; files: PackedFile[] },
    ];
    return pack;
  });
  if (packed === undefined) return undefined;
  const tarball = join(directory, packed.filename);

  await report.check("the tarball holds the package, and no tests or fixtures", () => checkFiles(packed.files));
  await report.check(`the tarball is below ${TARBALL_BYTES_MAX / 1024} KiB`, () => {
    assert.ok(packed.size < TARBALL_BYTES_MAX, `it has ${packed.size} bytes`);
  });
  await report.check("the types of the package keep TypeScript's rules for declaration files", () =>
    checkTypes(root, packed.files),
  );
  await report.check("publint", () =>
    run("node", [tool("publint/src/cli.js"), tarball, "--strict"], { cwd: directory }),
  );
  await report.check("are the types wrong (attw)", () =>
    run("node", [tool("@arethetypeswrong/cli/dist/index.js"), tarball, "--profile", "node16"], { cwd: directory }),
  );
  return tarball;
}

function checkFiles(files: readonly PackedFile[]): void {
  const paths = files.map((file) => file.path);
  for (const needed of [
    "package.json",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "docs/handlers.md", // which the README leads to
    "dist/lib/index.js",
    "dist/lib/index.cjs",
    "dist/lib/index.d.ts",
    "dist/lib/index.d.cts",
    "dist/lib/constructs/index.cjs",
    "dist/lib/local/index.cjs",
    "dist/lib/model/index.js",
    "dist/lib/model/index.cjs",
    "dist/lib/publisher/index.js",
    "dist/lib/publisher/index.cjs",
    "dist/lib/testing/index.js",
    "dist/lib/testing/index.cjs",
    "dist/lib/local/worker.js", // with its bootstrap beside it
    "dist/lib/local/bootstrap.js",
    "dist/lib/shared/bootstrap.cjs", // the same as CommonJS, with the worker beside it
    "dist/lib/relay/handler.js", // which a construct bundles
    "dist/bin/semel.js",
  ]) {
    assert.ok(paths.includes(needed), `${needed} is missing`);
  }
  const allowed = /^(dist\/(lib|bin|_virtual)\/|docs\/[a-z-]+\.md$|package\.json$|README\.md$|LICENSE$|CHANGELOG\.md$)/;
  assert.deepEqual(
    paths.filter((path) => !allowed.test(path) || /(^|\/)(test|tests|fixtures|node_modules)\/|\.test\./.test(path)),
    [],
  );
  const executable = files.find((file) => file.path === "dist/bin/semel.js");
  assert.ok(((executable?.mode ?? 0) & 0o111) !== 0, "dist/bin/semel.js is not executable");
}

/** What no other tool reports: leftovers of the build that break users who check libraries. */
function checkTypes(root: string, files: readonly PackedFile[]): void {
  const declarations = files.filter(({ path }) => /\.d\.c?ts$/.test(path));
  assert.ok(declarations.length > 0, "there are no declaration files");
  const wrong = declarations.filter(({ path }) => {
    const text = readFileSync(join(root, path), "utf8");
    return /\boverride readonly\b|__tsdown_shims|from "\.[^"]*\.ts"/.test(text);
  });
  assert.deepEqual(
    wrong.map(({ path }) => path),
    [],
  );
}
