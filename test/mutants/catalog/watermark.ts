// Mistakes about watermarks and runs.

import type { Mutant } from "../mutant.ts";

const PROTOCOL = "lib/protocol/watermark.ts";
const RUN = "lib/protocol/ordered-run.ts";
const ITEMS = "lib/store/watermark-items.ts";
const LANE = "lib/consumer/lane.ts";
const LANE_RUN = "lib/consumer/lane-run.ts";
const LANES = "lib/consumer/process-lanes.ts";
const TEST = "consumer/watermark.test.ts";
const SCHEDULES = "consumer/watermark-schedules.test.ts";
const STATE = "lib/protocol/keyed-state.ts";
const REDUCTION = "lib/consumer/reduction.ts";
const REDUCE = "consumer/reduce.test.ts";
const STORE = "store/watermark.test.ts";
const FOLDS = "consumer/folds.test.ts";

export const WATERMARK_MUTANTS: readonly Mutant[] = [
  {
    name: "a lane of handlers that compute commits nothing before the gate closes",
    file: "lib/consumer/lane.ts",
    find: "isFull || run.patience.isOver()",
    replace: "isFull",
    caughtBy: ["consumer/busy.test.ts"],
  },
  {
    name: "lanes of handlers that compute keep each other from their commits",
    file: "lib/consumer/process-lanes.ts",
    find: " || host.nowMs() - tick.startMs >= TICK_MS_MAX",
    replace: "",
    caughtBy: ["consumer/busy.test.ts"],
  },
  {
    name: "watermark moved without effects (WM1)",
    file: LANE_RUN,
    find: "{ record: move, ...together(members) }",
    replace: "{ record: move, ...together([]) }",
    caughtBy: [TEST, SCHEDULES],
  },
  {
    name: "condition <= instead of < (WM1)",
    file: ITEMS,
    find: "#semelPosition < :semelFirst",
    replace: "#semelPosition <= :semelFirst",
    caughtBy: [SCHEDULES, STORE],
  },
  {
    name: "watermark per shard with parallelization 10 (WM2)",
    file: PROTOCOL,
    find: "JSON.stringify([origin, orderingKey])",
    replace: "JSON.stringify([origin])",
    caughtBy: [TEST, SCHEDULES],
  },
  {
    name: "origin left out of the scope (WM2)",
    file: PROTOCOL,
    find: "JSON.stringify([origin, orderingKey])",
    replace: "JSON.stringify([orderingKey])",
    caughtBy: [TEST],
  },
  {
    name: "epoch left out of the scope (WM2)",
    file: "lib/consumer/order.ts",
    find: "return epoch === undefined ? scope",
    replace: "return epoch !== null ? scope",
    caughtBy: ["consumer/epoch.test.ts"],
  },
  {
    name: "epoch of a state's positions left out (KS2)",
    file: REDUCTION,
    find: "scopeOf(first.delivery, options.epoch)",
    replace: "scopeOf(first.delivery, undefined)",
    caughtBy: ["consumer/epoch.test.ts"],
  },
  {
    name: "run not cut at an item it wrote (OR4)",
    file: RUN,
    find: "return writes.some(isWritten)",
    replace: "return writes.length < 0",
    caughtBy: [TEST],
  },
  {
    name: "an item that the run wrote is read before its commit (OR4)",
    file: RUN,
    find: "=> written.has(item) || added.has(item)",
    replace: "=> written.has(item) && added.has(item)",
    caughtBy: [TEST, SCHEDULES],
  },
  {
    name: "a watermark of a newer version is moved (WM4)",
    file: ITEMS,
    find: "(formatVersion = :semelFormat AND ",
    replace: "(:semelFormat = :semelFormat AND ",
    caughtBy: [TEST],
  },
  {
    name: "a message that was passed over counts as done (WM3)",
    file: LANE_RUN,
    find: "if (passed) return",
    replace: "if (passed && !placed.copies) return",
    caughtBy: [TEST, SCHEDULES],
  },
  {
    name: "what is behind a dead letter that was not sent goes on (LR2)",
    file: LANE_RUN,
    find: "return isWell ? (members",
    replace: "return isWell || members.length > 0 ? (members",
    caughtBy: [TEST],
  },
  {
    name: "the rest of a run is taken for done with its first (LR1)",
    file: LANE_RUN,
    find: "members.filter(({ position }) => isDone(position, watermark))",
    replace: "members.filter(({ position }) => position !== watermark.pk)",
    caughtBy: [TEST, SCHEDULES],
  },
  {
    name: "what was read without a guard goes on though somebody else was faster (LR4)",
    file: LANE_RUN,
    find: "if (rest.some(({ unguarded }) => unguarded)",
    replace: "if (rest.some(({ unguarded }) => unguarded && reruns < 0)",
    caughtBy: [TEST],
  },
  {
    name: "what ran behind a message that ran again is committed as it was (LR3)",
    file: LANE_RUN,
    find: "place && surprises === before",
    replace: "place && surprises >= before",
    caughtBy: [TEST],
  },
  {
    name: "a failed message's ordering key goes on (LN1)",
    file: LANE,
    find: "    fail(placed, error);\n    return undefined;",
    replace: "    fail(placed, error);\n    return next + 1;",
    caughtBy: [TEST, SCHEDULES],
  },
  {
    name: "ready messages wait for a slow handler (LN2)",
    file: LANE,
    find: "return members.length > 0 && patience",
    replace: "return members.length < 0 && patience",
    caughtBy: [TEST],
  },
  {
    name: "a message that is done fails with its handler (LN3)",
    file: LANE,
    find: "const watermark = await isDoneBefore(placed);",
    replace: "const watermark = placed.place < 0 ? await isDoneBefore(placed) : undefined;",
    caughtBy: [TEST],
  },
  {
    name: "messages of a key run as they came, not by position (LA1)",
    file: LANES,
    find: "(one < other ? -1 : 1)",
    replace: "(one < other ? 0 : 0)",
    caughtBy: [TEST],
  },
  {
    name: "receipts of one message one behind the other taken for two (LA1)",
    file: LANES,
    find: "const isNext = position > before;",
    replace: "const isNext = position >= before;",
    caughtBy: [TEST],
  },
  {
    name: "a state written over another write (KS1)",
    file: STATE,
    find: "#semelMark.attemptId = :semelSeen AND ",
    replace: ":semelSeen = :semelSeen AND ",
    caughtBy: [REDUCE],
  },
  {
    name: "a state written without its position (KS1)",
    file: STATE,
    find: "...before?.origins, [origin]: { M: own } }",
    replace: "...before?.origins, ...(own.position.S === origin ? { [origin]: { M: own } } : {}) }",
    caughtBy: [REDUCE],
  },
  {
    name: "origins of a state not told apart (KS2)",
    file: REDUCTION,
    find: "origin: host.sha256(scope)",
    replace: 'origin: host.sha256("")',
    caughtBy: [REDUCE],
  },
  {
    name: "what was passed over is folded",
    file: REDUCTION,
    find: "passed.has(position)",
    replace: "passed.has(position.trimStart().slice(1))",
    caughtBy: [REDUCE],
  },
  {
    name: "another consumer's state is overwritten (KS3)",
    file: STATE,
    find: 'if (mark?.["consumer"]?.S !== consumer) return { kind: "foreign" };',
    replace:
      'if (mark?.["consumer"]?.S !== consumer) return { kind: "state", item: { state: { NULL: true }, attemptId: "", origins: {} } };',
    caughtBy: [REDUCE],
    also: [
      {
        file: STATE,
        find: "#semelMark.attemptId = :semelSeen AND #semelMark.consumer = :semelConsumer",
        replace: ":semelSeen = :semelSeen AND :semelConsumer = :semelConsumer",
      },
    ],
  },
  {
    name: "a state folded twice on the same messages (SS1)",
    file: REDUCTION,
    find: "came[place] = undefined; // SS1",
    replace: "",
    caughtBy: [FOLDS],
  },
  {
    name: "binary state handed out from the memory of the process (SS1)",
    file: "lib/consumer/state-store.ts",
    find: "structuredClone(before.state)",
    replace: "before.state",
    caughtBy: [FOLDS],
  },
  {
    name: "positions of two shards compared (KN3)",
    file: "lib/sources/kinesis.ts",
    find: 'eventId.split(":", 1)[0]',
    replace: '""',
    caughtBy: [FOLDS],
  },
  {
    name: "given up for good by a handler that had not seen what was before it (LN4)",
    file: LANE,
    find: "if (givenUp &&",
    replace: "if (false &&",
    caughtBy: [FOLDS],
  },
];
