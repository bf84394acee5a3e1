// Finds a queue, table, function or stream by what people call it. Pure.
//
//   FN1. A name that may mean two is refused; nobody is served the wrong one.
import { localError } from "./local-error.ts";
import { suffixedName } from "./physical-names.ts";

export interface Named {
  /** Physical name. */
  readonly name: string;
  readonly logicalId: string;
  readonly stackName?: string;
  readonly url?: string;
  readonly arn?: string;
}

export interface Search<T extends Named> {
  readonly all: readonly T[];
  readonly kind: "queue" | "table" | "function" | "stream";
  /** What cannot be done without it. */
  readonly action: string;
  /** Of a copy: its resources may be called by the names that they have without it, too. */
  readonly nameSuffix?: string | undefined;
}

/** What CDK adds to a construct's path in its logical id. */
const CDK_HASH = /^[0-9A-F]{8}$/;

/** Physical name, URL or ARN; logical id, with its stack before a slash or without; the beginning of a logical id. */
export function findNamed<T extends Named>(name: string, search: Search<T>): T {
  const { all, kind, action } = search;
  for (const suits of waysToSuit(name, search.nameSuffix)) {
    const [found, other] = all.filter(suits);
    if (found === undefined) continue;
    if (other === undefined) return found;
    const meant = listed(all.filter(suits), all);
    throw localError(`${action}: ${kind} "${name}" may be each of ${meant}; use one of these, or a physical name`); // FN1
  }
  const known = listed(all, all) || "none";
  throw localError(`${action}: ${kind} "${name}" does not run here; running: ${known}`);
}

/** From the exact to the loose: the first way that suits one at all decides. */
function waysToSuit(name: string, suffix: string | undefined): readonly ((one: Named) => boolean)[] {
  const inCopy = suffix === undefined ? name : suffixedName(name, suffix, Number.POSITIVE_INFINITY);
  return [
    (one) => one.name === name || one.url === name || one.arn === name,
    (one) => one.name === inCopy,
    (one) => one.logicalId === name || label(one) === name,
    (one) => one.logicalId.startsWith(name) && CDK_HASH.test(one.logicalId.slice(name.length)),
    (one) => name !== "" && one.logicalId.startsWith(name),
  ];
}

/** With their stacks where there are several. */
function listed(some: readonly Named[], all: readonly Named[]): string {
  const stacks = new Set(all.map(({ stackName }) => stackName));
  return some.map((one) => (stacks.size > 1 ? label(one) : one.logicalId)).join(", ");
}

function label({ stackName, logicalId }: Named): string {
  return stackName === undefined ? logicalId : `${stackName}/${logicalId}`;
}
