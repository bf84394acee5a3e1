// What the command line takes of the redrive. Re-exports only.

export { LETTER_CLASSES, type LetterClass } from "./judge.ts";
export { type Lookup, letterJudge } from "./letter-judge.ts";
export { findLookup } from "./lookup.ts";
export { persistent } from "./queue-calls.ts";
export { findQueues, nameOf, type RedriveQueues } from "./queues.ts";
export { type RedriveObserver, type RedriveResult, redrive } from "./redrive.ts";
export { sdkQueueCalls } from "./sdk-queue-calls.ts";
export type { ClassCount } from "./tally.ts";
