// Pages of a list of queues. A page ends only where the request says how long it may be.
import type { JsonObject } from "../values.ts";
import { optionalInteger, optionalText } from "./input.ts";
import { LIST_RESULTS_MAX } from "./limits.ts";

export interface Page {
  readonly names: readonly string[];
  readonly nextToken?: string | undefined;
}

/** The token is the last name shown: a queue that goes meanwhile doesn't break the list. */
export function page(all: readonly string[], input: JsonObject): Page {
  const most = optionalInteger(input, "MaxResults", { min: 1, max: LIST_RESULTS_MAX });
  const token = optionalText(input, "NextToken");
  const after = token === undefined ? "" : Buffer.from(token, "base64").toString();
  const left = all.filter((name) => name > after).sort();
  const names = left.slice(0, most ?? LIST_RESULTS_MAX);
  const last = names.at(-1);
  const hasMore = most !== undefined && left.length > names.length && last !== undefined;
  return { names, nextToken: hasMore ? Buffer.from(last).toString("base64") : undefined };
}
