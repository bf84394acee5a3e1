// Calls of AWS's JSON protocol without an SDK client, to engines on this machine: what they answer is taken as it is.
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
import { localError } from "./local-error.ts";
import type { ClientConfig } from "./types.ts";
import { type JsonObject, objectAt } from "./values.ts";

export interface JsonService {
  /** As it is in signatures. */
  readonly service: string;
  /** What stands before an operation's name. */
  readonly target: string;
  readonly contentType: string;
}

export type JsonCall = (operation: string, input: JsonObject) => Promise<JsonObject>;

/** An engine that does not answer must not keep the local cloud from stopping. */
const ANSWER_MS_MAX = 30_000;

/** Engines on this machine don't check signatures; some tell accounts apart by the key's id. */
export function createJsonCall({ endpoint, region, credentials }: ClientConfig, of: JsonService): JsonCall {
  return async (operation, input) => {
    const date = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
    const scope = `${credentials?.accessKeyId ?? "local"}/${date.slice(0, 8)}/${region}/${of.service}/aws4_request`;
    const headers = {
      "content-type": of.contentType,
      "x-amz-target": `${of.target}.${operation}`,
      "x-amz-date": date,
      authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date;x-amz-target, Signature=local`,
    };
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const answer = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify(input), signal });
    const text = await answer.text();
    if (!answer.ok) throw localError(`${operation} came to ${answer.status}: ${text.slice(0, 300)}`);
    return text === "" ? {} : objectAt(JSON.parse(text), `the answer to ${operation}`);
  };
}
