// Attacks FI1, FI2, EX1, VT1 and VT2: what a schedule has no hand in is an error, and what it has a hand in is the sandbox's.

import childProcess from "node:child_process";
import { randomUUID } from "node:crypto";
import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import http from "node:http";
import { createRequire } from "node:module";
import net from "node:net";
import timers from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";
import { DynamoDBClient, ListTablesCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Context, SQSEvent } from "aws-lambda";
import { describe, expect, it } from "vitest";
import { assertExactlyOnce, type ExplorableHandler, stub } from "../../lib/testing/index.ts";
import { addOne, client, ORDERS, ordersOf } from "./handlers.ts";

const NOTHING = { ...ORDERS, effects: () => 1, faults: 0, deliveries: 1 };
const stranger = new DynamoDBClient({});

describe("FI1: foreign work", () => {
  it.each<[string, () => unknown, RegExp]>([
    ["fetch", () => fetch("https://example.com/charge"), /called fetch \(fetch https:\/\/example\.com\/charge\)/],
    ["an HTTP request", () => http.get("http://example.com"), /sent an HTTP request \(get http:\/\/example\.com\)/],
    ["a socket", () => net.connect(443, "example.com"), /opened a socket/],
    ["a name", () => lookup("example.com"), /resolved a name \(lookup example\.com\)/],
    ["a process", () => childProcess.spawn("true"), /started a process \(spawn true\)/],
    ["a process that is waited for", () => childProcess.execSync("true"), /started a process \(execSync true\)/],
    [
      "an operation that the store does not know",
      () => client.send(new ListTablesCommand({})),
      /DynamoDB_20120810\.ListTables/,
    ],
  ])("%s is refused, even where the handler hides it", async (_name, act, told) => {
    const handler: ExplorableHandler = async () => {
      try {
        await act();
      } catch {}
    };
    const error = await assertExactlyOnce(handler, { ...NOTHING, clients: [client] }).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: "SEMEL_FOREIGN_IO", message: expect.stringMatching(told) });
  });

  it("names the line, and the remedy, and nobody but the handler", async () => {
    let stack = "";
    const handler = async (): Promise<void> => {
      Error.stackTraceLimit = 50;
      stack = new Error("here").stack ?? "";
      Error.stackTraceLimit = 0;
      await fetch("https://example.com");
    };
    await expect(assertExactlyOnce(handler, NOTHING)).rejects.toThrow(
      /foreign\.test\.ts:\d+.*clients: \[client\].*stub/s,
    );
    expect(stack).toMatch(/foreign\.test\.ts/);
    expect(stack).not.toMatch(/vitest|explore-handler/);
  });

  it.each<[string, () => unknown]>([
    ["at once", () => readFileSync(import.meta.filename)],
    ["in time", () => readFile(import.meta.filename)],
  ])("FI2: a file is read once, in the rehearsal, and no more then (%s)", async (_how, act) => {
    let read = 0;
    const reader = (times: number) => async (): Promise<void> => {
      if (read++ < times) await act();
    };
    await expect(assertExactlyOnce(reader(1), NOTHING)).resolves.toMatchObject({ faults: 0 });
    read = 0;
    await expect(assertExactlyOnce(reader(9), NOTHING)).rejects.toThrow(/touched a file \(readFile/);
  });

  it("FI2: a module is loaded whenever it is needed", async () => {
    const require = createRequire(import.meta.url);
    const path = require.resolve("../../package.json");
    let loaded = 0;
    const handler = (): undefined => {
      delete require.cache[path];
      if ((require(path) as { name: string }).name === "semel") loaded++;
    };
    await expect(assertExactlyOnce(handler, NOTHING)).resolves.toMatchObject({ faults: 0 });
    expect(loaded).toBeGreaterThan(1);
  });

  it("an SDK client that is not given is found out", async () => {
    const put = new PutItemCommand({ TableName: "Orders", Item: { orderId: { S: "o-1" } } });
    const handler = async (): Promise<void> => {
      await stranger.send(put).catch(() => undefined);
    };
    await expect(assertExactlyOnce(handler, NOTHING)).rejects.toMatchObject({ code: "SEMEL_FOREIGN_IO" });
  });

  it("a promise that nobody resolves is told", async () => {
    const handler = (): Promise<void> => new Promise(() => {});
    await expect(assertExactlyOnce(handler, NOTHING)).rejects.toThrow(/waits for nothing that a schedule could bring/);
  });

  it("outside of the handler everything is as it was, meanwhile and after", async () => {
    const handler = async (event: SQSEvent): Promise<void> => {
      for (const order of ordersOf(event)) await addOne(order);
    };
    const seen = () => [
      ...[setTimeout, Date, Math.random, fetch, timers.setTimeout],
      ...[client.config.requestHandler, Error.stackTraceLimit],
    ];
    const before = seen();
    const running = assertExactlyOnce(handler, {
      ...ORDERS,
      clients: [client],
      faults: 1,
      faultKinds: ["throttled"],
      deliveries: 1,
    });
    await sleep(5);
    expect(Math.abs(Date.now() - performance.timeOrigin - performance.now())).toBeLessThan(60_000);
    expect(readFileSync(import.meta.filename, "utf8")).toContain("meanwhile and after");
    await running;
    const after = seen();
    expect(after).toEqual(before);
    expect(after.every((one, index) => Object.is(one, before[index]))).toBe(true);
  });
});

describe("EX1: a handler that is left to chance", () => {
  it.each<[string, ExplorableHandler]>([
    [
      "a variable of a module",
      (() => {
        let calls = 0;
        return async () => {
          if (calls++ % 3 === 0) await addOne({ orderId: "o-1" });
        };
      })(),
    ],
    [
      "a random value that was taken outside",
      (() => {
        const outside = Math.random;
        return () => addOne({ orderId: String(outside()) });
      })(),
    ],
  ])("%s is an error of its own", async (_name, handler) => {
    const given = { ...ORDERS, clients: [client], effects: () => 1, faults: 1, deliveries: 2 };
    const error = await assertExactlyOnce(handler, given).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "SEMEL_NOT_DETERMINISTIC", message: expect.stringMatching(/\{ create \}/) });
  });

  it("what is made anew for each process is not", async () => {
    const create = (): ExplorableHandler => {
      let calls = 0;
      return async () => {
        if (calls++ % 3 === 0) await addOne({ orderId: "o-1" });
      };
    };
    const given = { ...ORDERS, clients: [client], effects: () => 1, faults: 1, deliveries: 2 };
    await expect(assertExactlyOnce({ create }, given)).resolves.toMatchObject({ faults: 1 });
  });
});

describe("VT1: time and chance of a sandbox", () => {
  it("are the same in every run, and pass by the schedule", async () => {
    const seen = new Set<string>();
    const note = stub("note");
    const handler = async (_: SQSEvent, context: Context): Promise<void> => {
      const fromMs = Date.now();
      await sleep(1_000);
      await new Promise((resolve) => setTimeout(resolve, 500));
      await new Promise((resolve) => setImmediate(resolve));
      const ticks = await new Promise((resolve) => {
        let count = 0;
        const interval = setInterval(() => {
          if (++count < 3) return;
          clearInterval(interval);
          resolve(count);
        }, 100);
      });
      const passedMs = Date.now() - fromMs;
      const leftMs = context.getRemainingTimeInMillis();
      const bytes = crypto.getRandomValues(new Uint8Array(4)).join();
      seen.add(
        JSON.stringify([fromMs, passedMs, leftMs, ticks, randomUUID(), bytes, Math.random(), new Date().toISOString()]),
      );
      await note();
    };
    await assertExactlyOnce(handler, {
      ...NOTHING,
      effects: ({ calls }) => calls(note).length,
      faultKinds: ["dies"],
      faults: 0,
    });
    expect(seen.size).toBe(1);
    const [fromMs, passedMs, leftMs, ticks] = JSON.parse([...seen][0] ?? "") as number[];
    expect([passedMs, leftMs, ticks]).toEqual([1_800, 8_200, 3]);
    expect(fromMs).toBe(1_767_600_000_000);
  });

  it("a pause that is longer than the function ends it", async () => {
    const note = stub("note");
    const handler = async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 60_000));
      await note();
    };
    await expect(
      assertExactlyOnce(handler, { ...NOTHING, effects: ({ calls }) => calls(note).length }),
    ).rejects.toThrow(/stuck: .*reaches the timeout of its function/s);
  });

  it("AbortSignal.timeout is of the sandbox, and so is a race against it", async () => {
    const note = stub("note", () => "noted");
    const handler = async (): Promise<void> => {
      const signal = AbortSignal.timeout(3_000);
      const aborted = new Promise((resolve) => signal.addEventListener("abort", () => resolve("aborted")));
      expect(await Promise.race([note(), aborted])).toBe("noted");
    };
    await expect(
      assertExactlyOnce(handler, { ...NOTHING, effects: ({ calls }) => calls(note).length }),
    ).resolves.toMatchObject({ faults: 0 });
  });
});

describe("messages that a handler sends", () => {
  it("are read by effects", async () => {
    const sqs = new SQSClient({});
    const QueueUrl = "http://localhost/123456789012/next";
    const handler = async (event: SQSEvent): Promise<void> => {
      for (const { body } of event.Records) await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: body }));
    };
    const given = {
      ...NOTHING,
      clients: [sqs],
      effects: ({ sent }: { sent: (url: string) => object[] }) => sent(QueueUrl).length,
    };
    await expect(assertExactlyOnce(handler, given)).resolves.toMatchObject({ faults: 0 });
    await expect(assertExactlyOnce(handler, { ...given, faults: 1 })).rejects.toThrow(/doubled.*SendMessage on http/s);
  });
});
