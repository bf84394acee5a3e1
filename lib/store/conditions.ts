// Guards and increments as DynamoDB expressions. Pure.
//
//   G1. A guard holds exactly when every attribute that was read is as it was: equal, or still absent.
//   G2. Placeholders of ours start with #semel / :semel, and the handler's own may not: they never meet.

import type { AttributeValue } from "../aws/dynamodb.ts";
import type { Expressions, Guard, GuardTerm, IncrementEffect } from "../protocol/effects.ts";

export const NO_EXPRESSIONS: Expressions = { names: {}, values: {} };

/** The condition that no item of this key is there; `keyAttribute` is any attribute of the key. */
export function absenceOf(keyAttribute: string): Expressions {
  return { condition: "attribute_not_exists(#semelKey)", names: { "#semelKey": keyAttribute }, values: {} };
}

/** The condition that what the guards saw is unchanged. */
export function guardExpressions(guards: readonly Guard[]): Expressions {
  const names: Record<string, string> = {};
  const values: Record<string, AttributeValue> = {};
  const clauses = new Set<string>();
  const nameOf = placeholders("#semel", names);
  for (const term of guards.flatMap(({ terms }) => terms)) {
    clauses.add(clause(term, nameOf(term.attribute), values));
  }
  return { condition: [...clauses].join(" AND "), names, values };
}

// G1
function clause(term: GuardTerm, name: string, values: Record<string, AttributeValue>): string {
  if (term.value === undefined) return `attribute_not_exists(${name})`;
  if (term.value === "present") return `attribute_exists(${name})`;
  const value = `:semel${Object.keys(values).length}`;
  values[value] = term.value;
  return `${name} = ${value}`;
}

function placeholders(prefix: string, names: Record<string, string>): (attribute: string) => string {
  const known = new Map<string, string>();
  return (attribute) => {
    const name = known.get(attribute) ?? `${prefix}${known.size}`; // G2
    known.set(attribute, name);
    names[name] = attribute;
    return name;
  };
}

/** Both conditions must hold. */
export function withCondition(own: Expressions, added: Expressions): Expressions {
  const condition = own.condition === undefined ? added.condition : `${enclosed(own.condition)} AND ${added.condition}`;
  return {
    ...own,
    ...(condition === undefined ? {} : { condition }),
    names: { ...own.names, ...added.names },
    values: { ...own.values, ...added.values },
  };
}

/** In parentheses, but never in two pairs: DynamoDB refuses redundant ones. */
function enclosed(condition: string): string {
  const text = condition.trim();
  let depth = 0;
  for (const [index, character] of [...text].entries()) {
    if (character === "(") depth++;
    if (character === ")") depth--;
    if (depth === 0 && index < text.length - 1) return `(${text})`;
  }
  return text.startsWith("(") ? text : `(${text})`;
}

/** `ADD #semelAdd0 :semelAdd0, …` https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.UpdateExpressions.html#Expressions.UpdateExpressions.ADD */
export function incrementExpressions({ amounts }: IncrementEffect): Expressions {
  const names: Record<string, string> = {};
  const values: Record<string, AttributeValue> = {};
  let [update, index] = ["", 0];
  for (const attribute of Object.keys(amounts)) {
    const place = `semelAdd${index++}`;
    update += `${update === "" ? "ADD" : ","} #${place} :${place}`;
    names[`#${place}`] = attribute;
    values[`:${place}`] = { N: amounts[attribute] ?? "0" };
  }
  return { update, names, values };
}
