// Mistakes of the relay.

import type { Mutant } from "../mutant.ts";

const ITEMS = "lib/relay/relay-items.ts";
const OUTGOING = "lib/relay/outgoing.ts";
const RELAY = "lib/relay/relay.ts";
const TABLE = "lib/relay/outbox-table.ts";
const ENTRIES = "lib/relay/targets/entries.ts";
const VERDICT = "lib/relay/verdict.ts";
const DIRECT = "relay/relay.test.ts";
const RANDOM = "relay/properties.test.ts";
const TARGETS = "relay/targets.test.ts";

export const RELAY_MUTANTS: readonly Mutant[] = [
  {
    name: "an item removed though a message is left (RI1)",
    file: ITEMS,
    find: `for (const one of delivered) if (one.kind === "left") throw one.cause;`,
    replace: "",
    caughtBy: [DIRECT, RANDOM],
  },
  {
    name: "a group goes on behind a message that is left (RI2)",
    file: ITEMS,
    find: `if (delivered.kind === "left") throw delivered.cause;\n}`,
    replace: "void delivered;\n}",
    caughtBy: [DIRECT, RANDOM],
  },
  {
    name: "messages of a group side by side (RI2)",
    file: ITEMS,
    find: "for (const message of item.messages) await deliverOrThrow(message, relaying);",
    replace: "await Promise.all(item.messages.map((message) => deliverOrThrow(message, relaying)));",
    caughtBy: [RANDOM],
  },
  {
    name: "a group read beyond what was seen committed (RI3)",
    file: TABLE,
    find: `ExpressionAttributeValues: { ":pk": { S: pk }, ":upTo": { S: upTo } },`,
    replace: `ExpressionAttributeValues: { ":pk": { S: pk }, ":upTo": { S: upTo && "9" } },`,
    caughtBy: [DIRECT],
  },
  {
    name: "a group that stopped is settled as a whole (RL1)",
    file: ITEMS,
    find: "return isWhole ? upTo : last;",
    replace: "return upTo;",
    caughtBy: [DIRECT, RANDOM],
  },
  {
    name: "records settled whatever became of their items (RL1)",
    file: RELAY,
    find: "acknowledged: settled.has(record)",
    replace: "acknowledged: records.includes(record)",
    caughtBy: [DIRECT, RANDOM],
  },
  {
    name: "an old image sent without a look at the table (RL3)",
    file: RELAY,
    find: "< FRESH_MS",
    replace: "< FRESH_MS * 1e9",
    caughtBy: [DIRECT],
  },
  {
    name: "the sweeper takes what is fresh (RL4)",
    file: RELAY,
    find: ">= SWEEP_AFTER_MS",
    replace: ">= SWEEP_AFTER_MS * 0",
    caughtBy: [DIRECT],
  },
  {
    name: "a call without an answer taken for sent (OG1)",
    file: OUTGOING,
    find: "return parcels.map(() => verdict);",
    replace: `return parcels.map(() => (error ? { kind: "sent" } : verdict));`,
    caughtBy: [DIRECT, RANDOM],
  },
  {
    name: "a target that answers nothing is asked again and again (OG5)",
    file: OUTGOING,
    find: "if (parcels.some(rests)) return",
    replace: "if (false) return",
    caughtBy: [DIRECT],
  },
  {
    name: "a target rests though it answered in between (OG5)",
    file: OUTGOING,
    find: "for (const { gate } of parcels) troubles.delete(gate);",
    replace: "",
    caughtBy: [DIRECT],
  },
  {
    name: "a group is swept behind what has no order (RL5)",
    file: RELAY,
    find: "groups.set(pk, sweepGroup(own, groups.get(pk), relaying));",
    replace: "groups.set(pk, sweepAlone(old, relaying).then(() => sweepGroup(own, undefined, relaying)));",
    caughtBy: [DIRECT],
  },
  {
    name: "a refused message done before the dead-letter queue has it (OG2)",
    file: OUTGOING,
    find: "    return verdict;\n  }\n\n  return {",
    replace: `    return { kind: "sent" };\n  }\n\n  return {`,
    caughtBy: [DIRECT, RANDOM],
  },
  {
    name: "a message that is known to be sent is sent again (OG4)",
    file: OUTGOING,
    find: `if (done.has(message.id)) return { kind: "done" };`,
    replace: "",
    caughtBy: [DIRECT],
  },
  {
    name: "a message known to be sent that is not (OG4)",
    file: OUTGOING,
    find: `if (verdict.kind !== "sent") return { kind: "left", cause: causeOf(verdict) };`,
    replace: `done.add(message.id);\n      if (verdict.kind !== "sent") return { kind: "left", cause: causeOf(verdict) };`,
    caughtBy: [DIRECT, RANDOM],
  },
  {
    name: "a removal that was left undone taken for done (OT2)",
    file: TABLE,
    find: "const undone = Object.values(UnprocessedItems).flat();",
    replace: "const undone = Object.values(UnprocessedItems).flat().slice(0, 0);",
    caughtBy: [DIRECT],
  },
  {
    name: "an entry that the answer does not mention taken for sent (VE1)",
    file: ENTRIES,
    find: `return { kind: "failed", cause: new Error("the answer says nothing of this message") };`,
    replace: `return { kind: "sent" };`,
    caughtBy: [TARGETS],
  },
  {
    name: "a missing grant taken for a message that can never be sent (VE2)",
    file: VERDICT,
    find: "(entry.SenderFault === true && !MENDABLE.test(code))",
    replace: "entry.SenderFault === true",
    caughtBy: [TARGETS],
  },
  {
    name: "a call that was refused as a whole blamed on each of its messages (VE3)",
    file: VERDICT,
    find: `count > 1 ? { kind: "alone" } : {`,
    replace: 'count < 1 ? { kind: "alone" } : {',
    caughtBy: [TARGETS],
  },
  {
    name: "more entries than a call may have (LI2)",
    file: "lib/relay/line.ts",
    find: "count === entriesMax",
    replace: "count > entriesMax",
    caughtBy: [DIRECT],
  },
  {
    name: "more bytes than a call may have (LI2)",
    file: "lib/relay/line.ts",
    find: "|| bytes + own > bytesMax",
    replace: "",
    caughtBy: [DIRECT],
  },
  {
    name: "a record that no filter matches handed over (FC1)",
    file: "lib/local/streams/filter-criteria.ts",
    find: "filters.some((matches) => matches(record)); // FC1",
    replace: "filters.some((matches) => matches(record) || filters.length > 0);",
    caughtBy: ["local/filter-criteria.test.ts", "local/streams.test.ts"],
  },
  {
    name: "a filter rule that is not known lets everything pass (FC3)",
    file: "lib/local/streams/filter-criteria.ts",
    find: "if (test === undefined) throw unknownRule(rule, where); // FC3",
    replace: "if (test === undefined) return () => true;",
    caughtBy: ["local/filter-criteria.test.ts", "local/streams.test.ts"],
  },
];
