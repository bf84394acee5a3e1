// A default `cdk init` app (CommonJS, jest) that synthesizes and tests a stack with our constructs.

import assert from "node:assert/strict";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Tools } from "./tools.ts";

const FIXTURE = join(import.meta.dirname, "fixtures", "cdk");
const SYNTH_TIMEOUT_MS = 120_000;
const ENGINES = ["@dynoxide/linux-x64"];

export async function checkCdkApp(folder: string, tarball: string, tools: Tools): Promise<void> {
  const { installer, report, root, run } = tools;
  mkdirSync(folder);
  const cdk = join(root, "node_modules", "aws-cdk", "bin", "cdk");

  const ready = await report.check("cdk init app --language typescript, and install the tarball", async () => {
    await run("node", [cdk, "init", "app", "--language", "typescript", "--generate-only"], { cwd: folder });
    await installer.install(folder, [tarball, installer.pinned("esbuild")]);
    cpSync(FIXTURE, folder, { recursive: true });
    return true;
  });
  if (ready === undefined) return;
  for (const [how, type, load] of [
    ['import "semel/constructs"', "module", 'await import("semel/constructs")'],
    ['require("semel/constructs")', "commonjs", 'require("semel/constructs")'],
  ] as const) {
    await report.check(how, async () => {
      const script = `console.log(Object.keys(${load}).join());`;
      const names = await run("node", [`--input-type=${type}`, "--eval", script], { cwd: folder });
      assert.match(names, /ExactlyOnceConsumer,ExactlyOnceStreamConsumer,ExactlyOnceTable/);
    });
  }
  await report.check("its `npm test` (jest) passes on the stack", async () => {
    await run("npm", ["test"], { cwd: folder, timeoutMs: SYNTH_TIMEOUT_MS });
  });
  await report.check("its `npx cdk synth` (tsc, tsx, esbuild) makes template and bundle", async () => {
    await run("npx", ["cdk", "synth", "--quiet"], { cwd: folder, timeoutMs: SYNTH_TIMEOUT_MS });
    checkAssembly(join(folder, "cdk.out"));
  });
  await checkLocalCloud(folder, tools);
  await report.check("a prop that would break the promise stops `npx cdk synth`, with the number to set", async () => {
    const stack = join(folder, "lib", "shop-stack.ts");
    const source = readFileSync(stack, "utf8");
    const broken = source.replace(
      "timeout: Duration.seconds(5),",
      "timeout: Duration.seconds(5), visibilityTimeout: Duration.seconds(5),",
    );
    assert.notEqual(broken, source);
    writeFileSync(stack, broken);
    const synth = run("npx", ["cdk", "synth", "--quiet"], { cwd: folder, timeoutMs: SYNTH_TIMEOUT_MS });
    await assert.rejects(synth, /set visibilityTimeout to 30 s or more/);
  });
}

/** As an ES module and as CommonJS: each starts its workers by a bootstrap of its own form. */
async function checkLocalCloud(folder: string, { installer, report, run }: Tools): Promise<void> {
  const names = ["local", "testing"].flatMap((entry) =>
    ["import", "require"].map((how) => `the app runs on the local cloud, by ${how}("semel/${entry}")`),
  );
  if (`${process.platform}-${process.arch}` !== "linux-x64") {
    for (const name of names) report.skip(name, "no engine of this platform is pinned");
    return;
  }
  const installed = await report.check("install the embedded DynamoDB engine", async () => {
    await installer.install(folder, ENGINES.map(installer.pinned), "--save-dev");
    return true;
  });
  if (installed === undefined) return;
  const ways = ["local", "testing"].flatMap((entry) => ["module", "commonjs"].map((type) => ({ entry, type })));
  for (const [index, { entry, type }] of ways.entries()) {
    await report.check(names[index] ?? type, async () => {
      const script =
        type === "module"
          ? `import { startLocal } from "semel/${entry}"; import run from "./run-${entry}.js"; await run(startLocal);`
          : `require("./run-${entry}.js")(require("semel/${entry}").startLocal);`;
      const printed = await run("node", [`--input-type=${type}`, "--eval", script], { cwd: folder });
      assert.deepEqual(JSON.parse(printed), { orders: 1, records: 1 });
    });
  }
}

function checkAssembly(assembly: string): void {
  const template = readFileSync(join(assembly, "ShopStack.template.json"), "utf8");
  for (const text of ["AWS::DynamoDB::GlobalTable", "ReportBatchItemFailures", '"SEMEL_CONSUMER": "shop"']) {
    assert.ok(template.includes(text), `the template has no ${text}`);
  }
  const [asset] = readdirSync(assembly).filter((name) => name.startsWith("asset."));
  const bundle = readFileSync(join(assembly, asset ?? "none", "index.mjs"), "utf8");
  assert.ok(bundle.includes("SEMEL_TABLE"), "the bundle does not hold semel's runtime");
  assert.ok(!bundle.includes("aws-cdk-lib"), "the bundle holds the CDK");
  assert.ok(!bundle.includes("semel-reaper"), "the bundle holds the local cloud");
}
