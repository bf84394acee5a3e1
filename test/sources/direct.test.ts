// Direct invocations, on events in the shapes that AWS documents: the key of a request, and what must be the same under it.
// Attacks lib/sources/direct.ts, and I7: another payload under a key is another payload, the same one sent again is not.

import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SemelError } from "../../lib/errors.ts";
import { fingerprint } from "../../lib/protocol/fingerprint.ts";
import { keyText } from "../../lib/protocol/key.ts";
import { directDelivery, KEY_HEADER } from "../../lib/sources/direct.ts";
import type { Delivery } from "../../lib/sources/source.ts";

type Json = Record<string, unknown>;

const recorded = (name: string): Json =>
  JSON.parse(readFileSync(join(import.meta.dirname, "events", `${name}.json`), "utf8")) as Json;
const delivered = (event: unknown): Delivery => directDelivery({ event, requestId: "r-1", nowMs: 5 });
const payloadPrint = (event: unknown): string =>
  fingerprint(delivered(event).payload, (text) => hash("sha256", text, "hex"));

/** The texts of an event that say who asked when: new each time that a request is sent. */
function sentAgain(event: Json): Json {
  const text = JSON.stringify(event)
    .replaceAll("1768192562113", "1768192599000")
    .replaceAll("12/Jan/2026:04:36:02", "12/Jan/2026:04:37:11")
    .replaceAll("Root=1-65a0c1b2", "Root=1-77777777")
    .replaceAll("198.51.100.7", "203.0.113.9")
    .replaceAll(/"(requestId|extendedRequestId|id|time)":"[^"]*"/g, '"$1":"anew"');
  const again = JSON.parse(text) as Json;
  expect(again).not.toEqual(event);
  return again;
}

const HTTP = ["api-gateway-rest", "http-api", "function-url", "load-balancer", "load-balancer-lists"];
const OTHERS = ["event-bridge", "sns", "s3"];

describe.each(HTTP)("a request of %s", (name) => {
  it("has its key in the header, whatever its case", () => {
    const event = recorded(name);
    expect(delivered(event).key.value).toBe("pay-o-1");
    const shouted = JSON.stringify(event).replaceAll(/idempotency-key/gi, "IDEMPOTENCY-KEY");
    expect(delivered(JSON.parse(shouted)).key.value).toBe("pay-o-1");
  });

  it("without the header has no key, and the error names the header", () => {
    const event = JSON.parse(JSON.stringify(recorded(name)).replaceAll(/idempotency-key/gi, "x-other")) as Json;
    const { value, origin } = delivered(event).key;
    const key = keyText(value, origin);
    const error = key.ok ? undefined : key.error;
    expect(error).toBeInstanceOf(SemelError);
    expect(error).toMatchObject({ code: "SEMEL_KEY", retryable: false });
    expect(error?.message).toContain(`the header ${KEY_HEADER} (no key option) gave undefined for the key`);
  });

  it("is the same when it is sent again, with a new id, time, trace and address", () => {
    const event = recorded(name);
    expect(payloadPrint(sentAgain(event))).toBe(payloadPrint(event));
  });

  it("is another with another body, path, query or method", () => {
    const event = recorded(name);
    const print = payloadPrint(event);
    const text = JSON.stringify(event);
    const lists = "multiValueQueryStringParameters" in event;
    const others: Json[] = [
      { ...event, body: '{"orderId":"o-1","totalPence":500}' },
      { ...event, body: null },
      JSON.parse(text.replaceAll("/orders/o-1", "/orders/o-2")) as Json,
      { ...event, [lists ? "multiValueQueryStringParameters" : "queryStringParameters"]: { item: ["c", "b"] } },
      JSON.parse(text.replaceAll('"POST"', '"PUT"')) as Json,
    ];
    for (const other of others) expect(payloadPrint(other)).not.toBe(print);
    expect(new Set(others.map(payloadPrint)).size).toBe(others.length);
  });
});

describe.each(OTHERS)("an event of %s", (name) => {
  it("has no key of its own: an option has to name one", () => {
    const { value, origin } = delivered(recorded(name)).key;
    expect(keyText(value, origin)).toMatchObject({ ok: false, error: { code: "SEMEL_KEY" } });
  });

  it("is the same when Lambda runs it again, and another with another content", () => {
    const event = recorded(name);
    expect(payloadPrint(recorded(name))).toBe(payloadPrint(event));
    const other: unknown = JSON.parse(JSON.stringify(event).replaceAll("o-1", "o-2"));
    expect(payloadPrint(other)).not.toBe(payloadPrint(event));
  });
});

describe("an EventBridge event", () => {
  const event = recorded("event-bridge");

  it("is the same when it is replayed, or put again by its producer", () => {
    expect(payloadPrint({ ...event, "replay-name": "monday" })).toBe(payloadPrint(event));
    expect(payloadPrint(sentAgain(event))).toBe(payloadPrint(event));
  });

  it.each([
    ["type", { "detail-type": "OrderPaid" }],
    ["source", { source: "shop.returns" }],
  ])("is another with another %s", (_what, change) => {
    expect(payloadPrint({ ...event, ...change })).not.toBe(payloadPrint(event));
  });
});

it("several values of the header are one key, joined as HTTP joins them", () => {
  const event = { multiValueHeaders: { "Idempotency-Key": ["a", "b"] } };
  expect(delivered(event).key.value).toBe("a,b");
  expect(delivered({ headers: { "Idempotency-Key": "a" }, ...event }).key.value).toBe("a");
});

it.each([
  ["null", null],
  ["text", "Idempotency-Key"],
  ["a number", 7],
  ["a list", [1]],
  ["headers that are none", { headers: null, multiValueHeaders: "x" }],
  ["a header that is no list of texts", { multiValueHeaders: { "Idempotency-Key": "a" } }],
  ["a field httpMethod without a request", { httpMethod: "POST", totalPence: 499 }],
])("an event of %s has no key, and is its own payload", (_what, event) => {
  expect(delivered(event).key.value).toBeUndefined();
  expect(delivered(event).payload).toEqual(event);
  expect(delivered(event).decode()).toEqual(event);
});

describe("decode", () => {
  it("gives the event anew each time: what a handler changes is not there for its next run", () => {
    fc.assert(
      fc.property(fc.object(), (event) => {
        const before = structuredClone(event);
        const delivery = delivered(event);
        change(delivery.decode());
        expect(delivery.decode()).toEqual(before);
        expect(event).toEqual(before);
      }),
    );
  });

  it("keeps a field named __proto__ a field", () => {
    const event: unknown = JSON.parse('{"__proto__":{"admin":true},"a":1}');
    const copy = delivered(event).decode() as Json;
    expect(copy["admin"]).toBeUndefined();
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"admin":true},"a":1}');
  });

  it("keeps what a middleware put in, also in a circle", () => {
    const when = new Date(0);
    const event: Json = { when, run: String };
    event["self"] = event;
    const copy = delivered(event).decode() as Json;
    expect(copy["when"]).toBe(when);
    expect(copy["run"]).toBe(String);
    expect(copy["self"]).toBe(copy);
  });
});

/** Changes all that there is, as deep as it goes. */
function change(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    change(inner);
    if (!Object.hasOwn(Object.prototype, name)) (value as Json)[name] = "changed";
  }
}
