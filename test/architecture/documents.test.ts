// The documents: their snippets compile against the package's own types, and their links lead somewhere.

import { execFile } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const ROOT = join(import.meta.dirname, "../..");
const TSC = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");

const USER_DOCUMENTS = ["README.md", ...globSync("docs/*.md", { cwd: ROOT }).sort()];
const DOCUMENTS = [...USER_DOCUMENTS, "ARCHITECTURE.md", "CHANGELOG.md"];

const textOf = (document: string): string => readFileSync(join(ROOT, document), "utf8");

it("snippets of the README and of every guide compile", { timeout: 60_000 }, async () => {
  const snippets = USER_DOCUMENTS.flatMap((document) =>
    [...textOf(document).matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""], index) => {
      const name = document.replace(/\.md$/, "").replaceAll("/", "-");
      return { file: `${name}-${index + 1}.ts`, code };
    }),
  );
  expect(snippets.length).toBeGreaterThanOrEqual(10);
  const folder = mkdtempSync(join(ROOT, ".readme-")); // inside the package, so that its own name resolves
  try {
    for (const { file, code } of snippets) writeFileSync(join(folder, file), code);
    const config = { extends: "../tsconfig.json", include: ["*.ts"], compilerOptions: { noUnusedLocals: false } };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const { stdout } = await promisify(execFile)(process.execPath, [TSC, "--noEmit", "-p", folder]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe("");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it("every guide is in the README's table of guides", () => {
  const readme = textOf("README.md");
  const missing = USER_DOCUMENTS.slice(1).filter((document) => !readme.includes(`](${document})`));
  expect(missing).toEqual([]);
});

it.each(DOCUMENTS)("links of %s lead to files and headings that are there", (document) => {
  const links = [...withoutCode(textOf(document)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  const dead = links.filter((link) => !/^https?:/.test(link) && !leadsSomewhere(document, link));
  expect(dead).toEqual([]);
});

function leadsSomewhere(document: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? document : join(dirname(document), path);
  if (!existsSync(join(ROOT, target))) return false;
  return anchor === undefined || anchorsOf(textOf(target)).has(anchor);
}

/** As GitHub names headings; no two of a document may have the same name. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}

function withoutCode(text: string): string {
  return text.replace(/^```.*?^```$/gms, "");
}
