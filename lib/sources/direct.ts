// Direct invocations: one event, one answer (API Gateway, function URLs, EventBridge, SNS, S3, Invoke). Pure.

import type { Delivery } from "./source.ts";

/** The header by which clients name the intended effect. https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ */
export const KEY_HEADER = "Idempotency-Key";

export interface DirectInvocation {
  readonly event: unknown;
  /** Lambda keeps it when it runs an asynchronous invocation again, and only then. */
  readonly requestId: string;
  readonly nowMs: number;
}

export function directDelivery({ event, requestId, nowMs }: DirectInvocation): Delivery<unknown> {
  return {
    messageId: requestId,
    identifier: requestId,
    origin: "direct",
    orderingKey: undefined,
    position: undefined,
    text: () => "",
    decode: () => copyOf(event, new Map()),
    key: { value: headerOf(event, KEY_HEADER), origin: `the header ${KEY_HEADER} (no key option)` },
    payload: payloadOf(event),
    receiveCount: 1,
    sentAtMs: nowMs,
    messageAttributes: {},
    record: event,
  };
}

/** HTTP header names have no case. A load balancer may be set to give lists of values, and no others. */
function headerOf(event: unknown, name: string): unknown {
  const one = valueOfHeader(fieldOf(event, "headers"), name);
  if (one !== undefined) return one;
  const all = valueOfHeader(fieldOf(event, "multiValueHeaders"), name);
  return Array.isArray(all) ? all.join(",") : undefined; // as the other sources join them
}

function valueOfHeader(headers: unknown, name: string): unknown {
  if (typeof headers !== "object" || headers === null) return undefined;
  const found = Object.entries(headers).find(([header]) => header.toLowerCase() === name.toLowerCase());
  return found?.[1];
}

/**
 * What has to be the same under the same key. An HTTP request's event has a new time and id each time it is sent, so of it:
 * method, path, query and body. So has an EventBridge event, and a replay adds a field: source, type and detail.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-replay-archived-event.html
 */
function payloadOf(event: unknown): unknown {
  const detailType = fieldOf(event, "detail-type");
  if (typeof detailType === "string") {
    return { source: fieldOf(event, "source") ?? null, detailType, detail: fieldOf(event, "detail") ?? null };
  }
  const context = fieldOf(event, "requestContext");
  if (typeof context !== "object") return event; // a payload may have a field httpMethod, too
  const method = fieldOf(event, "httpMethod") ?? fieldOf(fieldOf(context, "http"), "method");
  if (typeof method !== "string") return event;
  return {
    method,
    path: fieldOf(event, "path") ?? fieldOf(event, "rawPath") ?? null,
    query: fieldOf(event, "multiValueQueryStringParameters") ?? fieldOf(event, "queryStringParameters") ?? null,
    body: fieldOf(event, "body") ?? null,
  };
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}

/** Plain objects and arrays anew: a handler may change them, and run again. What a middleware put in is kept as it is. */
function copyOf(value: unknown, known: Map<object, unknown>): unknown {
  if (typeof value !== "object" || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) return value;
  if (known.has(value)) return known.get(value);
  const copy: object = Array.isArray(value) ? [] : Object.create(prototype as object | null);
  known.set(value, copy);
  for (const [name, inner] of Object.entries(value)) {
    const own = { value: copyOf(inner, known), writable: true, enumerable: true, configurable: true };
    Object.defineProperty(copy, name, own); // __proto__ is a name like any other
  }
  return copy;
}
