// Installs the tarball into an empty folder, as a stranger does who only writes a Lambda function.

import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Dynoxide, startDynoxide } from "../support/dynoxide.ts";
import type { Run } from "./command.ts";
import type { Tools } from "./tools.ts";

const FIXTURE = join(import.meta.dirname, "fixtures", "commonjs");
/** What those who only deploy or run a function never need. */
const NOT_INSTALLED = ["@dynoxide", "aws-cdk-lib", "constructs", "@middy", "esbuild"];
/** Entries that need no peer. */
const ENTRIES = ["semel", "semel/local", "semel/model", "semel/publisher", "semel/testing", "semel/package.json"];

export async function checkEmptyFolder(folder: string, tarball: string, tools: Tools): Promise<void> {
  const { installer, report, run } = tools;
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "stranger", private: true }));
  const node = (...args: string[]) => run("node", args, { cwd: folder });

  const installed = await report.check("install the tarball into an empty folder", async () => {
    await installer.install(folder, [tarball]);
    return true;
  });
  if (installed === undefined) return;
  await report.check(`installs none of ${NOT_INSTALLED.join(", ")}`, () => {
    const found = readdirSync(join(folder, "node_modules"));
    assert.ok(found.includes("semel"), "semel itself is missing");
    assert.deepEqual(
      found.filter((name) => NOT_INSTALLED.includes(name)),
      [],
    );
  });
  for (const entry of ENTRIES) {
    const json = entry.endsWith(".json");
    await report.check(`import "${entry}"`, async () => {
      const attributes = json ? ', { with: { type: "json" } }' : "";
      const script = `const all = await import("${entry}"${attributes}); console.log(Object.keys(all).join());`;
      assert.match(await node("--input-type=module", "--eval", script), expected(entry));
    });
    await report.check(`require("${entry}")`, async () => {
      const script = `console.log(Object.keys(require("${entry}")).join());`;
      assert.match(await node("--input-type=commonjs", "--eval", script), json ? /name,version/ : expected(entry));
    });
  }
  await report.check('import "semel/constructs" without aws-cdk-lib names what is missing', async () => {
    await assert.rejects(node("--input-type=module", "--eval", 'await import("semel/constructs")'), /aws-cdk-lib/);
  });
  await report.check("semel --help", async () => {
    assert.match(
      await run(join(folder, "node_modules", ".bin", "semel"), ["--help"], { cwd: folder }),
      /Usage: semel .*local/s,
    );
  });
  await checkHandler(folder, tools);
}

function expected(entry: string): RegExp {
  const names: Readonly<Record<string, RegExp>> = {
    semel: /exactlyOnce/,
    "semel/local": /startLocal/,
    "semel/model": /bodyCosts/,
    "semel/publisher": /createPublisher/,
    "semel/testing": /assertExactlyOnce,startLocal/,
  };
  return names[entry] ?? /default/;
}

async function checkHandler(folder: string, { installer, report, root, run }: Tools): Promise<void> {
  cpSync(FIXTURE, folder, { recursive: true });
  const compiled = await report.check("compile a CommonJS handler, libraries' types checked", async () => {
    const types = ["@types/aws-lambda", "@types/node"].map(installer.pinned);
    await installer.install(folder, types, "--save-dev");
    await run("node", [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", folder], { cwd: folder });
    assert.ok(existsSync(join(folder, "handler.js")));
    return true;
  });
  if (compiled === undefined) return;
  await report.check("the CommonJS handler says what is wrong with an undefined event", async () => {
    const script = `require("./handler.js").handler(undefined, {}).then(
      () => { throw new Error("it acknowledged"); },
      (error) => console.log(error.code, error.message));`;
    assert.match(await run("node", ["--eval", script], { cwd: folder }), /^SEMEL_EVENT .*undefined/);
  });
  const name = "the CommonJS handler commits an order once of two copies";
  const engine = await startDynoxide().catch((error: unknown) => {
    report.skip(name, `no engine on this platform: ${error}`);
    return undefined;
  });
  if (engine === undefined) return;
  await report.check(name, () => checkOnce(engine, folder, run));
  await engine.stop();
}

async function checkOnce(engine: Dynoxide, folder: string, run: Run): Promise<void> {
  const environment = {
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_REGION: "eu-west-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  };
  const printed = await run("node", ["invoke.js"], { cwd: folder, environment });
  assert.deepEqual(JSON.parse(printed), {
    responses: [{ batchItemFailures: [] }, { batchItemFailures: [] }],
    total: "7",
    records: 1,
  });
}
