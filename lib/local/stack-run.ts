// A stack while it runs: its resources, and what references to them give.
import type { AssemblyStack } from "./assembly.ts";
import { localError, reason } from "./local-error.ts";
import { suffixedName } from "./physical-names.ts";
import { isLeftOutSilently, isRunnable, type RunnableType, readResources, type TemplateResource } from "./resources.ts";
import { conditionHolds, type PhysicalResource, parameterDefaults, resolve, type TemplateScope } from "./template.ts";
import { objectAt, textAt } from "./values.ts";

/** As fauxqs and other engines have it. */
export const LOCAL_ACCOUNT_ID = "000000000000";

export interface StackRun {
  readonly name: string;
  readonly assets: ReadonlyMap<string, string>;
  readonly scope: TemplateScope;
  /** Resources of a type that runs here, and whose condition holds. */
  resources(...types: RunnableType[]): TemplateResource[];
  /** From now on, references to this resource resolve. */
  provide(logicalId: string, physical: PhysicalResource): void;
  /** The outputs that resolve; a warning for each other. */
  outputs(): Record<string, string>;
  /** The name as it is; in a copy of the stacks with its suffix. */
  rename(name: string, lengthMax: number): string;
  /** Names of the template's resources that another name stands for, in all stacks. */
  readonly renamed: ReadonlySet<string>;
}

export interface Opening {
  readonly region: string;
  readonly warn: Warn;
  /** Ends the physical names of a copy. Stacks keep theirs, and so do exports. */
  readonly nameSuffix?: string | undefined;
}

export type Warn = (text: string) => void;

/** All stacks at once, since they may import each other's exports. */
export function openStacks(stacks: readonly AssemblyStack[], opening: Opening): StackRun[] {
  const renamed = new Set<string>();
  const runs: StackRun[] = [];
  const exports = new Map<string, () => unknown>();
  const importValue = (name: string): unknown => {
    const value = exports.get(name);
    if (value === undefined) throw localError(`Cannot resolve import "${name}": no stack that runs here exports it`);
    return value();
  };
  for (const stack of stacks) {
    const run = openStack(stack, { ...opening, renamed, importValue });
    runs.push(run);
    for (const output of Object.values(objectAt(stack.template["Outputs"], "Outputs"))) {
      const { Export: exported, Value: value } = objectAt(output, "an output");
      if (exported === undefined) continue;
      const name = textAt(resolve(objectAt(exported, "Export")["Name"], run.scope), "the name of an export");
      exports.set(name, () => resolve(value, run.scope));
    }
  }
  return runs;
}

interface StackOpening extends Opening {
  readonly renamed: Set<string>;
  readonly importValue: (name: string) => unknown;
}

function openStack(stack: AssemblyStack, opening: StackOpening): StackRun {
  const { region, warn, nameSuffix, renamed, importValue } = opening;
  const { name, template, assets } = stack;
  const provided = new Map<string, PhysicalResource>();
  const scope: TemplateScope = {
    parameters: { ...parameterDefaults(template), ...pseudoParameters(name, region) },
    mappings: objectAt(template["Mappings"], `Mappings of ${name}`),
    conditions: objectAt(template["Conditions"], `Conditions of ${name}`),
    resource: (logicalId) => provided.get(logicalId),
    importValue,
  };
  const existing = readResources(template).filter(({ condition }) => conditionHolds(condition, scope));
  for (const { logicalId, type, path } of existing) {
    if (isRunnable(type) || isLeftOutSilently(type)) continue;
    warn(`resource ${logicalId} of stack ${name} is left out: ${type} does not run here${path ? ` (${path})` : ""}`);
  }
  return {
    name,
    assets,
    scope,
    resources: (...types) => existing.filter(({ type }) => types.some((wanted) => wanted === type)),
    provide: (logicalId, physical) => provided.set(logicalId, physical),
    outputs: () => resolveOutputs(stack, scope, warn),
    rename(given, lengthMax) {
      if (nameSuffix === undefined) return given;
      renamed.add(given);
      return suffixedName(given, nameSuffix, lengthMax);
    },
    renamed,
  };
}

function resolveOutputs({ name, template }: AssemblyStack, scope: TemplateScope, warn: Warn): Record<string, string> {
  const outputs: Record<string, string> = {};
  for (const [key, declared] of Object.entries(objectAt(template["Outputs"], `Outputs of ${name}`))) {
    const { Value: value, Condition: condition } = objectAt(declared, key);
    try {
      if (condition !== undefined && !conditionHolds(textAt(condition, key), scope)) continue;
      outputs[key] = textAt(resolve(value, scope), `output ${key}`);
    } catch (thrown) {
      warn(`output ${key} of stack ${name} is left out: ${reason(thrown)}`);
    }
  }
  return outputs;
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html */
function pseudoParameters(stackName: string, region: string): Record<string, unknown> {
  return {
    "AWS::AccountId": LOCAL_ACCOUNT_ID,
    "AWS::NotificationARNs": [],
    "AWS::Partition": "aws",
    "AWS::Region": region,
    "AWS::StackId": `arn:aws:cloudformation:${region}:${LOCAL_ACCOUNT_ID}:stack/${stackName}/local`,
    "AWS::StackName": stackName,
    "AWS::URLSuffix": "amazonaws.com",
  };
}
