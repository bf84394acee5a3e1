// Strategy watermark under faults: batches are delivered until nothing comes again, with requests that go wrong, handlers that
// fail, or say that they can never succeed, dead letters that do not arrive, deadlines that come early, old invocations beside
// the new one. Attacks WM1, WM3, LN1, LR1 to LR3, OR4 and I10: effects of a key in order, no gap, no repeat, no loss.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PermanentError, type Tx } from "../../lib/index.ts";
import { readOutboxItem } from "../../lib/protocol/outbox.ts";
import { OUTBOX } from "../support/consumer.ts";
import { FAULTS, type Fault } from "../support/faulty-send.ts";
import { DLQ_URL, memoryQueue, type QueueFault } from "../support/memory-queue.ts";
import { ORDERED, type TestRecord, type TestSource } from "../support/source-events.ts";
import { append, records, type Scene, type Sent } from "./ordered.ts";
import { watermarkScene } from "./watermarks.ts";

const SHIPMENTS = "https://sqs.eu-west-1.amazonaws.com/123456789012/shipments.fifo";
const TROUBLED = 6;
const DELIVERIES_MAX = 12;

type End = "well" | "fails" | "never" | "slow";
/** What a message does beside its own item and its key's counter. */
type Act = "nothing" | "appends" | "reads" | "reads unguarded" | "adds to all" | "sends";

interface Trouble {
  readonly messages: readonly { readonly key: string; readonly act: Act }[];
  /** By number of the request. */
  readonly faults: readonly Fault[];
  readonly letterFaults: readonly QueueFault[];
  /** By number of the handler's run. */
  readonly ends: readonly End[];
  readonly timesLeftMs: readonly number[];
  readonly concurrency: number;
  readonly zombies: readonly number[];
  readonly known: number;
  readonly groupCommit: boolean;
  readonly twice: boolean;
}

const mostly = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(usual) }, fc.constantFrom(...others));

const trouble: fc.Arbitrary<Trouble> = fc.record({
  messages: fc.array(
    fc.record({
      key: fc.constantFrom("a", "b", "c"),
      act: fc.constantFrom<Act>("nothing", "nothing", "appends", "reads", "reads unguarded", "adds to all", "sends"),
    }),
    { minLength: 2, maxLength: 10 },
  ),
  faults: fc.array(mostly<Fault>("none", "slow", ...FAULTS), { minLength: 1, maxLength: 12 }),
  letterFaults: fc.array(mostly<QueueFault>("none", "answer-lost", "never-applied", "hangs"), {
    minLength: 1,
    maxLength: 5,
  }),
  ends: fc.array(mostly<End>("well", "fails", "never", "slow"), { minLength: 1, maxLength: 12 }),
  timesLeftMs: fc.array(fc.constantFrom(600, 3_000, 30_000), { minLength: 1, maxLength: 4 }),
  concurrency: fc.constantFrom(1, 2, 10),
  zombies: fc.array(fc.constantFrom(0, 0, 1, 2), { minLength: 1, maxLength: 4 }),
  known: fc.constantFrom(0, 1, 100),
  groupCommit: fc.boolean(),
  twice: fc.boolean(),
});

async function declare(act: Act, message: Sent, tx: Tx): Promise<void> {
  const { id, key } = message;
  tx.increment({ TableName: "Counters", Key: { id } }, { times: 1 });
  tx.increment({ TableName: "Counters", Key: { id: key } }, { n: 1 });
  if (act === "adds to all") tx.increment({ TableName: "Counters", Key: { id: "all" } }, { n: 1 });
  if (act.startsWith("reads")) {
    const log = await tx.get<{ places?: number[] }>(
      { TableName: "Orders", Key: { orderId: key } },
      { guard: act === "reads" },
    );
    const places = [...(log?.places ?? []), message.at];
    tx.put({ TableName: "Orders", Item: { orderId: key, places } });
  }
  if (act === "appends") append(message, tx);
  if (act === "sends") tx.send(SHIPMENTS, String(message.at), { groupId: key });
}

async function deliverAll(source: TestSource, given: Trouble): Promise<void> {
  const { messages, faults, letterFaults, ends, timesLeftMs, concurrency, zombies, known, groupCommit, twice } = given;
  let [requests, letters, runs, troubled] = [0, 0, 0, true];
  const queue = memoryQueue(() => (troubled ? (letterFaults[letters++ % letterFaults.length] ?? "none") : "none"));
  const scene = watermarkScene(source, {
    options: {
      outbox: { table: OUTBOX },
      concurrency,
      committedKeysMax: known,
      groupCommit,
      deadLetterQueueUrl: DLQ_URL,
    },
    nextFault: () => (troubled ? (faults[requests++ % faults.length] ?? "none") : "none"),
    queue,
  });
  const all = records(messages.map(({ key }) => key).join(" "));
  const acts = new Map(all.map(({ at }, index) => [at, messages[index]?.act ?? "nothing"]));
  const handler = async (message: Sent, tx: Tx): Promise<void> => {
    const end = troubled ? (ends[runs++ % ends.length] ?? "well") : "well";
    if (end === "slow") await new Promise<void>((resolve) => scene.host.after(400, resolve));
    if (end === "fails") throw new Error("this time");
    if (end === "never") throw new PermanentError("never");
    await declare(acts.get(message.at) ?? "nothing", message, tx);
  };
  let left: readonly TestRecord[] = all;
  for (let deliveries = 1; left.length > 0; deliveries++) {
    if (deliveries > DELIVERIES_MAX) throw new Error(`${left.length} messages come again and again`);
    troubled = deliveries <= TROUBLED;
    const timeLeftMs = (troubled ? timesLeftMs[deliveries % timesLeftMs.length] : undefined) ?? 30_000;
    const again = await scene.deliver(left, handler, {
      timeLeftMs,
      zombies: zombies[deliveries % zombies.length] ?? 0,
    });
    const settled = left.filter(({ at }) => !again.some((one) => one.at === at));
    for (const { key, at } of settled) expect(fate(scene, `${key}-${at}`)).not.toBe("lost");
    left = again;
    await scene.host.run(new Promise<void>((resolve) => scene.host.after(120_000, resolve))); // late ones land
  }
  troubled = false;
  if (twice) expect(await scene.deliver(all, handler)).toEqual([]);
  await scene.host.drain();
  checkAll(scene, all, acts);
}

function fate({ memory, queue }: Scene, id: string): "done" | "rejected" | "lost" | "both" | "twice" {
  const times = Number(memory.items("Counters").find((item) => item["id"]?.S === id)?.["times"]?.N ?? 0);
  const isLetter = queue.deadLetters.some(({ MessageBody }) =>
    ["", "\\"].some((slash) => MessageBody?.includes(`"${id}${slash}"`)),
  );
  if (times > 1) return "twice";
  if (times === 1) return isLetter ? "both" : "done";
  return isLetter ? "rejected" : "lost";
}

/** Of DynamoDB Streams a letter is the change, with the body as a text in it. */
function checkAll(scene: Scene, all: readonly TestRecord[], acts: ReadonlyMap<number, Act>): void {
  for (const key of new Set(all.map((one) => one.key))) {
    const own = all.filter((one) => one.key === key);
    const fates = own.map(({ at }) => fate(scene, `${key}-${at}`));
    for (const one of fates) expect(["done", "rejected"]).toContain(one); // no gap, no repeat, no loss
    const done = own.filter((_, index) => fates[index] === "done");
    const counter = scene.memory.items("Counters").find(({ id }) => id?.S === key);
    expect(Number(counter?.["n"]?.N ?? 0)).toBe(done.length);
    const inLog = done.filter(({ at }) => /^(appends|reads)/.test(acts.get(at) ?? ""));
    expect(scene.log(key)).toEqual(inLog.map(({ at }) => at)); // in order
    const sends = done.filter(({ at }) => acts.get(at) === "sends");
    expect(sentTo(scene, key)).toEqual(sends.map(({ at }) => String(at))); // once, in order: OX1, OX2 of the outbox
  }
}

/** Bodies of a group's messages, as the relay sends them. */
function sentTo({ memory }: Scene, groupId: string): string[] {
  const items = memory.items(OUTBOX).toSorted((one, other) => ((one["sk"]?.S ?? "") < (other["sk"]?.S ?? "") ? -1 : 1));
  const messages = items.flatMap((item) => {
    const found = readOutboxItem(item);
    return found.kind === "messages" ? found.item.messages : [];
  });
  return messages.flatMap((one) => (one.kind === "sqs" && one.groupId === groupId ? [one.body] : []));
}

describe.each(ORDERED)("$name", (source) => {
  it("effects of a key in order, no gap, no repeat, no loss, and everything ends", async () => {
    await fc.assert(
      fc.asyncProperty(trouble, async (given) => {
        await deliverAll(source, given);
      }),
      { numRuns: Number(process.env["RUNS"] ?? 60) },
    );
  });
});
