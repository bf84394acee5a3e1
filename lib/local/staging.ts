// Copies a function's code to a folder of its own, as Lambda does with /var/task: away from the project's
// node_modules, which AWS will not have, and from its package.json, whose "type" would decide about the code.
import { constants } from "node:fs";
import { cp, mkdir, mkdtemp, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FunctionDefinition } from "./function-definition.ts";
import { localError } from "./local-error.ts";

export async function makeStagingFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "semel-local-"));
  // Stops Node's search for a package.json here.
  await writeFile(join(folder, "package.json"), "{}\n");
  return folder;
}

const MEMORY_FOLDER = "/dev/shm";

/** For an engine's file: in memory where there is such a place, which is faster. */
export async function makeDataFolder(): Promise<string> {
  const inMemory = await mkdtemp(join(MEMORY_FOLDER, "semel-local-")).catch(() => undefined);
  return inMemory ?? mkdtemp(join(tmpdir(), "semel-local-data-"));
}

/** Gives the function's LAMBDA_TASK_ROOT. */
export type Stage = (definition: FunctionDefinition, assets: ReadonlyMap<string, string>) => Promise<string>;

/** Copies of the stacks share an asset's folder, which is read only on AWS; inline code may hold a copy's own names. */
export function createStaging(folder: string): Stage {
  const staged = new Map<string, Promise<string>>();
  return (definition, assets) => {
    const { code, stackName, logicalId, name } = definition;
    const taskRoot = join(folder, stackName, code.kind === "inline" ? `${logicalId}-${name}` : logicalId);
    const known = staged.get(taskRoot) ?? stageCode(definition, assets, taskRoot);
    staged.set(taskRoot, known);
    return known;
  };
}

async function stageCode(
  definition: FunctionDefinition,
  assets: ReadonlyMap<string, string>,
  taskRoot: string,
): Promise<string> {
  const { code, logicalId } = definition;
  await mkdir(taskRoot, { recursive: true });
  if (code.kind === "inline") {
    await writeFile(join(taskRoot, "index.js"), code.source);
    return taskRoot;
  }
  const asset = assets.get(code.key);
  if (asset === undefined) {
    throw localError(
      `Cannot load function ${logicalId}: its code "${code.key}" is no asset of this assembly; only assets and inline code run here`,
    );
  }
  const found = await stat(asset).catch(() => undefined);
  if (!found?.isDirectory()) {
    const seen = found === undefined ? "does not exist" : "is no folder";
    throw localError(`Cannot load function ${logicalId}: its asset ${asset} ${seen}; run "cdk synth" again`);
  }
  await cp(asset, taskRoot, { recursive: true, mode: constants.COPYFILE_FICLONE });
  return taskRoot;
}
