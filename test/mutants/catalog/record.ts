// Mistakes about the key, the fingerprint and the record.
//
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are code.

import type { Mutant } from "../mutant.ts";

const RECORD = "lib/protocol/record.ts";
const MESSAGE = "lib/consumer/message.ts";

export const RECORD_MUTANTS: readonly Mutant[] = [
  {
    name: "messageId as the default key",
    file: MESSAGE,
    find: "return [own.value, own.origin];",
    replace: "return [own.value ?? messageId, own.origin];",
    caughtBy: ["consumer/batch.test.ts"],
  },
  {
    name: "key hash cut to 64 bits",
    file: "lib/protocol/key.ts",
    find: "${sha256(canonicalKey)}`",
    replace: "${sha256(canonicalKey).slice(0, 16)}`",
    caughtBy: ["protocol/key.test.ts"],
  },
  {
    name: "a list of key parts is joined, so that two lists may share a record",
    file: "lib/protocol/key.ts",
    find: "const canonical = JSON.stringify(value);",
    replace: `const canonical = parts.join("");`,
    caughtBy: ["protocol/key.test.ts"],
  },
  {
    name: "the record's key without the consumer's name",
    file: "lib/protocol/key.ts",
    find: "`${consumer}#${",
    replace: "`#${",
    caughtBy: ["protocol/key.test.ts"],
  },
  {
    name: "a missing part of a key let through",
    file: "lib/protocol/key.ts",
    find: "if (MISSING_PART.test(part) || ",
    replace: "if (",
    caughtBy: ["protocol/key.test.ts"],
  },
  {
    name: "payload fingerprint not compared",
    file: RECORD,
    find: "if (record.fingerprint !== claimant.fingerprint) {",
    replace: "if (record.fingerprint === undefined) {",
    caughtBy: ["protocol/record.test.ts", "store/record-store.test.ts", "consumer/batch.test.ts"],
  },
  {
    name: "payload fingerprint not compared in one batch",
    file: "lib/consumer/process-batch.ts",
    find: "if (leader.fingerprint === prepared.fingerprint) return",
    replace: 'if (leader.fingerprint !== "") return',
    caughtBy: ["consumer/batch.test.ts"],
  },
  {
    name: "fingerprint of the body after the schema",
    file: MESSAGE,
    find: "fingerprint: whole ?? chosenFingerprint(message, options, host),",
    replace:
      "fingerprint: options.fingerprint ? chosenFingerprint(message, options, host) : fingerprint(message.body, host.sha256),",
    caughtBy: ["consumer/handlers.test.ts"],
  },
  {
    name: "fingerprint by the order of fields",
    file: "lib/protocol/canonical-json.ts",
    find: "Object.keys(object).sort()",
    replace: "Object.keys(object)",
    caughtBy: ["protocol/fingerprint.test.ts", "protocol/canonical-json.test.ts"],
  },
  {
    name: "record of an unknown format taken for done",
    file: RECORD,
    find: `if (found.kind === "unreadable") return found;`,
    replace: `if (found.kind === "unreadable") return { kind: "duplicate" };`,
    caughtBy: ["protocol/record.test.ts", "store/record-store.test.ts"],
  },
  {
    name: "record of an unknown format read as if it were known",
    file: "lib/store/items.ts",
    find: "if (formatVersion !== String(RECORD_FORMAT_VERSION)) return unreadable;",
    replace: "",
    caughtBy: ["store/record-store.test.ts"],
  },
  {
    name: "record of a foreign status taken for done",
    file: "lib/store/items.ts",
    find: `if (status === "COMPLETED") {`,
    replace: `if (status !== "REJECTED") {`,
    also: [
      {
        file: "lib/store/items.ts",
        find: "record: { ...committed, status, ...(result === undefined",
        replace: `record: { ...committed, status: "COMPLETED", ...(result === undefined`,
      },
    ],
    caughtBy: ["store/answers.test.ts"],
  },
  {
    name: "own attempt not recognised after a lost answer",
    file: RECORD,
    find: `if (record.attemptId === claimant.attemptId && record.status === claimant.status) return { kind: "ours", record };`,
    replace: "",
    caughtBy: ["protocol/record.test.ts", "store/record-store.test.ts", "protocol/commit.test.ts"],
  },
  {
    name: "one attempt id for all runs",
    file: "lib/consumer/run.ts",
    find: "attemptId: host.randomId() }; // R2",
    replace: "attemptId: pk };",
    caughtBy: ["consumer/batch.test.ts"],
  },
  {
    name: "TTL shorter than the retention: rounded down",
    file: RECORD,
    find: "Math.ceil(nowMs / 1000",
    replace: "Math.floor(nowMs / 1000",
    caughtBy: ["protocol/record.test.ts"],
  },
  {
    name: "TTL counted from the epoch, not from now",
    file: RECORD,
    find: "nowMs / 1000 + retentionDays",
    replace: "0 * nowMs + retentionDays",
    caughtBy: ["protocol/record.test.ts"],
  },
  {
    name: "a retention of no days accepted",
    file: "lib/consumer/strategy-options.ts",
    find: "Number.isFinite(days) && days > 0",
    replace: "Number.isFinite(days)",
    caughtBy: ["consumer/options.test.ts"],
  },
];
