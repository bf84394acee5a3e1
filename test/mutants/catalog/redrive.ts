// Mistakes of the redrive of dead letters.

import type { Mutant } from "../mutant.ts";

const CLI = "lib/cli/redrive-options.ts";
const JUDGE = "lib/redrive/judge.ts";
const LETTER = "lib/redrive/letter.ts";
const MOVER = "lib/redrive/mover.ts";
const REDRIVE = "lib/redrive/redrive.ts";
const SURVEY = "lib/redrive/survey.ts";
const VERDICTS = "redrive/judge.test.ts";
const MOVES = "redrive/mover.test.ts";
const WHOLE = "redrive/redrive.test.ts";
const RANDOM = "redrive/properties.test.ts";
const GROUPS = "redrive/fifo.test.ts";

export const REDRIVE_MUTANTS: readonly Mutant[] = [
  {
    name: "done, though its record is of another payload (JU1)",
    file: JUDGE,
    find: `return mismatch(verdict.committedAtMs, exact || failure?.code === "SEMEL_PAYLOAD_MISMATCH");`,
    replace: `return { letterClass: "done", code: "COMPLETED", reason: doneAt(verdict.committedAtMs) };`,
    caughtBy: [VERDICTS, WHOLE],
  },
  {
    name: "never run, though nobody knows where its item would be (JU2)",
    file: JUDGE,
    find: "(evidence.absence // JU2",
    replace: `(evidence.absence && evidence.absence.code === "" // JU2`,
    caughtBy: [VERDICTS],
  },
  {
    name: "a letter of another queue is moved to this one (JU3)",
    file: JUDGE,
    find: "if (from === arn) return undefined;",
    replace: `if (from !== "") return undefined;`,
    caughtBy: [VERDICTS, "cli/redrive.test.ts"],
  },
  {
    name: "sent back with its old rejection (LT1)",
    file: LETTER,
    find: "filter(([name]) => name !== FAILURE_ATTRIBUTE)",
    replace: "filter(([name]) => name !== FAILURE_ATTRIBUTE.toUpperCase())",
    caughtBy: [WHOLE],
  },
  {
    name: "a second redrive has the deduplication id of the first (LT2)",
    file: LETTER,
    find: "DEDUPLICATION_PREFIX + letter.messageId",
    replace: "DEDUPLICATION_PREFIX + letter.body",
    caughtBy: [GROUPS],
  },
  {
    name: "a letter is deleted, and then sent (MV1)",
    file: MOVER,
    find: "await send([...heads.values()], sent);",
    replace: "await removeSent(new Set(heads.values()));\n          await send([...heads.values()], sent);",
    caughtBy: [RANDOM],
  },
  {
    name: "a letter is deleted, though SQS did not take it (MV1)",
    file: MOVER,
    find: "await removeSent(sent);",
    replace: "await removeSent(new Set(heads.values()));",
    caughtBy: [MOVES],
  },
  {
    name: "a group goes on behind a letter that could not be sent (MV2)",
    file: MOVER,
    find: "if (!sent.has(letter)) stopped.add(lane); // MV2",
    replace: "",
    caughtBy: [GROUPS],
  },
  {
    name: "what is done is removed, though nobody asked for it (RD1)",
    file: REDRIVE,
    find: "const done = removesDone ?",
    replace: "const done = removesDone !== undefined ?",
    caughtBy: [WHOLE],
  },
  {
    name: "what is not chosen is moved, too (RD1, --only)",
    file: REDRIVE,
    find: `letterClass !== "done" && moves.has(letterClass)`,
    replace: `letterClass !== "done" && moves.size > 0`,
    caughtBy: [WHOLE],
  },
  {
    name: "what another payload holds is moved unasked (--only)",
    file: CLI,
    find: `MOVABLE.filter((one) => one !== "mismatch")`,
    replace: `MOVABLE.filter((one) => one !== "done")`,
    caughtBy: ["cli/redrive-options.test.ts"],
  },
  {
    name: "what it held is not given back in the end (RD2)",
    file: REDRIVE,
    find: "await held.giveBack(); // RD2",
    replace: "void held;",
    caughtBy: [WHOLE],
  },
  {
    name: "what fails at once goes round for ever (SU3)",
    file: SURVEY,
    find: "const isNew = !known.has(messageId) && !returned.has(messageId);",
    replace: "const isNew = !known.has(messageId);",
    caughtBy: [GROUPS],
  },
  {
    name: "a letter that should be gone and comes again stays (SU4)",
    file: SURVEY,
    find: "options.gone.has(id))); // SU4",
    replace: "options.gone.has(id.slice(1)))); // SU4",
    caughtBy: [WHOLE],
  },
];
