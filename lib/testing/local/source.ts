// What a test gives to run: the path of a cloud assembly, or a construct of CDK, which is told by its shape: CDK itself is not
// imported, and may be there in any version.
//
//   SO1. A construct is synthesized once, however many tests ask.

import { localError } from "../../local/local-error.ts";
import { isObject } from "../../local/values.ts";

/** An App, a Stage or a Stack of CDK. */
export interface CdkConstruct {
  readonly node: { readonly scopes: readonly unknown[] };
}

export interface Source {
  readonly assembly: string;
  /** Undefined for all that are in the assembly. */
  readonly stacks: readonly string[] | undefined;
}

interface Stage {
  synth(): { readonly directory: string };
}

interface Stack {
  readonly stackName: string;
  readonly dependencies: readonly Stack[];
}

const assemblies = new WeakMap<object, string>();

export function sourceOf(given: string | CdkConstruct): Source {
  if (typeof given === "string") return { assembly: given, stacks: undefined };
  if (!isConstruct(given)) throw unknownSource(given, "no construct");
  if (isStage(given)) return { assembly: synthesized(given), stacks: undefined };
  if (!isStack(given)) throw unknownSource(given, "another construct");
  // The nearest: a stage has an assembly of its own.
  const stage = given.node.scopes.findLast(isStage);
  if (stage === undefined) {
    throw localError(`Cannot start the local cloud: the stack "${given.stackName}" is in no App; make it in one`);
  }
  const assembly = synthesized(stage);
  return { assembly, stacks: [...withDependencies(given)] }; // references between stacks are found at synth
}

function synthesized(stage: Stage): string {
  const known = assemblies.get(stage) ?? stage.synth().directory;
  assemblies.set(stage, known); // SO1
  return known;
}

function withDependencies(stack: Stack, names: Set<string> = new Set()): ReadonlySet<string> {
  if (names.has(stack.stackName)) return names;
  names.add(stack.stackName);
  for (const other of stack.dependencies) withDependencies(other, names);
  return names;
}

function isConstruct(value: unknown): value is CdkConstruct {
  return isObject(value) && isObject(value["node"]) && Array.isArray(value["node"]["scopes"]);
}

function isStage(value: unknown): value is Stage {
  return isObject(value) && typeof value["synth"] === "function";
}

function isStack(value: unknown): value is Stack & CdkConstruct {
  return isObject(value) && typeof value["stackName"] === "string" && Array.isArray(value["dependencies"]);
}

function unknownSource(given: unknown, what: string): Error {
  const seen = given === null ? "null" : typeof given === "object" ? given.constructor?.name : typeof given;
  return localError(
    `Cannot start the local cloud: the source is ${what} (${seen ?? "object"}); give the path of a cloud assembly (cdk.out), ` +
      "or an App, Stage or Stack of CDK",
  );
}
