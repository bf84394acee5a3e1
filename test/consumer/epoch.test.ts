// A queue or a topic that is deleted and made anew under its name: option `epoch` keeps its positions apart from those of before.
// Attacks WM2 and KS2.

import { describe, expect, it } from "vitest";
import type { ExactlyOnceOptions } from "../../lib/index.ts";
import { createExactlyOnce } from "../../lib/middleware/exactly-once.ts";
import type { Send } from "../../lib/store/send.ts";
import { testConsumer } from "../support/consumer.ts";
import { fifoSource, kafkaSource, ORDERED, type TestSource } from "../support/source-events.ts";
import { records, sent } from "./ordered.ts";

type Epochs = readonly (string | undefined)[];

function life(source: TestSource): {
  /** The same two messages, twice, to a process of each epoch after the other. */
  deliver(epochs: Epochs, how: "effects" | "reduce"): Promise<void>;
  readonly memory: ReturnType<typeof testConsumer>["memory"];
} {
  const { context, host, memory, queue } = testConsumer();
  const send: Send = async (request) => memory.send(request);
  const redrive = source.name === "SQS FIFO" ? { redrive: "never" as const } : {};
  const base: ExactlyOnceOptions = { consumer: "c", table: "Records", retentionDays: 40, strategy: "watermark" };
  return {
    memory,
    async deliver(epochs, how) {
      for (const epoch of epochs) {
        const options = { ...base, ...redrive, ...(epoch === undefined ? {} : { epoch }) };
        const orders = createExactlyOnce(options, { host, send, sqsSend: queue.sqsSend, environment: {} });
        const handler =
          how === "effects"
            ? orders.lambda((_, tx) => tx.increment({ TableName: "Counters", Key: { id: "a" } }, { n: 1 }))
            : orders.reduce<number[], never>({
                table: "Orders",
                partitionKey: "orderId",
                initial: [],
                apply: (state, message) => [...state, sent(message).at],
              });
        for (let times = 0; times < 2; times++) {
          const answer = await host.run(handler(source.event(records("a a")), context()));
          expect(answer).toEqual({ batchItemFailures: [] });
        }
      }
    },
  };
}

const cases: [Epochs, number][] = [
  [[undefined, undefined], 2],
  [["1", "1"], 2],
  [[undefined, "2"], 4],
  [["1", "2", "1", undefined], 6],
];

describe.each(ORDERED)("$name", (source) => {
  it.each(cases)(
    "epochs %j: %i effects, and a position of one never stands for that of another",
    async (epochs, times) => {
      const { deliver, memory } = life(source);
      await deliver(epochs, "effects");
      expect(memory.items("Counters")).toEqual([{ id: { S: "a" }, n: { N: String(times) } }]);
      expect(memory.items("Records")).toHaveLength(new Set(epochs).size);
    },
  );

  it.each(cases)("epochs %j: %i messages are folded into one state", async (epochs, times) => {
    const { deliver, memory } = life(source);
    await deliver(epochs, "reduce");
    const [item, ...others] = memory.items("Orders");
    expect(item?.["state"]?.L).toHaveLength(times);
    expect(others).toEqual([]);
  });
});

it.each([
  [fifoSource, "c#watermark#ae85e2c0468f21679f5c827b327ef1b3fed10c020aa9029cdddad02d3e52c526"],
  [kafkaSource, "c#watermark#264978965bfbf3a38e31878a94d6b5e66e4e988f2780bf71945869c273cb9d98"],
])("without an epoch a watermark has the key that it always had", async (source, pk) => {
  const { deliver, memory } = life(source);
  await deliver([undefined], "effects");
  expect(memory.items("Records")).toMatchObject([{ pk: { S: pk } }]);
});
