import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { judgeResponse } from "../../lib/local/partial-response.ts";

const messageIds = ["m1", "m2", "m3"];
const judge = (payload: string) => judgeResponse(payload, { messageIds, reportsFailures: true });
const failures = (...items: unknown[]) => JSON.stringify({ batchItemFailures: items });

describe("a response to a batch, by AWS's table", () => {
  test.each([
    ["nothing at all", ""],
    ["null", "null"],
    ["an empty object", "{}"],
    ["an empty list", "[]"],
    ["an empty string", '""'],
    ["another key", '{"statusCode":200}'],
    ["an empty list of failures", '{"batchItemFailures":[]}'],
    ["null failures", '{"batchItemFailures":null}'],
    ["empty failures", '{"batchItemFailures":""}'],
  ])("%s deletes all", (_, payload) => {
    expect(judge(payload)).toEqual({ kind: "settled", delete: messageIds });
  });

  test.each([
    ["bad JSON", '{"batchItemFailures":'],
    ["a text", '"ok"'],
    ["a number", "7"],
    ["true", "true"],
    ["a list", '["m1"]'],
    ["failures that are no list", '{"batchItemFailures":"m1"}'],
    ["failures that are an object", '{"batchItemFailures":{"itemIdentifier":"m1"}}'],
    ["an empty identifier", failures({ itemIdentifier: "" })],
    ["a null identifier", failures({ itemIdentifier: null })],
    ["a number as identifier", failures({ itemIdentifier: 1 })],
    ["another key in its place", failures({ messageId: "m1" })],
    ["a bare identifier", failures("m1")],
    ["a null failure", failures(null)],
    ["an identifier that is not in the batch", failures({ itemIdentifier: "m4" })],
    ["a good and an unknown identifier", failures({ itemIdentifier: "m1" }, { itemIdentifier: "m4" })],
  ])("%s deletes none", (_, payload) => {
    expect(judge(payload).kind).toBe("failed");
  });

  test("named messages stay, the others go", () => {
    expect(judge(failures({ itemIdentifier: "m2" }))).toEqual({ kind: "settled", delete: ["m1", "m3"] });
  });

  test("all named, and one twice, stay", () => {
    const all = failures(...["m1", "m2", "m3", "m2"].map((itemIdentifier) => ({ itemIdentifier })));
    expect(judge(all)).toEqual({ kind: "settled", delete: [] });
  });

  test("without ReportBatchItemFailures nothing is looked at", () => {
    for (const payload of [
      "",
      "null",
      "not JSON",
      failures({ itemIdentifier: "m1" }),
      failures({ itemIdentifier: "m4" }),
    ]) {
      const verdict = judgeResponse(payload, { messageIds, reportsFailures: false });
      expect(verdict).toEqual({ kind: "settled", delete: messageIds });
    }
  });

  test("any subset of any batch: the rest is deleted, once, in order", () => {
    const batches = fc
      .uniqueArray(fc.uuid(), { minLength: 1, maxLength: 10 })
      .chain((ids) => fc.record({ ids: fc.constant(ids), failed: fc.subarray(ids) }));
    fc.assert(
      fc.property(batches, ({ ids, failed }) => {
        const payload = failures(...failed.map((itemIdentifier) => ({ itemIdentifier })));
        const verdict = judgeResponse(payload, { messageIds: ids, reportsFailures: true });
        expect(verdict).toEqual({ kind: "settled", delete: ids.filter((id) => !failed.includes(id)) });
      }),
      { numRuns: 2000 },
    );
  });

  test("whatever a function answers: no throw, and no deletion outside of the batch", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.jsonValue().map(failures)), (payload) => {
        const verdict = judge(payload);
        if (verdict.kind === "settled") expect(messageIds).toEqual(expect.arrayContaining(verdict.delete));
      }),
      { numRuns: 2000 },
    );
  });
});
