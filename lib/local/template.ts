// Resolves the intrinsic functions of a CloudFormation template. Pure.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
import { localError } from "./local-error.ts";
import { isObject, type JsonObject, listAt, objectAt, textAt } from "./values.ts";

/** What Ref and Fn::GetAtt give for a resource that runs here. */
export interface PhysicalResource {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface TemplateScope {
  /** Pseudo parameters (AWS::Region, ...) and the template's own, by name. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly mappings: JsonObject;
  readonly conditions: JsonObject;
  resource(logicalId: string): PhysicalResource | undefined;
  /** Value of an export of another stack. */
  importValue(name: string): unknown;
}

const NO_VALUE = Symbol("AWS::NoValue");

/** Throws on a reference to what does not run here, naming it. `undefined` stands for AWS::NoValue. */
export function resolve(value: unknown, scope: TemplateScope): unknown {
  const resolved = evaluate(value, scope);
  return resolved === NO_VALUE ? undefined : resolved;
}

/** A resource without a condition exists. */
export function conditionHolds(name: string | undefined, scope: TemplateScope): boolean {
  if (name === undefined) return true;
  if (!(name in scope.conditions)) throw localError(`Cannot evaluate condition "${name}": the template has none`);
  return evaluate(scope.conditions[name], scope) === true;
}

function evaluate(value: unknown, scope: TemplateScope): unknown {
  if (Array.isArray(value)) return value.map((item) => evaluate(item, scope)).filter((item) => item !== NO_VALUE);
  if (!isObject(value)) return value;
  const [entry, second] = Object.entries(value);
  if (entry !== undefined && second === undefined) {
    const intrinsic = INTRINSICS.get(entry[0]);
    // An environment variable may be called "Condition" too.
    if (intrinsic !== undefined && (entry[0] !== "Condition" || String(entry[1]) in scope.conditions)) {
      return intrinsic(entry[1], scope);
    }
    if (entry[0].startsWith("Fn::")) throw localError(`Cannot resolve ${entry[0]}: the local cloud does not know it`);
  }
  const properties = Object.entries(value).map(([key, item]) => [key, evaluate(item, scope)] as const);
  return Object.fromEntries(properties.filter(([, item]) => item !== NO_VALUE));
}

type Intrinsic = (argument: unknown, scope: TemplateScope) => unknown;

const INTRINSICS: ReadonlyMap<string, Intrinsic> = new Map<string, Intrinsic>(
  Object.entries({
    Ref: (name, scope) => reference(textAt(name, "Ref"), scope),
    "Fn::GetAtt": (path, scope) => attribute(path, scope),
    "Fn::Join": (argument, scope) => {
      const [separator, parts] = listAt(argument, "Fn::Join");
      const resolved = listAt(evaluate(parts, scope), "Fn::Join");
      return resolved.map((part) => textAt(part, "a part of Fn::Join")).join(textAt(separator, "Fn::Join's separator"));
    },
    "Fn::Sub": (argument, scope) => substitute(argument, scope),
    "Fn::Select": (argument, scope) => {
      const [index, list] = listAt(argument, "Fn::Select");
      const items = listAt(evaluate(list, scope), "Fn::Select");
      const at = Number(evaluate(index, scope));
      if (!(at in items)) throw localError(`Cannot resolve Fn::Select: index ${at} of a list of ${items.length}`);
      return items[at];
    },
    "Fn::Split": (argument, scope) => {
      const [separator, text] = listAt(argument, "Fn::Split");
      return textAt(evaluate(text, scope), "Fn::Split").split(textAt(separator, "Fn::Split's separator"));
    },
    "Fn::If": (argument, scope) => {
      const [name, whenTrue, whenFalse] = listAt(argument, "Fn::If");
      return evaluate(conditionHolds(textAt(name, "Fn::If"), scope) ? whenTrue : whenFalse, scope);
    },
    "Fn::FindInMap": (argument, scope) => {
      const path = listAt(evaluate(argument, scope), "Fn::FindInMap").map((key) => textAt(key, "Fn::FindInMap"));
      let found: unknown = scope.mappings;
      for (const key of path) found = isObject(found) ? found[key] : undefined;
      if (found === undefined) throw localError(`Cannot resolve Fn::FindInMap: no mapping ${path.join(".")}`);
      return evaluate(found, scope);
    },
    "Fn::ImportValue": (name, scope) => scope.importValue(textAt(evaluate(name, scope), "Fn::ImportValue")),
    "Fn::Base64": (text, scope) => Buffer.from(textAt(evaluate(text, scope), "Fn::Base64")).toString("base64"),
    "Fn::GetAZs": (region, scope) => {
      const name = evaluate(region, scope);
      const zones = textAt(name === "" ? scope.parameters["AWS::Region"] : name, "Fn::GetAZs");
      return ["a", "b", "c"].map((zone) => zones + zone);
    },
    Condition: (name, scope) => conditionHolds(textAt(name, "Condition"), scope),
    "Fn::Equals": (argument, scope) => {
      const [left, right] = listAt(evaluate(argument, scope), "Fn::Equals");
      return String(left) === String(right);
    },
    "Fn::And": (argument, scope) => listAt(evaluate(argument, scope), "Fn::And").every((item) => item === true),
    "Fn::Or": (argument, scope) => listAt(evaluate(argument, scope), "Fn::Or").some((item) => item === true),
    "Fn::Not": (argument, scope) => listAt(evaluate(argument, scope), "Fn::Not")[0] !== true,
  } satisfies Record<string, Intrinsic>),
);

function reference(name: string, scope: TemplateScope): unknown {
  if (name === "AWS::NoValue") return NO_VALUE;
  const value = scope.parameters[name] ?? scope.resource(name)?.ref;
  if (value === undefined) throw unresolved(name);
  return value;
}

function attribute(path: unknown, scope: TemplateScope): string {
  const parts = typeof path === "string" ? splitOnce(path) : listAt(path, "Fn::GetAtt");
  const logicalId = textAt(parts[0], "Fn::GetAtt");
  const name = textAt(evaluate(parts[1], scope), "Fn::GetAtt");
  const resource = scope.resource(logicalId);
  if (resource === undefined) throw unresolved(logicalId);
  const value = resource.attributes[name];
  if (value === undefined) {
    const known = Object.keys(resource.attributes).join(", ");
    throw localError(`Cannot resolve attribute "${name}" of resource "${logicalId}"; the local cloud knows ${known}`);
  }
  return value;
}

function substitute(argument: unknown, scope: TemplateScope): string {
  const [text, variables] = typeof argument === "string" ? [argument, {}] : listAt(argument, "Fn::Sub");
  const own = objectAt(evaluate(variables, scope), "the variables of Fn::Sub");
  return textAt(text, "Fn::Sub").replace(/\$\{([^}]*)\}/g, (_, expression: string) => {
    if (expression.startsWith("!")) return `\${${expression.slice(1)}}`;
    const name = expression.trim();
    const value = name in own ? own[name] : name.includes(".") ? attribute(name, scope) : reference(name, scope);
    return textAt(value, `\${${name}} in Fn::Sub`);
  });
}

function splitOnce(path: string): readonly string[] {
  const dot = path.indexOf(".");
  return [path.slice(0, dot), path.slice(dot + 1)];
}

function unresolved(name: string): Error {
  return localError(`Cannot resolve a reference to "${name}": the local cloud does not run such a resource`);
}

/** The template's parameters at their defaults; one without a default stays unknown until something refers to it. */
export function parameterDefaults(template: JsonObject): JsonObject {
  const parameters = Object.entries(objectAt(template["Parameters"], "Parameters"));
  const defaults = parameters.map(([name, declared]) => [name, objectAt(declared, name)["Default"]] as const);
  return Object.fromEntries(defaults.filter(([, value]) => value !== undefined));
}
