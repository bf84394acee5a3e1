// Names for resources that a template does not name, and other names for those of a copy. Pure.
import { createHash } from "node:crypto";
import { FIFO_QUEUE_SUFFIX } from "../aws/names.ts";

const HASH_CHARS = 8;

/** The stack's name and the logical id; what is too long is cut, and told apart by a hash. */
export function physicalName(stackName: string, logicalId: string, lengthMax: number): string {
  return fitted(`${stackName}-${logicalId}`, lengthMax);
}

/** The same resource in a copy. ".fifo" stays in the end. */
export function suffixedName(name: string, suffix: string, lengthMax: number): string {
  const ending = name.endsWith(FIFO_QUEUE_SUFFIX) ? FIFO_QUEUE_SUFFIX : "";
  const lead = fitted(name.slice(0, name.length - ending.length), lengthMax - ending.length - suffix.length - 1);
  return `${lead}-${suffix}${ending}`;
}

function fitted(full: string, lengthMax: number): string {
  if (full.length <= lengthMax) return full;
  const hash = createHash("sha256").update(full).digest("hex").slice(0, HASH_CHARS);
  return `${full.slice(0, lengthMax - HASH_CHARS - 1)}-${hash}`;
}

export function physicalFifoName(stackName: string, logicalId: string, lengthMax: number): string {
  return physicalName(stackName, logicalId, lengthMax - FIFO_QUEUE_SUFFIX.length) + FIFO_QUEUE_SUFFIX;
}
