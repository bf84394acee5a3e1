// What took part in a run.

import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..");

export function versions(): Record<string, string> {
  const read = (file: string): string =>
    (JSON.parse(readFileSync(join(ROOT, file), "utf8")) as { version: string }).version;
  return {
    semel: read("package.json"),
    Powertools: read("node_modules/@aws-lambda-powertools/idempotency/package.json"),
    "AWS SDK": read("node_modules/@aws-sdk/client-dynamodb/package.json"),
    "Node.js": process.versions.node,
  };
}
