// Reads a CDK cloud assembly: its stacks, their templates, and where the assets lie.
// https://docs.aws.amazon.com/cdk/v2/guide/deploy.html#deploy-how-synth-assemblies
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { localError, reason } from "./local-error.ts";
import { type JsonObject, objectAt, optionalTextAt, textAt } from "./values.ts";

export interface AssemblyStack {
  readonly name: string;
  readonly template: JsonObject;
  /** Path of an asset by its S3 object key. */
  readonly assets: ReadonlyMap<string, string>;
}

/** All stacks of the assembly, those of nested assemblies (CDK stages) too. */
export async function readAssembly(path: string): Promise<AssemblyStack[]> {
  const folder = resolve(path);
  const manifest = await readJson(
    join(folder, "manifest.json"),
    `"${path}" is no cloud assembly; run "cdk synth" first`,
  );
  const artifacts = Object.entries(objectAt(manifest["artifacts"], "artifacts of manifest.json")).map(
    ([id, artifact]) => [id, objectAt(artifact, id)] as const,
  );

  const assets = new Map<string, string>();
  for (const [id, artifact] of artifacts) {
    if (artifact["type"] === "cdk:asset-manifest") await readAssets(folder, propertyText(artifact, id, "file"), assets);
  }
  const stacks: AssemblyStack[] = [];
  for (const [id, artifact] of artifacts) {
    if (artifact["type"] === "aws:cloudformation:stack") stacks.push(await readStack(folder, id, artifact, assets));
    if (artifact["type"] === "cdk:cloud-assembly") {
      stacks.push(...(await readAssembly(join(folder, propertyText(artifact, id, "directoryName")))));
    }
  }
  return stacks;
}

export function selectStacks(all: readonly AssemblyStack[], names: readonly string[] | undefined): AssemblyStack[] {
  if (names === undefined || names.length === 0) return [...all];
  return names.map((name) => {
    const found = all.find((stack) => stack.name === name);
    if (found !== undefined) return found;
    const known = all.map((stack) => stack.name).join(", ");
    throw localError(`Cannot run stack "${name}": the assembly has no such stack; it has ${known}`);
  });
}

async function readStack(
  folder: string,
  id: string,
  artifact: JsonObject,
  assets: ReadonlyMap<string, string>,
): Promise<AssemblyStack> {
  const file = join(folder, propertyText(artifact, id, "templateFile"));
  const properties = objectAt(artifact["properties"], `properties of ${id}`);
  return {
    name: optionalTextAt(properties["stackName"], `stackName of ${id}`) ?? id,
    template: await readJson(file, `the template of stack "${id}" is missing; run "cdk synth" again`),
    assets,
  };
}

async function readAssets(folder: string, file: string, assets: Map<string, string>): Promise<void> {
  const manifest = await readJson(join(folder, file), `the asset manifest "${file}" is missing; run "cdk synth" again`);
  for (const [id, declared] of Object.entries(objectAt(manifest["files"], `files of ${file}`))) {
    const asset = objectAt(declared, id);
    // An asset that a command of the user makes at publish time has no path.
    const path = optionalTextAt(objectAt(asset["source"], `source of ${id}`)["path"], `path of ${id}`);
    if (path === undefined) continue;
    for (const destination of Object.values(objectAt(asset["destinations"], `destinations of ${id}`))) {
      const key = textAt(objectAt(destination, id)["objectKey"], `objectKey of ${id}`);
      assets.set(key, resolve(folder, path));
    }
  }
}

function propertyText(artifact: JsonObject, id: string, name: string): string {
  return textAt(objectAt(artifact["properties"], `properties of ${id}`)[name], `${name} of ${id}`);
}

async function readJson(file: string, remedy: string): Promise<JsonObject> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (thrown) {
    throw localError(`Cannot read ${file}: ${remedy}`, thrown);
  }
  try {
    return objectAt(JSON.parse(text), file);
  } catch (thrown) {
    throw localError(`Cannot read ${file}: it is not JSON (${reason(thrown)}); run "cdk synth" again`, thrown);
  }
}
