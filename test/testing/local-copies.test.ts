// Copies of a local cloud: tests that share one do not meet (CP1 and CP2 of lib/local/copies.ts among it).

import { ListTablesCommand } from "@aws-sdk/client-dynamodb";
import { ListQueuesCommand } from "@aws-sdk/client-sqs";
import type { LocalEvent } from "semel/local";
import { startLocal, type TestCloud } from "semel/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Fixture } from "../local/assembly-fixture.ts";
import { childrenOf, until } from "../local/cloud-fixture.ts";
import { writeShop } from "./local-assembly.ts";

let shop: Fixture;
beforeAll(async () => {
  shop = await writeShop();
});
afterAll(() => shop[Symbol.asyncDispose]());

const amounts = (from: number) =>
  Array.from({ length: 10 }, (_, index) => ({ id: `${index}`, customer: "anna", amount: from + index }));
const sum = (from: number): number => amounts(from).reduce((total, { amount }) => total + amount, 0);
const totals = async (cloud: TestCloud) => (await cloud.item("Totals", { customer: "anna" })) ?? {};

async function namesIn(cloud: TestCloud): Promise<string[]> {
  const { TableNames: tables = [] } = await cloud.clients.dynamodb.send(new ListTablesCommand({}));
  const { QueueUrls: urls = [] } = await cloud.clients.sqs.send(new ListQueuesCommand({}));
  return [...tables, ...urls.map((url) => url.replace(/^.*\//, ""))].sort();
}

describe.concurrent("copies side by side", () => {
  it("have messages, items, workers, faults, events, logs of their own", async () => {
    await using cloud = await startLocal(shop.path);
    const events: LocalEvent[] = [];
    const observer = (event: LocalEvent) => events.push(event);
    const faults = {
      calls: [{ fault: "reset-after", service: "dynamodb", operation: "TransactWriteItems", nth: [1] }],
    } as const;
    const [lossy, slow] = await Promise.all([cloud.copy({ faults, observer }), cloud.copy()]);
    slow.faults.inject({ fault: "duplicate", queue: "OrdersQueue", limit: 10 });
    const all = [cloud, lossy, slow];
    await Promise.all(all.map((one, index) => one.send("OrdersQueue", amounts(index * 100))));
    await Promise.all(all.map((one) => one.idle()));
    // The same keys: one record table for two would make duplicates of them.
    for (const [index, one] of all.entries()) {
      expect(await totals(one)).toMatchObject({ total: sum(index * 100), messages: 10 });
    }
    expect(all.map((one) => Object.keys(one.faults.counts()))).toEqual([[], ["reset-after"], ["duplicate"]]);
    const own = new Set(lossy.functions.map(({ name }) => name));
    const seen = events.flatMap((event) => ("functionName" in event && event.functionName ? [event.functionName] : []));
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.filter((name) => !own.has(name))).toEqual([]);
    expect(lossy.logs().filter(({ source }) => source !== "semel" && !own.has(source))).toEqual([]);
  });

  it("are not troubled by what the engine does to the queues of others", async () => {
    await using cloud = await startLocal(shop.path);
    const [one, other] = [await cloud.copy(), await cloud.copy()];
    one.faults.inject({ fault: "duplicate-late", delayMs: 10 });
    cloud.faults.inject({ fault: "reorder" });
    for (const cloudOrCopy of [cloud, one, other]) await cloudOrCopy.send("OrdersQueue", amounts(0));
    await Promise.all([cloud, one, other].map((each) => each.idle()));
    expect(one.faults.counts()).toEqual({ "duplicate-late": 10 });
    expect(Object.keys(cloud.faults.counts())).not.toContain("duplicate-late");
    expect(other.faults.counts()).toEqual({});
    expect(await totals(one)).toMatchObject({ total: sum(0), messages: 10 });
  });

  it("cannot restart the engines, but outlive their restart", async () => {
    await using cloud = await startLocal(shop.path, { restartable: true });
    await using copy = await cloud.copy();
    const before = await namesIn(cloud);
    for (const engine of ["sqs", "dynamodb"] as const) {
      expect(() => copy.faults.inject({ fault: "restart", engine, atMs: 1 })).toThrow(/Cannot restart .* in a copy/);
      const faults = { engines: [{ fault: "restart", engine, atMs: 1 }] } as const;
      await expect(cloud.copy({ faults })).rejects.toThrow(/Cannot restart .* in a copy/);
    }
    expect(await namesIn(cloud)).toEqual(before); // what it had made is gone
    const restart = cloud.faults.inject({ fault: "restart", engine: "sqs", atMs: 0, downMs: 200 });
    await until(() => restart.count() === 1);
    await copy.idle(); // its pollers have lost their connections
    await copy.send("OrdersQueue", amounts(0));
    await copy.idle();
    expect(await totals(copy)).toMatchObject({ total: sum(0), messages: 10 });
  });
});

describe("names of a copy", () => {
  it("are unique, also where the template gives them, and a literal is told", async () => {
    await using cloud = await startLocal(shop.path);
    const copy = await cloud.copy();
    const [first, second] = [cloud, copy].map(({ queues, tables, functions }) =>
      [...queues, ...tables, ...functions].map(({ name }) => name),
    );
    expect(second?.filter((name) => first?.includes(name))).toEqual([]);
    const suffix = /-([0-9a-f]{8})(\.fifo)?$/;
    expect(new Set(second?.map((name) => suffix.exec(name)?.[1])).size).toBe(1);
    expect(second?.map((name) => name.replace(suffix, "$2"))).toEqual(first);
    expect(second?.find((name) => name.startsWith("audit"))).toMatch(/^audit-\w+\.fifo$/);
    for (const one of [cloud, copy]) {
      const echo = (await one.invoke("Echo", {})) as { variables: Record<string, string>; named: string };
      const { Named: name } = one.outputs("Shop");
      expect([echo.variables["REFERENCE"], echo.named]).toEqual([name, name]);
    }
    const warnings = ({ logs }: TestCloud) => logs().filter(({ level }) => level === "warn");
    expect(warnings(copy).map(({ text }) => text)).toEqual([
      expect.stringMatching(/LITERAL of .*"named-table", a lit/),
    ]);
    expect(warnings(cloud)).toEqual([]);
  });
});

describe("stopping", () => {
  it("a copy leaves the others alone, a copy of it included, and takes its queues and tables along", async () => {
    await using cloud = await startLocal(shop.path);
    const before = await namesIn(cloud);
    const copy = await cloud.copy();
    const another = await copy.copy();
    expect((await namesIn(cloud)).length).toBe(before.length * 3);
    await copy.send("OrdersQueue", amounts(0)); // at work while it stops
    await copy.stop();
    await expect(copy.idle()).rejects.toThrow(/was stopped/);
    expect((await namesIn(cloud)).length).toBe(before.length * 2);
    for (const one of [cloud, another]) {
      await one.send("OrdersQueue", amounts(0));
      await one.idle();
      expect(await totals(one)).toMatchObject({ total: sum(0) });
    }
    await another.stop();
    expect(await namesIn(cloud)).toEqual(before);
  });

  it("the first stops all, those that only start included, and leaves no process", async () => {
    const cloud = await startLocal(shop.path);
    const copy = await cloud.copy();
    const starting = cloud.copy();
    await Promise.all([cloud, copy].map((one) => one.invoke("Echo", {})));
    expect((await childrenOf(process.pid)).length).toBeGreaterThan(3); // engine, reaper, workers
    await cloud.stop();
    expect(await childrenOf(process.pid)).toEqual([]);
    for (const one of [copy, await starting]) await expect(one.idle()).rejects.toThrow(/was stopped/);
    await copy.stop();
    await expect(cloud.copy()).rejects.toThrow(/was stopped/);
  });

  it("goes to its end while an engine is down by a fault", async () => {
    const cloud = await startLocal(shop.path);
    const [alone, together] = [await cloud.copy(), await cloud.copy()];
    const restart = cloud.faults.inject({ fault: "restart", engine: "sqs", atMs: 0, downMs: 60_000 });
    await until(() => restart.count() === 1);
    await alone.stop();
    expect(alone.logs().at(-1)?.text).toMatch(
      /what the copy ...-\w{8} has made in sqs could not be removed: .*ECONNREFUSED/,
    );
    await cloud.stop();
    expect(together.logs().filter(({ text }) => text.includes("removed"))).toEqual([]);
    expect(await childrenOf(process.pid)).toEqual([]);
  });

  it("an engine's death is told to all", async () => {
    await using cloud = await startLocal(shop.path);
    const copy = await cloud.copy();
    const another = await copy.copy();
    await copy.stop();
    const engine = (await childrenOf(process.pid)).find(({ command }) => command.includes("dynoxide"));
    process.kill(engine?.pid ?? 0, "SIGKILL");
    await until(() => another.logs().some(({ level }) => level === "error"));
    for (const one of [cloud, another]) await expect(one.idle()).rejects.toThrow(/dynamodb engine failed/);
    await expect(cloud.copy()).rejects.toThrow(/Cannot copy the local cloud: The dynamodb engine failed/);
  });
});
