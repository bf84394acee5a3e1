// startLocal() of semel/testing: what a test does to its cloud, by names, and how it says what it cannot. Tests run side by side, as
// a user's may: each has a copy.

import { GetQueueAttributesCommand, type SendMessageBatchCommandInput } from "@aws-sdk/client-sqs";
import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { NumberValueImpl as NumberValue } from "@aws-sdk/util-dynamodb";
import { startLocal as startCloud } from "semel/local";
import { type LocalTestOptions, startLocal, type TestCloud } from "semel/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Fixture } from "../local/assembly-fixture.ts";
import { STACK, writeShop } from "./local-assembly.ts";

let shop: Fixture;
let cloud: TestCloud;
beforeAll(async () => {
  shop = await writeShop();
  cloud = await startLocal(shop.path);
});
afterAll(async () => {
  await cloud.stop();
  await shop[Symbol.asyncDispose]();
});

describe.concurrent("send", () => {
  it("sends one body, many bodies in batches, or messages, and gives their ids in order", async () => {
    await using own = await cloud.copy();
    const order = (amount: number) => ({ id: `o${amount}`, customer: "anna", amount });
    const one = await own.send("OrdersQueue", order(1));
    const many = await own.send(
      "OrdersQueue",
      Array.from({ length: 23 }, (_, index) => order(index + 2)),
    );
    const message = { body: order(25), attributes: { text: "a", number: 1.5, bytes: new Uint8Array([1, 2]) } };
    const mixed = await own.send("OrdersQueue", [message, JSON.stringify(order(26))]);
    expect([one.length, many.length, mixed.length, new Set([...one, ...many, ...mixed]).size]).toEqual([1, 23, 2, 26]);
    await own.idle();
    expect(await own.item("Totals", { customer: "anna" })).toMatchObject({ total: (26 * 27) / 2, messages: 26 });
  });

  it("keeps the options of the call and of each message", async () => {
    await using own = await cloud.copy();
    const bodies = Array.from({ length: 12 }, (_, index) => ({ body: { index }, deduplicationId: `d${index}` }));
    const ids = await own.send("Audit", bodies, { groupId: "g", attributes: { kind: "test" } });
    const queue = own.queues.find(({ logicalId }) => logicalId.startsWith("Audit"));
    const { Attributes: counts } = await own.clients.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: queue?.url, AttributeNames: ["ApproximateNumberOfMessages"] }),
    );
    expect([ids.length, counts?.["ApproximateNumberOfMessages"]]).toEqual([12, "12"]);
    await own.send("Notes", { body: "later", delaySeconds: 900 });
    await own.send("Notes", { body: "now", other: 1 }, { delaySeconds: 0 }); // no message: a body
    const notes = own.queues.find(({ logicalId }) => logicalId.startsWith("Notes0"));
    const names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesDelayed"] as const;
    const { Attributes: both } = await own.clients.sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: notes?.url, AttributeNames: [...names] }),
    );
    expect(both).toMatchObject({ ApproximateNumberOfMessages: "1", ApproximateNumberOfMessagesDelayed: "1" });
  });

  it("splits by bytes, too", async () => {
    await using own = await cloud.copy();
    const big = "x".repeat(400 * 1024);
    expect(new Set(await own.send("Notes", [big, big, big, big, big])).size).toBe(5);
  });

  it("sends again what SQS did not take for reasons of its own, and only that", async () => {
    await using own = await cloud.copy();
    let calls = 0;
    // In place of a server that lacks the time for one of a batch.
    own.clients.sqs.middlewareStack.add(
      (next) => async (args) => {
        calls += 1;
        if (calls > 1) return next(args);
        const { Entries: [first, ...rest] = [], ...input } = args.input as SendMessageBatchCommandInput;
        const answer = await next({ ...args, input: { ...input, Entries: rest } as typeof args.input });
        const Failed = [{ Id: first?.Id, SenderFault: false, Code: "InternalError" }];
        return { ...answer, output: { ...answer.output, Failed } as typeof answer.output };
      },
      { step: "initialize" },
    );
    const ids = await own.send("OrdersDeadLetterQueue", ["a", "b", "c"]);
    const sends = calls;
    const letters = await own.deadLetters("OrdersDeadLetterQueue");
    const bodies = new Map(letters.map(({ messageId, body }) => [messageId, body]));
    expect([sends, letters.length, ids.map((id) => bodies.get(id))]).toEqual([2, 3, ["a", "b", "c"]]);
  });

  it("says what SQS refused, and what has no JSON form", async () => {
    await using own = await cloud.copy();
    await expect(own.send("Notes", ["fine", { body: "x", delaySeconds: 901 }])).rejects.toThrow(
      /Cannot send to notes-\w+: message 1: .*1 of the messages were sent/,
    );
    await expect(own.send("Notes", [() => 1])).rejects.toThrow(/body of message 0 is function/);
    await expect(own.send("Notes", "x", { delay: 1 } as object)).rejects.toThrow(/unknown option delay; known: attr/);
  });
});

describe.concurrent("items", () => {
  it("are plain values, whose numbers are never rounded", async () => {
    await using own = await cloud.copy();
    const digits = "12345678901234567890.123456789";
    const item = { pk: "a", whole: 2n ** 70n, safe: 2 ** 53 - 1, tenth: 0.1, long: NumberValue.from(digits) };
    const TableName = own.outputs(STACK)["Named"];
    await own.clients.dynamodb.send(new PutCommand({ TableName, Item: item }));
    const { long, ...rest } = (await own.item("Named", { pk: "a" })) ?? {};
    const { long: _, ...expected } = item;
    expect([rest, String(long)]).toEqual([expected, digits]);
    expect(await own.items("named-table")).toEqual([{ ...rest, long }]);
    expect(await own.item("Named", { pk: "b" })).toBeUndefined();
    await expect(own.item("Named", { other: "a" })).rejects.toThrow(/item of table named-table-\w+ with .*"other":"a"/);
  });

  it("are all of them, beyond one page", async () => {
    await using own = await cloud.copy();
    const TableName = own.outputs(STACK)["Named"];
    const Item = { text: "x".repeat(390_000) };
    for (const pk of ["1", "2", "3", "4"]) {
      await own.clients.dynamodb.send(new PutCommand({ TableName, Item: { ...Item, pk } }));
    }
    expect((await own.items("Named")).map(({ pk }) => pk).sort()).toEqual(["1", "2", "3", "4"]);
  });
});

describe.concurrent("dead letters", () => {
  it("tell body, attributes and semel's reason, and stay where they are", async () => {
    await using own = await cloud.copy();
    const body = { id: "bad", customer: "anna", amount: -1 };
    const attributes = { text: "t", number: 7, bytes: new Uint8Array([255, 0, 1]) };
    const [messageId] = await own.send("OrdersQueue", body, { attributes });
    await own.idle();
    const letters = await own.deadLetters("OrdersQueue");
    expect(letters).toEqual([
      {
        messageId: expect.not.stringMatching(`^${messageId}$`),
        body,
        attributes,
        failure: {
          code: "SEMEL_PERMANENT",
          reason: expect.stringContaining("amount is -1"),
          consumer: "totals",
          messageId,
        },
        receiveCount: 0,
      },
    ]);
    expect(await own.deadLetters("OrdersDeadLetterQueue")).toEqual(letters);
    await expect(own.deadLetters("Notes0")).rejects.toThrow(/"Notes0B2B3C4D": it has no dead-letter queue and is none/);
  });

  it("have no reason when they were received too often, and come back by redrive", async () => {
    await using own = await cloud.copy();
    const ids = await own.send("ThrowsQueue", ["no JSON", { json: true }]);
    await own.idle();
    const letters = await own.deadLetters("ThrowsDead");
    expect(letters.map(({ body, failure, messageId }) => [body, failure, ids.includes(messageId)])).toEqual([
      ["no JSON", undefined, true],
      [{ json: true }, undefined, true],
    ]);
    expect(await own.redrive("ThrowsDead")).toBe(2);
    await own.idle();
    const again = await own.deadLetters("ThrowsDead");
    expect(again.map(({ messageId }) => ids.includes(messageId))).toEqual([false, false]);
  });

  it("that semel rejected come back, too, though they do not say where they came from", async () => {
    await using own = await cloud.copy();
    await own.send("OrdersQueue", { id: "bad", customer: "anna", amount: -1 });
    await own.idle();
    expect(await own.redrive("OrdersQueue")).toBe(1);
    await own.idle();
    expect(await own.deadLetters("OrdersQueue")).toMatchObject([{ failure: { code: "SEMEL_PERMANENT" } }]);
  });

  it("are read from an engine of somebody else's", async () => {
    await using own = await cloud.copy();
    const { sqs } = own.clientConfig;
    await using guest = await startLocal(shop.path, { endpoints: { sqs: sqs.endpoint } });
    const bodies = Array.from({ length: 12 }, (_, index) => ({ id: `bad${index}`, customer: "anna", amount: -1 }));
    const bytes = new Uint8Array([1, 2, 3]);
    await using copy = await guest.copy();
    await copy.send("OrdersDeadLetterQueue", bodies, { attributes: { bytes } });
    for (const _ of ["once", "and again: they are visible"]) {
      const letters = await copy.deadLetters("OrdersDeadLetterQueue");
      expect(letters.map(({ body }) => body)).toEqual(expect.arrayContaining(bodies));
      expect(letters[0]?.attributes).toEqual({ bytes });
    }
  });
});

describe.concurrent("invoke, logs, idle", () => {
  it("runs a function, and keeps what it logs by its name", async () => {
    await using own = await cloud.copy();
    expect(await own.invoke("Echo", { text: "a" })).toMatchObject({ event: { text: "a" } });
    await own.send("OrdersQueue", { id: "1", customer: "anna", amount: 1 });
    await own.idle();
    expect(own.logs("Echo").map(({ text }) => text)).toEqual(['echo {"text":"a"}']);
    expect(own.logs().some(({ text }) => text === "adding 1 for anna")).toBe(true);
    expect(cloud.logs("Echo")).toEqual([]);
  });

  it("tells the last lines in an error, and to a logger that is given instead", async () => {
    await using own = await cloud.copy();
    await expect(own.invoke("Echo", { fails: true })).rejects.toThrow(/TypeError: as asked\nLogged last:\n.*echo/s);
    await own.send("ThrowsQueue", "x");
    await expect(own.idle({ timeoutMs: 300 })).rejects.toThrow(/Waited 300 ms .*Logged last:/s);
    const lines: string[] = [];
    await using logging = await cloud.copy({ logger: ({ text }) => lines.push(text) });
    await expect(logging.invoke("Echo", { fails: true })).rejects.toThrow(/as asked \(SEMEL_LOCAL\)$/);
    expect(lines).toContain('echo {"fails":true}');
    expect(logging.logs("Echo").map(({ text }) => text)).toEqual(lines.slice(-logging.logs("Echo").length));
  });

  it("injects faults by the same names", async () => {
    await using own = await cloud.copy({
      faults: { calls: [{ fault: "throttle", service: "dynamodb", function: "OrdersFunction", nth: [1] }] },
    });
    const lost = own.faults.inject({ fault: "lost-delete", queue: "OrdersQueue", limit: 1 });
    const expiry = own.faults.inject({ fault: "visibility-expiry", queue: "OrdersQueue", delayMs: 100, limit: 1 });
    await own.send("OrdersQueue", { id: "1", customer: "anna", amount: 5 });
    await own.idle();
    expect(own.faults.counts()).toMatchObject({ throttle: 1, "lost-delete": 1 });
    expect([lost.count(), expiry.count()]).toEqual([1, 1]);
    expect(await own.items("Totals")).toEqual([expect.objectContaining({ total: 5, messages: 1 })]);
    expect(() => own.faults.inject({ fault: "pause", queue: "Orders", atMs: 1, forMs: 1 })).toThrow(
      /queue "Orders" may be each of OrdersQueue3A2B3C4D, OrdersDeadLetterQueue4A2B3C4D/,
    );
  });
});

describe("names", () => {
  it.each([
    "Notes0B2B3C4D",
    "Shop/Notes0B2B3C4D",
    "Notes", // a construct's id before one that only begins so
    "notes", // as the template has it
  ])("%s finds the queue", async (name) => {
    for (const one of [cloud, await cloud.copy()]) {
      const found = one.queues.find(({ logicalId }) => logicalId === "Notes0B2B3C4D");
      for (const called of [name, found?.name ?? "", found?.url ?? ""]) await one.send(called, "x");
      const { Attributes: counts } = await one.clients.sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: found?.url, AttributeNames: ["ApproximateNumberOfMessages"] }),
      );
      expect(Number(counts?.["ApproximateNumberOfMessages"]) % 3).toBe(0);
    }
  });

  it("unknown or ambiguous are errors that list what there is", async () => {
    await expect(cloud.send("Nothing", 1)).rejects.toThrow(
      /queue "Nothing" does not run here; running: OrdersQueue3A2B3C4D, OrdersDead/,
    );
    await expect(cloud.send("Note", 1)).rejects.toThrow(/"Note" may be each of Notes0B2B3C4D, NotesOfOld0B2B3C4E; use/);
    await expect(cloud.items("")).rejects.toThrow(/table "" does not run here; running: Records0A1B2C3D, Totals/);
    await expect(cloud.invoke("Orders", {})).rejects.toThrow(/Function Shop-OrdersFunction5A2B3C4D failed/);
    expect(() => cloud.logs("orders")).toThrow(/function "orders" does not run here; running: OrdersFunction/);
  });
});

describe("starting", () => {
  it("refuses unknown options, stacks, sources", async () => {
    await expect(startLocal(shop.path, { stack: "Shop" } as LocalTestOptions)).rejects.toThrow(/unknown option stack;/);
    await expect(startLocal(shop.path, { stacks: ["Two"] })).rejects.toThrow(/"Two".*it has Shop/);
    await expect(startLocal("/nowhere")).rejects.toThrow(/no cloud assembly/);
    await expect(cloud.copy({ stacks: ["Shop"] } as object)).rejects.toThrow(
      /unknown option stacks; known: logger, obs/,
    );
  });

  it("gives what the local cloud has; when it was stopped, nothing goes on", async () => {
    const events: string[] = [];
    const own = await startLocal(shop.path, { observer: ({ kind }) => events.push(kind) });
    const { dynamodb } = own.clients;
    expect([own.stackNames, own.tables.length, own.functions.length]).toEqual([[STACK], 3, 3]);
    await own.invoke("Echo", {});
    expect(events).toContain("invocation-started");
    await own.stop();
    await own.stop();
    await expect(own.idle()).rejects.toThrow(/was stopped/);
    await expect(dynamodb.send(new GetCommand({ TableName: "x", Key: { pk: "a" } }))).rejects.toThrow();
    await expect(own.copy()).rejects.toThrow(/was stopped/);
  });

  it("is the same cloud that semel/local starts", async () => {
    await using plain = await startCloud({ assembly: shop.path, logger: () => {} });
    expect(plain.queues.map(({ name }) => name)).toEqual(cloud.queues.map(({ name }) => name));
  });
});
