// A topic that is read, over a broker in memory: assignments, failures, commits.
import { afterEach, describe, expect, test } from "vitest";
import type { KafkaRecord } from "../../lib/aws/lambda.ts";
import type { GroupOptions, Member, Reader } from "../../lib/local/streams/kafka/member.ts";
import type { PartitionOffset } from "../../lib/local/streams/kafka/offsets.ts";
import { kafkaRecords } from "../../lib/local/streams/kafka/records.ts";
import { startTopicSource, type TopicSourceOptions } from "../../lib/local/streams/kafka/topic-source.ts";
import type { Taken } from "../../lib/local/streams/record.ts";
import type { StreamSource } from "../../lib/local/streams/source.ts";
import { until } from "./cloud-fixture.ts";
import { record } from "./kafka-fixture.ts";

interface Broker {
  readonly join: (options: GroupOptions) => Promise<Member>;
  readonly committed: Map<number, number>;
  /** What happened to the group, in order. */
  readonly story: string[];
  append(partition: number, ...values: readonly string[]): void;
  assign(...partitions: readonly number[]): void;
  /** The membership is lost. */
  fail(): void;
  refusesCommits: boolean;
  isSettled: boolean;
}

function createBroker(...assigned: readonly number[]): Broker {
  const log = new Map<number, KafkaRecord[]>();
  const committed = new Map<number, number>();
  const story: string[] = [];
  let partitions = assigned;
  let generation = 1;
  let listener = (): void => {};
  let options: GroupOptions | undefined;
  let deliver = (): void => {};
  const endOf = (partition: number): number => log.get(partition)?.length ?? 0;

  const read = async (from: readonly PartitionOffset[], { onRecord }: Reader) => {
    const positions = new Map(from.map(({ partition, offset }) => [partition, offset]));
    let isOpen = true;
    story.push(`read ${from.map(({ partition, offset }) => `${partition}/${offset}`).join(" ")}`);
    deliver = () => {
      for (const [partition, position] of positions) {
        for (const one of isOpen ? (log.get(partition) ?? []).slice(position) : []) {
          positions.set(partition, one.offset + 1);
          onRecord(one);
        }
      }
    };
    setImmediate(deliver);
    return {
      position: (partition: number) => positions.get(partition),
      pause: () => {},
      resume: () => {},
      close: async () => {
        isOpen = false;
        story.push("closed");
      },
    };
  };
  const broker: Broker = {
    committed,
    story,
    refusesCommits: false,
    isSettled: true,
    async join(given) {
      options = given;
      story.push("join");
      return {
        generation: () => generation,
        isSettled: () => broker.isSettled,
        assigned: () => partitions,
        onAssigned: (heard) => {
          listener = heard;
        },
        begin: async (some) => some.map((partition) => ({ partition, offset: committed.get(partition) ?? 0 })),
        read,
        async commit(offsets) {
          if (!broker.isSettled) throw new Error("out of place");
          if (broker.refusesCommits) throw new Error("not now");
          for (const { partition, offset } of offsets) committed.set(partition, offset);
        },
        ends: async (some) => some.map((partition) => ({ partition, offset: endOf(partition) })),
        close: async () => void story.push("leave"),
      };
    },
    append(partition, ...values) {
      const list = log.get(partition) ?? [];
      log.set(partition, list);
      for (const value of values) list.push(record(partition, list.length, value));
      deliver();
    },
    assign(...some) {
      partitions = some;
      generation += 1;
      listener();
    },
    fail: () => options?.onFailure(new Error("gone")),
  };
  return broker;
}

describe("a topic that is read", () => {
  const running: StreamSource[] = [];
  afterEach(async () => {
    await Promise.all(running.splice(0).map((source) => source.stop()));
  });

  type Invoke = (ids: readonly string[]) => Promise<"done" | "failed">;

  async function start(broker: Broker, invoke: Invoke, more: Partial<TopicSourceOptions> = {}) {
    const warnings: string[] = [];
    const kind = kafkaRecords({ eventSource: "SelfManagedKafka", bootstrapServers: "one:9092" }, "orders");
    const source = await startTopicSource({
      servers: "one:9092",
      join: broker.join,
      kind,
      passes: () => true,
      warn: (text) => warnings.push(text),
      delivery: {
        giveUp: async () => {},
        async invoke(batch: readonly Taken<KafkaRecord>[]) {
          const outcome = await invoke(batch.map(({ id }) => id));
          return { left: outcome === "done" ? [] : undefined, outcome: "success", requestId: "r" };
        },
      },
      mapping: {
        logicalId: "Mapping",
        stackName: "Stack",
        arn: "",
        source: "topic orders",
        functionName: "fn",
        batchSize: 2,
        windowMs: 0,
        parallelizationFactor: 1,
        recordAgeMsMax: undefined,
        rules: { bisects: false, retriesMax: undefined },
        reportsFailures: true,
        onFailure: undefined,
        topic: "orders",
        cluster: { eventSource: "SelfManagedKafka", bootstrapServers: "one:9092" },
        groupId: "group",
        startAt: "TRIM_HORIZON",
      },
      ...more,
    });
    running.push(source);
    return { source, warnings };
  }

  const isIdle = async (source: StreamSource): Promise<boolean> => (await source.whatIsBusy()) === undefined;

  test("commits behind what is done, and what no filter lets pass with it (TP1)", async () => {
    const broker = createBroker(0, 1);
    broker.append(0, "a", "b", "none");
    broker.append(1, "none", "none");
    const seen: string[] = [];
    const passes = ({ value }: KafkaRecord): boolean => value !== record(0, 0, "none").value;
    const invoke: Invoke = async (ids) => {
      seen.push(...ids);
      return "done";
    };
    const { source } = await start(broker, invoke, { passes });
    await until(() => isIdle(source));
    expect(seen).toEqual(["orders-0/0", "orders-0/1"]);
    expect([...broker.committed]).toEqual(
      expect.arrayContaining([
        [0, 3],
        [1, 2],
      ]),
    );
    broker.append(1, "c");
    expect(await source.whatIsBusy()).toMatch(/^topic orders has /);
    await until(() => isIdle(source));
    expect(broker.committed.get(1)).toBe(3);
  });

  test("what failed holds back its commit; the stop lets its batch end, and commits what is done by then", async () => {
    const broker = createBroker(0);
    broker.append(0, "a", "b", "c");
    const tries: string[] = [];
    const atWork = Promise.withResolvers<void>();
    const { source } = await start(broker, async (ids) => {
      tries.push(ids.join());
      if (tries.length === 1) return "failed";
      if (ids.includes("orders-0/2")) await atWork.promise;
      return "done";
    });
    await until(() => tries.length === 3);
    expect(tries).toEqual(["orders-0/0,orders-0/1", "orders-0/0,orders-0/1", "orders-0/2"]);
    await until(() => broker.committed.get(0) === 2);
    const stopped = source.stop();
    atWork.resolve();
    await stopped;
    expect(broker.committed.get(0)).toBe(3);
    expect(broker.story).toEqual(["join", "read 0/0", "closed", "leave"]);
  });

  test("another assignment: the batch at work ends first, nothing of it is committed, all comes again (TS1, TS2)", async () => {
    const broker = createBroker(0, 1);
    broker.append(0, "a");
    broker.append(1, "b");
    const tries: string[] = [];
    const atWork = Promise.withResolvers<void>();
    const { source } = await start(broker, async (ids) => {
      tries.push(ids.join());
      broker.story.push("try");
      if (tries.length === 1) await atWork.promise;
      return "done";
    });
    await until(() => tries.length === 1);
    broker.assign(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(broker.story).toEqual(["join", "read 0/0 1/0", "try"]);
    atWork.resolve();
    await until(() => isIdle(source));
    expect(broker.story).toEqual(["join", "read 0/0 1/0", "try", "closed", "read 1/0", "try"]);
    expect(tries).toEqual(["orders-0/0,orders-1/0", "orders-1/0"]);
    expect([...broker.committed]).toEqual([[1, 1]]);
    broker.assign();
    await until(() => isIdle(source)); // others have them all
    expect(broker.story.at(-1)).toBe("closed");
  });

  test("no commit while partitions are assigned anew, and no reading either (MB2)", async () => {
    const broker = createBroker(0);
    broker.append(0, "a");
    const tries: string[] = [];
    const { source, warnings } = await start(broker, async (ids) => {
      tries.push(ids.join());
      broker.isSettled = false;
      return "done";
    });
    await until(() => tries.length === 1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(await source.whatIsBusy()).toBe("topic orders has offsets that are not committed");
    broker.assign(0); // and at once anew
    await until(() => broker.story.includes("closed"));
    await until(async () => (await source.whatIsBusy()) === "topic orders has no partitions yet");
    broker.isSettled = true;
    broker.assign(0);
    await until(() => tries.length === 2);
    expect(tries).toEqual(["orders-0/0", "orders-0/0"]);
    await source.stop();
    expect(warnings).toEqual([]);
    expect(broker.committed.size).toBe(0);
  });

  test("a membership that is lost: another one, which begins where the group is (TS1)", async () => {
    const broker = createBroker(0);
    broker.append(0, "a", "b");
    const tries: string[] = [];
    const { source, warnings } = await start(broker, async (ids) => {
      tries.push(ids.join());
      if (tries.length === 2) broker.fail();
      return "done";
    });
    await until(() => broker.committed.get(0) === 2);
    broker.append(0, "c");
    await until(async () => tries.length === 3 && (await isIdle(source)));
    expect(tries).toEqual(["orders-0/0,orders-0/1", "orders-0/2", "orders-0/2"]);
    expect(broker.story).toEqual(["join", "read 0/0", "closed", "leave", "join", "read 0/2"]);
    expect(warnings).toEqual(["topic orders cannot be read at one:9092: gone"]);
  });

  test("a commit that is refused is tried again; until then the topic is busy", async () => {
    const broker = createBroker(0);
    broker.append(0, "a");
    broker.refusesCommits = true;
    const { source, warnings } = await start(broker, async () => "done");
    await until(() => warnings.length > 0);
    expect(await source.whatIsBusy()).toBe("topic orders has offsets that are not committed");
    broker.refusesCommits = false;
    await until(() => isIdle(source));
    expect(broker.committed.get(0)).toBe(1);
    expect(warnings).toEqual(["offsets of topic orders cannot be committed: not now"]);
  });
});
