// Mistakes about messages that handlers send: their items and ids, the order of groups, and what a failure says.

import type { Mutant } from "../mutant.ts";

const ITEMS = "lib/protocol/outbox.ts";
const COUNTER = "lib/protocol/outbox-counter.ts";
const COMMITS = "lib/consumer/outbox.ts";
const TURNS = "lib/consumer/outbox-turns.ts";
const MEMBER = "lib/consumer/lane-member.ts";
const UNIT = "protocol/outbox.test.ts";
const RUNTIME = "consumer/outbox.test.ts";
const ORDERED = "consumer/outbox-order.test.ts";
const RANDOM = "simulation/outbox.test.ts";
const FOLDED = "consumer/reduce-outbox.test.ts";
const EXPLORED = "testing/outbox.test.ts";

export const OUTBOX_MUTANTS: readonly Mutant[] = [
  {
    name: "one id for all messages of a commit (OB1)",
    file: ITEMS,
    find: `return \`\${prefix}-\${place}\`;`,
    replace: "return prefix;",
    caughtBy: [UNIT, RANDOM, EXPLORED],
  },
  {
    name: "ids of the run in place of the key's (OB1)",
    file: COMMITS,
    find: "const commit = [message.record.pk];",
    replace: "const commit = [message.record.attemptId];",
    caughtBy: [RUNTIME],
  },
  {
    name: "ids of a run without the place of their message (OB1)",
    file: MEMBER,
    find: "commit: [pk, placed.position]",
    replace: "commit: [pk]",
    caughtBy: [ORDERED],
  },
  {
    name: "ids of a run without its origin and consumer (OB1)",
    file: MEMBER,
    find: "commit: [pk, placed.position]",
    replace: "commit: [placed.position]",
    caughtBy: [ORDERED],
  },
  {
    name: "an item that grows beyond its limit (OB2)",
    file: ITEMS,
    find: "if (bytes + added <= OUTBOX_ITEM_BYTES_MAX) {",
    replace: "if (items.length > 0) {",
    caughtBy: [UNIT],
  },
  {
    name: "a group together with what has no order (OB3)",
    file: ITEMS,
    find: "groupKey(message, commit.sha256) ?? UNGROUPED + commit.prefix",
    replace: "UNGROUPED + commit.prefix",
    caughtBy: [UNIT, RUNTIME, ORDERED],
  },
  {
    name: "two commits of one position under one sort key (OB3)",
    file: ITEMS,
    find: `}#\${commit.prefix}#\``,
    replace: "}#`",
    caughtBy: [UNIT],
  },
  {
    name: "an item of a newer version read (OB4)",
    file: ITEMS,
    find: "if (formatVersion !== String(OUTBOX_FORMAT_VERSION) || ",
    replace: "if (",
    caughtBy: [UNIT],
  },
  {
    name: "effects on the outbox table accepted",
    file: "lib/consumer/declarations.ts",
    find: "if (own.outbox !== undefined && ",
    replace: `if (own.outbox === "" && `,
    caughtBy: ["consumer/sending.test.ts"],
  },
  {
    name: "a number taken from a counter that moved (OC1)",
    file: COUNTER,
    find: `"formatVersion = :semelFormat AND #semelSequence = :semelSeen"`,
    replace: `"formatVersion = :semelFormat"`,
    caughtBy: [UNIT, RUNTIME, RANDOM],
  },
  {
    name: "the first number of a group taken twice (OC1)",
    file: COUNTER,
    find: `\`attribute_not_exists(\${OUTBOX_TABLE.partitionKey})\``,
    replace: `"attribute_not_exists(nothing)"`,
    caughtBy: [UNIT, RANDOM],
  },
  {
    name: "a counter of a newer version moved on (OC3)",
    file: COUNTER,
    find: "const readable = formatVersion === String(COUNTER_FORMAT_VERSION) && ",
    replace: "const readable = ",
    caughtBy: [UNIT, RUNTIME],
  },
  {
    name: "what still waits of an older commit overwritten (OX1)",
    file: COMMITS,
    find: "expressions: absenceOf(OUTBOX_TABLE.partitionKey)",
    replace: "expressions: { names: {}, values: {} }",
    caughtBy: [RUNTIME],
  },
  {
    name: "a position of its source that gives no order (OX2)",
    file: COMMITS,
    find: `sequenceOf: () => position ?? ""`,
    replace: `sequenceOf: () => ""`,
    caughtBy: [ORDERED],
  },
  {
    name: "a place in a run that gives no order (OX2)",
    file: MEMBER,
    find: "sequenceOf: () => placed.position }",
    replace: `sequenceOf: () => "" }`,
    caughtBy: [ORDERED],
  },
  {
    name: "messages of a batch that meet at a counter (OX3)",
    file: TURNS,
    find: "await wait(before);",
    replace: "",
    caughtBy: [RUNTIME],
  },
  {
    name: "turns in any order of groups: a circle (OX3)",
    file: TURNS,
    find: "[...groupPks].sort()",
    replace: "[...groupPks]",
    caughtBy: [RUNTIME],
  },
  {
    name: "a turn waited for beyond the gate (OX3)",
    file: TURNS,
    find: "await wait(before);",
    replace: "await before;",
    caughtBy: [RUNTIME],
  },
  {
    name: "a lease that runs out while its message waits for its turn (OX3)",
    file: "lib/consumer/run.ts",
    find: "return await lease.during(() => wait(running));",
    replace: "return await wait(running);",
    caughtBy: [ORDERED],
  },
  {
    name: "a counter that moved taken for the business's (OX4)",
    file: COMMITS,
    find: "if (outcome.item === undefined || !counters.has(outcome.item)) {",
    replace: "if (counters.size > 0) {",
    caughtBy: [RUNTIME],
  },
  {
    name: "a condition of the business taken for the counter's (OX4)",
    file: COMMITS,
    find: "if (outcome.item === undefined || !counters.has(outcome.item)) {",
    replace: "if (counters.size === 0) {",
    caughtBy: [RUNTIME],
  },
  {
    name: "a number that others took guessed again (OX4)",
    file: COMMITS,
    find: "    last.clear();\n",
    replace: "",
    caughtBy: [RUNTIME],
  },
  {
    name: "a try that was left open forgotten when the counter moved (OX5)",
    file: COMMITS,
    find: "open ||= outcome.openTries; // OX5",
    replace: "",
    caughtBy: [RUNTIME],
  },
  {
    name: "what a fold sends written before its state (OX1)",
    file: "lib/store/state-writer.ts",
    find: "await store.transact(stateActions(entry), host.randomId(), control);",
    replace: `await store.transact(entry.also ?? [], host.randomId(), control);
      await store.transact(stateActions({ ...entry, also: [] }), host.randomId(), control);`,
    caughtBy: [FOLDED],
  },
  {
    name: "a state without what its fold sends (OX1)",
    file: "lib/store/state-writer.ts",
    find: "|| also.length > 0 ? undefined",
    replace: "|| also.length < 0 ? undefined",
    caughtBy: [FOLDED],
  },
  {
    name: "ids of a fold that are those of its try (OB1)",
    file: "lib/consumer/state-store.ts",
    find: "commit: [move.pk, position]",
    replace: "commit: [move.attemptId, position]",
    caughtBy: [FOLDED],
  },
  {
    name: "a fold without the order of its places (OX2)",
    file: "lib/consumer/state-store.ts",
    find: "sequenceOf: () => position }",
    replace: `sequenceOf: () => "" }`,
    caughtBy: [FOLDED],
  },
  {
    name: "a message of a fold that was refused, and whose error was swallowed, dropped (X1)",
    file: "lib/consumer/outbox-collector.ts",
    find: "if (failed) throw failed.error;",
    replace: "",
    caughtBy: [FOLDED],
  },
];
