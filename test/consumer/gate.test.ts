// What must not happen once an invocation has no time left: found by mutants that every other test let live.

import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describe, expect, it } from "vitest";
import { openDeadline } from "../../lib/consumer/deadline.ts";
import type { Tx } from "../../lib/index.ts";
import { testConsumer } from "../support/consumer.ts";
import { sqsEvent } from "../support/sqs-event.ts";
import { type VirtualHost, virtualHost } from "../support/virtual-host.ts";

const failed = (...ids: string[]): unknown => ({
  batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })),
});
const count = ({ messageId }: { messageId: string }, tx: Tx): void =>
  tx.increment({ TableName: "Counters", Key: { id: messageId } }, { n: 1 });

const HOUR_MS = 3_600_000;

/** The sandbox is frozen while the next timer is under way: when it thaws, an hour has passed for the clock alone. */
function freezeAtNextTimer(host: VirtualHost): void {
  const { after, nowMs } = host;
  let frozenMs = 0;
  host.nowMs = () => nowMs() + frozenMs;
  host.after = (delayMs, callback) =>
    after(delayMs, () => {
      frozenMs = HOUR_MS;
      callback();
    });
}

describe("after the gate closed", () => {
  it("L1: an invocation that is over has no time left, whatever the clock says", () => {
    const deadline = openDeadline({ awsRequestId: "r", getRemainingTimeInMillis: () => 10_000 }, 500, virtualHost());
    expect(deadline.timeLeftMs()).toBe(9_500);
    deadline.end();
    expect(deadline.timeLeftMs()).toBe(0);
  });

  it("L1: a sandbox that thaws between two tries of a commit sends nothing more", async () => {
    const scene = testConsumer({ key: "id" }, () => {
      freezeAtNextTimer(scene.host);
      return "throttled";
    });
    const { orders, host, context, requests } = scene;
    const event = sqsEvent({ body: { id: "a" } });
    expect(await host.run(orders.lambda(count)(event, context()))).toEqual(failed("m-1"));
    expect(requests).toHaveLength(1);
  });

  it("L1: nor does it send a group again", async () => {
    const scene = testConsumer({ key: "id" }, () => {
      freezeAtNextTimer(scene.host);
      return "never-applied";
    });
    const { orders, host, context, requests } = scene;
    const event = sqsEvent({ body: { id: "a" } }, { body: { id: "b" } });
    expect(await host.run(orders.lambda(count)(event, context()))).toEqual(failed("m-1", "m-2"));
    expect(requests).toHaveLength(1);
  });

  it("L1: nor does it acquire a key, though the gate's timer has not fired yet", async () => {
    const schema: StandardSchemaV1 = {
      "~standard": {
        version: 1,
        vendor: "frozen",
        validate: (value) =>
          new Promise((resolve) => {
            freezeAtNextTimer(scene.host);
            scene.host.after(10, () => resolve({ value }));
          }),
      },
    };
    const scene = testConsumer({ key: "id", strategy: "claim", schema });
    const { orders, host, context, requests } = scene;
    expect(await host.run(orders.lambda(count)(sqsEvent({ body: { id: "a" } }), context()))).toEqual(failed("m-1"));
    expect(requests).toEqual([]);
  });

  it("no handler is started, though its message was taken up before", async () => {
    const schema: StandardSchemaV1 = {
      "~standard": {
        version: 1,
        vendor: "slow",
        validate: (value) => new Promise((resolve) => host.after(1_600, () => resolve({ value }))),
      },
    };
    const { orders, host, context, requests } = testConsumer({ key: "id", schema });
    let runs = 0;
    const handler = orders.lambda(() => {
      runs++;
    });
    expect(await host.run(handler(sqsEvent({ body: { id: "a" } }), context(2_000)))).toEqual(failed("m-1"));
    expect([runs, requests]).toEqual([0, []]);
  });
});

it("B1: a message whose key's other message failed in the same batch is failed with it", async () => {
  const { orders, host, context, memory } = testConsumer({ key: "id" });
  const event = sqsEvent({ body: { id: "a" } }, { body: { id: "a" } });
  const handler = orders.lambda(() => {
    throw new Error("no");
  });
  expect(await host.run(handler(event, context()))).toEqual(failed("m-1", "m-2"));
  expect(memory.items("Orders")).toEqual([]);
});
