// tx.step: what a handler does outside DynamoDB, kept on the record of its claim, so that a re-run skips it.
//
//   ST1. A step whose result is on the record never runs again.
//   ST2. A result is kept before the handler goes on: else the handler fails, and nothing after the step is done.
//   ST3. A step runs at least once: it is done and not kept when the process dies in between. Its idempotency key is the same
//        then, for the other side to tell.
//   ST4. What a step gives is its JSON, in the first run as in a later one.
//   ST5. A handler that failed has ended when its steps have: until then its key stays held, and what they give is kept.

import { ITEM_BYTES_MAX } from "../aws/limits.ts";
import { SemelError } from "../errors.ts";
import type { Host } from "../host.ts";
import { itemBytes } from "../protocol/item-size.ts";
import { keptJson } from "../protocol/kept-json.ts";
import type { ClaimedRecord } from "../protocol/record.ts";
import type { Claims, HeldOutcome } from "../store/claims.ts";
import { recordToItem } from "../store/items.ts";
import type { CallControl } from "../store/record-store.ts";
import { leaseLost, stepNotKept } from "./failures.ts";

export interface StepContext {
  /**
   * The same in every run of this step for this message, 64 characters: pass it to the remote system (Stripe's
   * `Idempotency-Key` and the like), so that it can tell a repetition.
   */
  readonly idempotencyKey: string;
  /** Aborts at the deadline, or when the lease is lost. */
  readonly signal: AbortSignal;
}

export type StepFunction<T> = (context: StepContext) => Promise<T> | T;

/** The steps of one claim, over all runs of its handler. */
export interface Steps {
  /** `name` was checked, and is the only one of this run. */
  run<T>(name: string, step: StepFunction<T>, signal: AbortSignal): Promise<T>;
  /** Resolves when no step is under way. ST5 */
  settled(): Promise<void>;
}

export interface StepsOptions {
  readonly lease: ClaimedRecord;
  readonly claims: Claims;
  readonly host: Host;
  readonly control: CallControl;
}

/** Kept free for what the record gets besides its steps, bytes. */
const RECORD_RESERVE_BYTES = 4_096;

export function openSteps({ lease, claims, host, control }: StepsOptions): Steps {
  const done = new Map(Object.entries(lease.steps));
  const underWay = new Set<Promise<unknown>>();
  let bytes = itemBytes(recordToItem(lease)) + RECORD_RESERVE_BYTES;

  async function runOnce<T>(name: string, step: StepFunction<T>, signal: AbortSignal): Promise<T> {
    const kept = done.get(name);
    if (kept !== undefined) return parsed(kept) as T; // ST1
    signal.throwIfAborted();
    const idempotencyKey = host.sha256(JSON.stringify([lease.pk, name])); // ST3
    const json = jsonOf(name, await step({ idempotencyKey, signal }));
    bytes += Buffer.byteLength(name) + Buffer.byteLength(json ?? "") + 1;
    if (bytes > ITEM_BYTES_MAX) throw tooLarge(name, json, bytes);
    const outcome = await claims.saveStep(lease, name, json, control);
    if (outcome.kind !== "done") throw notKept(name, outcome); // ST2
    done.set(name, json);
    return parsed(json) as T; // ST4
  }

  return {
    run(name, step, signal) {
      const running = runOnce(name, step, signal).finally(() => underWay.delete(running));
      underWay.add(running);
      return running;
    },
    async settled() {
      await Promise.allSettled(underWay);
    },
  };
}

function notKept(name: string, outcome: Exclude<HeldOutcome, { kind: "done" }>): SemelError {
  return outcome.kind === "lost" || outcome.kind === "ended" ? leaseLost() : stepNotKept(name, outcome);
}

function parsed(json: string | null): unknown {
  return json === null ? undefined : JSON.parse(json);
}

/** Null: it gave nothing. */
function jsonOf(name: string, value: unknown): string | null {
  if (value === undefined) return null;
  try {
    return keptJson(value);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SemelError(
      `Cannot keep the result of step ${JSON.stringify(name)}: ${reason}. It ran, and runs again with the ` +
        "same idempotencyKey. Return plain values: strings, finite numbers, booleans, null, arrays and objects of them",
      { code: "SEMEL_RESULT", retryable: false, cause },
    );
  }
}

function tooLarge(name: string, json: string | null, bytes: number): SemelError {
  return new SemelError(
    `Cannot keep the result of step ${JSON.stringify(name)}: it has ${Buffer.byteLength(json ?? "")} bytes, and with it the ` +
      `record would have ${bytes}, but DynamoDB takes ${ITEM_BYTES_MAX} (400 KB). Store large values elsewhere, and return where`,
    { code: "SEMEL_LIMIT", retryable: false },
  );
}

const STEP_NAME_LENGTH_MAX = 255;

interface StepCall {
  readonly name: unknown;
  readonly step: unknown;
  /** Steps of this run so far. */
  readonly named: ReadonlySet<string> | undefined;
}

/** The steps, where this one may be among them. Throws a SemelError. */
export function checkedSteps(steps: Steps | undefined, { name, step, named }: StepCall): Steps {
  const fits = typeof name === "string" && name !== "" && name.length <= STEP_NAME_LENGTH_MAX;
  // It names an attribute: the SDK cannot read one called __proto__, and half of a surrogate pair comes back as another name.
  const usable = fits && name !== "__proto__" && name.isWellFormed();
  if (!steps) throw wrongStep("steps are kept on the record of a claim", 'Set the option strategy to "claim"');
  if (!usable)
    throw wrongStep(
      `its name is ${JSON.stringify(name)}`,
      `Use 1 to ${STEP_NAME_LENGTH_MAX} characters, not "__proto__"`,
    );
  if (named?.has(name)) {
    throw wrongStep(`there are two steps ${JSON.stringify(name)}`, "Name each step of a handler differently");
  }
  if (typeof step !== "function") throw wrongStep(`the step is of type ${typeof step}`, "Pass a function");
  return steps;
}

function wrongStep(what: string, remedy: string): SemelError {
  return new SemelError(`Cannot tx.step: ${what}. ${remedy}`, { code: "SEMEL_EFFECT", retryable: false });
}
