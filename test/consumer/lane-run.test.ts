// What a failed or overtaken commit leaves behind. Attacks LR4 for rejections, and LR5.

import { describe, expect, it } from "vitest";
import { PermanentError, type Tx } from "../../lib/index.ts";
import type { Fault } from "../support/faulty-send.ts";
import { DLQ_URL } from "../support/memory-queue.ts";
import { kinesisSource } from "../support/source-events.ts";
import { records, type Sent } from "./ordered.ts";
import { watermarkScene } from "./watermarks.ts";

const orderId = (id: string) => ({ TableName: "Orders", Key: { orderId: id } });

it("LR4: what was given up for what it read is asked again where somebody else was faster", async () => {
  const scene = watermarkScene(kinesisSource, { options: { deadLetterQueueUrl: DLQ_URL } });
  let beside = true;
  const again = await scene.deliver(records("a a"), async ({ at }, tx) => {
    if (at === 8) throw new PermanentError("not by this version");
    const item = await tx.get(orderId("y"));
    if (beside) {
      beside = false;
      // An old invocation, of another version of the handler, that has the first message alone.
      const old = scene.orders.lambda((_, other) => other.put({ TableName: "Orders", Item: { orderId: "y" } }));
      await old(kinesisSource.event(records("a")), scene.context());
    }
    if (!item) throw new PermanentError("there is no y");
    tx.put({ TableName: "Orders", Item: { orderId: "z" } });
  });
  expect([again, scene.queue.deadLetters]).toEqual([[], []]);
  expect(scene.memory.items("Orders").map((item) => item["orderId"]?.S)).toEqual(["y", "z"]);
});

describe("LR5: what was left open before a condition failed stays open in the words", () => {
  const impossible = ({ id }: Sent, tx: Tx): void => {
    tx.put({ TableName: "Orders", Item: { orderId: id }, ConditionExpression: "attribute_exists(orderId)" });
  };
  const faults = (...all: Fault[]) => {
    const left = [...all];
    const last = left.at(-1) ?? "none";
    return ({ operation }: { operation: string }): Fault =>
      operation === "TransactWriteItems" ? (left.shift() ?? last) : "none";
  };

  it("where the handler then fails", async () => {
    const scene = watermarkScene(kinesisSource, { nextFault: faults("never-applied", "none") });
    let runs = 0;
    await scene.deliver(records("a"), (message, tx) => {
      if (++runs > 1) throw new Error("this time");
      impossible(message, tx);
    });
    expect([runs, scene.codes()]).toEqual([2, ["SEMEL_UNKNOWN_OUTCOME"]]);
    expect(scene.logged.find(({ level }) => level === "error")?.message).toMatch(/may still be applied.*this time/s);
  });

  it("where the condition fails to the end, and where a later commit meets a conflict", async () => {
    for (const rest of [["none"], ["none", "throttled"]] as const) {
      const scene = watermarkScene(kinesisSource, { nextFault: faults("never-applied", ...rest) });
      await scene.deliver(records("a"), impossible);
      expect(scene.codes()).toEqual(["SEMEL_UNKNOWN_OUTCOME"]);
    }
  });

  it("for each message of a run that was taken apart", async () => {
    const scene = watermarkScene(kinesisSource, { nextFault: faults("never-applied", "none", "throttled") });
    await scene.deliver(records("a a"), (message, tx) => message.at === 9 && impossible(message, tx));
    expect(scene.codes()).toEqual(["SEMEL_UNKNOWN_OUTCOME"]);
  });

  it("until the watermark is beyond it", async () => {
    const scene = watermarkScene(kinesisSource, { nextFault: faults("never-applied", "none") });
    await scene.deliver(records("a a"), (message, tx) => message.at === 9 && impossible(message, tx));
    expect(scene.codes()).toEqual(["SEMEL_CONDITION"]);
  });
});
