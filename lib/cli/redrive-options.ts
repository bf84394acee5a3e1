// The arguments of "semel redrive", checked.
import { parseArgs } from "node:util";
import type { Strategy } from "../contract.ts";
import { SemelError } from "../errors.ts";
import { LETTER_CLASSES, type LetterClass } from "../redrive/index.ts";

export interface RedriveArguments {
  readonly deadLetters: string;
  readonly to: string | undefined;
  readonly dryRun: boolean;
  /** Undefined: none is named. */
  readonly only: ReadonlySet<LetterClass> | undefined;
  readonly removesDone: boolean;
  readonly perSecond: number | undefined;
  readonly handler: string | undefined;
  readonly consumer: string | undefined;
  readonly table: string | undefined;
  readonly strategy: string | undefined;
  readonly json: string | undefined;
  readonly endpoints: { readonly sqs: string | undefined; readonly dynamodb: string | undefined };
}

const TEXT = { type: "string" } as const;
const FLAG = { type: "boolean", default: false } as const;

/** Throws what parseArgs throws, or a SemelError. */
export function parseRedrive(args: readonly string[]): RedriveArguments {
  const { positionals, values } = parseArgs({
    args: [...args],
    strict: true,
    allowPositionals: true,
    options: {
      to: TEXT,
      "dry-run": FLAG,
      only: { type: "string", multiple: true, default: [] },
      "remove-done": FLAG,
      rate: TEXT,
      handler: TEXT,
      consumer: TEXT,
      table: TEXT,
      strategy: TEXT,
      json: TEXT,
      endpoint: TEXT,
      "sqs-endpoint": TEXT,
      "dynamodb-endpoint": TEXT,
    },
  });
  const { consumer, endpoint, handler, json, strategy, table, to } = values;
  return {
    ...{ consumer, handler, json, strategy, table, to },
    deadLetters: oneQueue(positionals),
    dryRun: values["dry-run"],
    only: onlyOf(values.only),
    removesDone: values["remove-done"],
    perSecond: values.rate === undefined ? undefined : rateOf(values.rate),
    endpoints: {
      sqs: urlOf("sqs-endpoint", values["sqs-endpoint"] ?? endpoint),
      dynamodb: urlOf("dynamodb-endpoint", values["dynamodb-endpoint"] ?? endpoint),
    },
  };
}

function oneQueue([deadLetters, ...more]: readonly string[]): string {
  if (deadLetters === undefined) throw wrong("no dead-letter queue is named. Give its name, URL or ARN");
  if (more.length === 0) return deadLetters;
  throw wrong(`${[deadLetters, ...more].join(" and ")} are named. Name one dead-letter queue, and by --to its queue`);
}

/** What is done is never moved, and what is another queue's neither. */
const MOVABLE: readonly LetterClass[] = LETTER_CLASSES.filter((one) => one !== "done" && one !== "elsewhere");
/** Under the same key and another payload a message would be a dead letter again at once. */
const MOVED_UNASKED = MOVABLE.filter((one) => one !== "mismatch");

/**
 * Under a watermark the place in the queue is all that tells whether a message is done, and what is sent again has a new one: it would
 * run once more, done or not.
 */
export function movedUnasked(strategy: Strategy | undefined): ReadonlySet<LetterClass> {
  return new Set(strategy === "watermark" ? [] : MOVED_UNASKED);
}

function onlyOf(only: readonly string[]): ReadonlySet<LetterClass> | undefined {
  if (only.length === 0) return undefined;
  return new Set(
    only.map((given) => {
      const found = MOVABLE.find((one) => one === given);
      if (found) return found;
      throw wrong(`--only is "${given}". Use ${MOVABLE.join(", ")}`);
    }),
  );
}

const RATE_MAX = 100_000;

function rateOf(given: string): number {
  const rate = Number(/^(\d+)(?:\/s)?$/.exec(given)?.[1]);
  if (rate >= 1 && rate <= RATE_MAX) return rate;
  throw wrong(`--rate is "${given}". Use a whole number of messages a second, 1/s to ${RATE_MAX}/s`);
}

function urlOf(option: string, given: string | undefined): string | undefined {
  if (given === undefined || /^https?:$/.test(URL.parse(given)?.protocol ?? "")) return given;
  throw wrong(`--${option} is "${given}". Use a URL such as http://localhost:4566`);
}

function wrong(what: string): SemelError {
  return new SemelError(`Cannot redrive: ${what}`, { code: "SEMEL_OPTIONS", retryable: false });
}
