import { describe, expect, test } from "vitest";
import type { SqsRecord } from "../../lib/aws/lambda.ts";
import { INVOCATION_PAYLOAD_BYTES_MAX } from "../../lib/aws/limits.ts";
import { cutPayload, gatherBatch } from "../../lib/local/gather-batch.ts";
import { toRecord } from "../../lib/local/sqs-record.ts";

const record = (id: number, body = "x"): SqsRecord =>
  toRecord({ MessageId: `m${id}`, Body: body }, { queueArn: "arn:aws:sqs:us-east-1:0:q", region: "us-east-1" });
const records = (...ids: number[]) => ids.map((id) => record(id));
const ids = (all: readonly SqsRecord[]) => all.map(({ messageId }) => messageId);
const signal = new AbortController().signal;

/** A queue that gives the answers said, then nothing, and notes how it was asked. */
function queue(...answers: SqsRecord[][]) {
  const asked: [number, number][] = [];
  const receive = async (messagesMax: number, waitSeconds: number) => {
    asked.push([messagesMax, waitSeconds]);
    return answers.shift() ?? [];
  };
  return { asked, receive };
}

describe("gatherBatch", () => {
  test("without a window: one long poll, whatever it brings", async () => {
    const { asked, receive } = queue(records(1, 2), records(3));
    const { batch } = await gatherBatch(receive, [], { batchSize: 10, windowMs: 0, signal });
    expect(ids(batch)).toEqual(["m1", "m2"]);
    expect(asked).toEqual([[10, 20]]);
  });

  test("asks for no more than the batch size", async () => {
    const { asked, receive } = queue(records(1));
    await gatherBatch(receive, [], { batchSize: 3, windowMs: 0, signal });
    expect(asked).toEqual([[3, 20]]);
  });

  test("with a window: receives until the batch is full", async () => {
    const ten = records(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    const { asked, receive } = queue(ten, records(10), records(11), records(12));
    const { batch } = await gatherBatch(receive, [], { batchSize: 12, windowMs: 60_000, signal });
    expect(batch).toHaveLength(12);
    expect(asked.map(([messagesMax]) => messagesMax)).toEqual([10, 2, 1]);
  });

  test("with a window: gives what there is when it closes", async () => {
    const { receive } = queue(records(1), [], records(2));
    const { batch } = await gatherBatch(receive, [], { batchSize: 100, windowMs: 300, signal });
    expect(ids(batch)).toEqual(["m1", "m2"]);
  });

  test("an empty queue opens no window", async () => {
    const { asked, receive } = queue();
    const { batch } = await gatherBatch(receive, [], { batchSize: 100, windowMs: 60_000, signal });
    expect(batch).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  test("cuts at the payload limit and begins the next batch with what is left", async () => {
    const mega = "x".repeat(1024 * 1024);
    const big = [1, 2, 3, 4, 5, 6, 7].map((id) => record(id, mega));
    const { receive } = queue(big, records(8));
    const first = await gatherBatch(receive, [], { batchSize: 100, windowMs: 60_000, signal });
    expect(ids(first.batch)).toEqual(["m1", "m2", "m3", "m4", "m5"]);
    expect(Buffer.byteLength(JSON.stringify({ Records: first.batch }))).toBeLessThanOrEqual(
      INVOCATION_PAYLOAD_BYTES_MAX,
    );
    const second = await gatherBatch(receive, first.carried, { batchSize: 3, windowMs: 60_000, signal });
    expect(ids(second.batch)).toEqual(["m6", "m7", "m8"]);
  });

  test("the cut counts bytes of JSON exactly", () => {
    const frame = Buffer.byteLength(JSON.stringify({ Records: [record(1, ""), record(2, "é")] }));
    const room = INVOCATION_PAYLOAD_BYTES_MAX - frame;
    const first = record(1, '"'.repeat(Math.floor(room / 2)) + "x".repeat(room % 2)); // a quote is two bytes of JSON
    const fits = [first, record(2, "é")];
    expect(Buffer.byteLength(JSON.stringify({ Records: fits }))).toBe(INVOCATION_PAYLOAD_BYTES_MAX);
    expect(cutPayload(fits).carried).toEqual([]);
    expect(ids(cutPayload([first, record(2, "éx")]).carried)).toEqual(["m2"]);
  });
});
