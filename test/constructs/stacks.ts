// Stacks to test constructs in; functions are not bundled, which keeps a synth at milliseconds.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App, Stack, type StackProps } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { Stream } from "aws-cdk-lib/aws-kinesis";
import {
  ExactlyOnceConsumer,
  type ExactlyOnceConsumerProps,
  ExactlyOnceStreamConsumer,
  type ExactlyOnceStreamConsumerProps,
  ExactlyOnceTable,
  type ExactlyOnceTableProps,
} from "semel/constructs";

export const ENTRY: string = join(import.meta.dirname, "fixtures", "handler.ts");

export type ConsumerOverrides = Partial<Omit<ExactlyOnceConsumerProps, "table">>;

const outputs: string[] = [];

/** The CDK leaves a folder behind for every app. Test files share this module, so that each of them has to say when it is through. */
export function removeOutputs(): void {
  for (const folder of outputs.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export function emptyApp(context: Record<string, unknown> = {}): App {
  const outdir = mkdtempSync(join(tmpdir(), "semel-constructs-"));
  outputs.push(outdir);
  return new App({
    outdir,
    context: { "aws:cdk:bundling-stacks": [], "aws:cdk:enable-path-metadata": true, ...context },
  });
}

export function emptyStack(props?: StackProps): Stack {
  return new Stack(emptyApp(), "Test", props);
}

export function tableIn(stack: Stack, props?: ExactlyOnceTableProps): ExactlyOnceTable {
  return new ExactlyOnceTable(stack, "Records", props);
}

export function consumerIn(stack: Stack, overrides: ConsumerOverrides = {}): ExactlyOnceConsumer {
  const props = { consumerName: "orders", entry: ENTRY, table: tableIn(stack), ...overrides };
  return new ExactlyOnceConsumer(stack, "Orders", props);
}

export type StreamOverrides = Partial<Omit<ExactlyOnceStreamConsumerProps, "table">>;

/** Of a Kinesis stream with its default retention, a day, unless told. */
export function streamConsumerIn(stack: Stack, overrides: StreamOverrides = {}): ExactlyOnceStreamConsumer {
  const source = overrides.source ?? { kinesis: new Stream(stack, "Readings") };
  const props = { consumerName: "readings", entry: ENTRY, table: tableIn(stack), ...overrides, source };
  return new ExactlyOnceStreamConsumer(stack, "Consumer", props);
}

/** The template of a stack with one consumer. */
export function consumerTemplate(overrides: ConsumerOverrides = {}): Template {
  const stack = emptyStack();
  consumerIn(stack, overrides);
  return Template.fromStack(stack);
}

export interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly Properties: Record<string, unknown>;
}

/** The one resource of a type whose path ends as given. */
export function resourceAt(template: Template, path: string): Resource {
  const resources: Record<string, Resource & { Metadata?: Record<string, string> }> = template.toJSON()["Resources"];
  const found = Object.values(resources).filter((each) => each.Metadata?.["aws:cdk:path"]?.endsWith(path));
  const [resource] = found;
  if (resource === undefined || found.length !== 1) throw new Error(`${found.length} resources at ${path}`);
  return resource;
}

/** Actions by resource, of all roles. */
export function grantsOf(stack: Stack): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const policy of Object.values(Template.fromStack(stack).findResources("AWS::IAM::Policy"))) {
    for (const { Action, Resource } of policy["Properties"].PolicyDocument.Statement) {
      for (const one of [Resource].flat().map((each) => JSON.stringify(each))) {
        found.set(one, [...(found.get(one) ?? []), ...[Action].flat()].sort());
      }
    }
  }
  return found;
}

/** The message of the error that a function throws. */
export function messageOf(fn: () => unknown): string {
  try {
    fn();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error("nothing was thrown");
}
