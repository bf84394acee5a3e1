// semel redrive, as a process of its own, against the local SQS and dynoxide.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SetQueueAttributesCommand } from "@aws-sdk/client-sqs";
import { describe, expect, test } from "vitest";
import { PermanentError } from "../../lib/errors.ts";
import { until } from "../local/cloud-fixture.ts";
import { type Pair, type Scene, startScene, summary } from "../redrive/scene.ts";
import { type Running, start } from "./process.ts";

const FIXTURES = join(import.meta.dirname, "../redrive/fixtures");

function startRedrive(scene: Scene, ...args: string[]): Running {
  const endpoints = ["--sqs-endpoint", scene.endpoint, "--dynamodb-endpoint", scene.dynoxide.endpoint];
  return start(["redrive", ...args, ...endpoints], ["--conditions=@semel/source"]);
}

async function run(scene: Scene, ...args: string[]): Promise<{ status: number | null; out: string; err: string }> {
  const { output, status } = startRedrive(scene, ...args);
  return { status: await status, ...output };
}

const recordsOf = ({ consumer }: Pair): string[] => ["--table", "Records", "--consumer", consumer];

describe.concurrent("semel redrive", { timeout: 90_000 }, () => {
  test("wrong usage says what is allowed", async () => {
    await using scene = await startScene();
    const cases: readonly [readonly string[], number, RegExp][] = [
      [["--help"], 0, /Usage: semel redrive DLQ/],
      [[], 2, /no dead-letter queue is named/],
      [["a", "--bogus"], 2, /--bogus[\s\S]*Usage:/],
      [["no-such-queue"], 1, /SQS does not find no-such-queue/],
    ];
    const answers = await Promise.all(cases.map(([args]) => run(scene, ...args)));
    for (const [index, [args, status, message]] of cases.entries()) {
      const { out, err, status: seen } = answers[index] ?? { out: "", err: "", status: null };
      expect(out + err, args.join(" ")).toMatch(message);
      expect(seen, args.join(" ")).toBe(status);
    }
  });

  test("tells, moves, and writes the figures", async () => {
    await using scene = await startScene();
    const pair = await scene.pair();
    await pair.send("done", { n: 1 });
    await pair.consume(undefined, {}, true);
    await pair.send("never", { n: 2 });
    await pair.exhaust();
    await pair.send("rejected", { n: 3 });
    await pair.consume(() => {
      throw new PermanentError("no such product");
    });
    const folder = await mkdtemp(join(tmpdir(), "semel-redrive-"));
    const json = join(folder, "figures.json");
    const looked = await run(scene, pair.names.dead, ...recordsOf(pair), "--dry-run", "--remove-done");
    expect(looked).toMatchObject({ status: 0 });
    expect(looked.out).toMatch(
      /^q\d+-dead -> q\d+; records of consumer c\d+ in table Records, strategy commit\nkeys are those of .*--handler\n/,
    );
    expect(looked.out).toMatch(/ never-run +1 +would be moved: no record/);
    expect(looked.out).toMatch(
      / rejected +1 +would be moved: [\s\S]* SEMEL_PERMANENT +1 +.*no such product \([0-9a-f-]{36}\)\n/,
    );
    expect(looked.out).toMatch(/ done +1 +would be removed: their effects are there/);
    expect(looked.out).toMatch(/3 messages looked at; nothing was moved or removed\nSQS counts about 3 /);
    const moved = await run(scene, pair.deadUrl, ...recordsOf(pair), "--remove-done", "--json", json);
    expect(moved).toMatchObject({ status: 0 });
    expect(moved.out).toMatch(/2 messages moved, 1 removed, 0 stay, of 3 looked at\n/);
    const figures = JSON.parse(await readFile(json, "utf8"));
    await rm(folder, { recursive: true });
    expect(summary(figures)).toEqual({ "never-run": 1, rejected: 1, done: 1 });
    expect(figures).toMatchObject({ consumer: pair.consumer, moved: 2, removed: 1 });
    await pair.consume();
    expect(await scene.effects()).toEqual({ done: 1, never: 1, rejected: 1 });
  });

  test("--handler: what its module opens does not keep the process", async () => {
    await using scene = await startScene();
    const pair = await scene.pair();
    await pair.send(undefined, { orderId: "never", pence: 4 });
    await pair.exhaust();
    const handler = ["--handler", join(FIXTURES, "handler.ts"), ...recordsOf(pair)];
    const { status, out } = await run(scene, pair.names.dead, ...handler);
    expect(out).toMatch(/ never-run +1 +moved/);
    expect(status).toBe(0);
  });

  test("what a consumer with a watermark has done is not sent again under a new place in its order", async () => {
    await using scene = await startScene();
    const pair = await scene.pair(true);
    const watermark = { strategy: "watermark", redrive: "never" } as const;
    const consume = (keeps: boolean) =>
      pair.consume(
        (_, tx) => tx.increment({ TableName: "Effects", Key: { id: `${pair.consumer}/all` } }, { times: 1 }),
        watermark,
        keeps,
      );
    await pair.send("a", { n: 1 }, { MessageGroupId: "g", MessageDeduplicationId: "a" });
    await consume(true); // committed, and the process died before it said so
    await pair.exhaust();
    const told = [pair.names.dead, ...recordsOf(pair), "--strategy", "watermark"];
    const { status, out } = await run(scene, ...told);
    expect(out).toMatch(/ unknown +1 +stay/);
    expect(status).toBe(0);
    await consume(false);
    expect(await scene.effects()).toMatchObject({ all: 1 });
    expect((await run(scene, ...told, "--only", "unknown")).out).toMatch(/ unknown +1 +moved/);
  });

  test("with several queues, --to is required, and moves only what is that queue's", async () => {
    await using scene = await startScene();
    const [one, other] = [await scene.pair(), await scene.pair()];
    const { QueueArn = "" } = await scene.calls.attributesOf(one.deadUrl);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: QueueArn, maxReceiveCount: 1 });
    await scene.sqs.send(new SetQueueAttributesCommand({ QueueUrl: other.url, Attributes: { RedrivePolicy } }));
    for (const pair of [one, other]) {
      await pair.send("a", { n: 1 });
      await pair.exhaust();
    }
    const unsaid = await run(scene, one.names.dead, ...recordsOf(one));
    expect(unsaid).toMatchObject({ status: 1, err: expect.stringMatching(/of q\d+, q\d+\. Name the one .* by --to/) });
    const { status, out } = await run(scene, one.names.dead, "--to", other.names.source, ...recordsOf(other));
    expect(status).toBe(0);
    expect(out).toMatch(/ elsewhere +1 +stay/);
    expect([one.counts("source").visible, other.counts("source").visible]).toEqual([0, 1]);
  });

  test.each(["SIGINT", "SIGKILL"] as const)(
    "%s in the middle: called again, it goes on, and nothing is lost",
    async (signal) => {
      await using scene = await startScene();
      const pair = await scene.pair();
      const keys = Array.from({ length: 100 }, (_, index) => `k${index}`);
      for (const key of keys) await pair.send(key, { key });
      await pair.exhaust();
      const { child, output, status } = startRedrive(scene, pair.names.dead, ...recordsOf(pair), "--rate", "5/s");
      await until(() => pair.counts("source").visible >= 5);
      child.kill(signal);
      expect(await status).toBe(signal === "SIGINT" ? 130 : null);
      const { inFlight, visible } = pair.counts("dead");
      expect(inFlight + visible).toBeGreaterThan(0);
      if (signal === "SIGINT") {
        expect(inFlight).toBe(0);
        expect(output.out).toMatch(/interrupted; the same command goes on where it was/);
      } else {
        expect(visible).toBe(0);
        scene.turn(120_000);
      }
      expect(await run(scene, pair.names.dead, ...recordsOf(pair))).toMatchObject({ status: 0 });
      expect(pair.counts("dead")).toEqual({ visible: 0, inFlight: 0 });
      await pair.consume();
      const once = Object.fromEntries(keys.sort().map((key) => [key, 1]));
      expect(await scene.effects()).toEqual(once);
    },
  );
});
