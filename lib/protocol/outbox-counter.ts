// The counter of a group, which gives its messages their order where the source of the handler's message keeps none. Pure.
//
//   OC1. A number is taken from the counter exactly as it was seen, in the transaction of the messages that it orders: of two
//        commits that saw the same, one goes through.
//   OC2. Numbers of a group only grow, also where its counter's time to live ran out: a new counter begins with the time, and no
//        group takes more than a thousand numbers a second.
//   OC3. A counter of a newer version means retry: nothing is taken from it.

import type { Item } from "../aws/dynamodb.ts";
import { OUTBOX_TABLE } from "../contract.ts";
import type { KeyedEffect } from "./effects.ts";
import { COUNTER_SORT_KEY } from "./outbox.ts";

/** Raised when the meaning of a counter changes. */
export const COUNTER_FORMAT_VERSION = 1;

export type SeenCounter =
  | { readonly kind: "at"; readonly sequence: number }
  | { readonly kind: "none" }
  | { readonly kind: "unreadable"; readonly formatVersion: string };

export function counterKey(groupPk: string): Item {
  return { [OUTBOX_TABLE.partitionKey]: { S: groupPk }, [OUTBOX_TABLE.sortKey]: { S: COUNTER_SORT_KEY } };
}

export function readCounter(item: Item | undefined): SeenCounter {
  if (!item) return { kind: "none" };
  const sequence = Number(item["sequence"]?.N ?? Number.NaN);
  const formatVersion = item["formatVersion"]?.N ?? "none";
  const readable = formatVersion === String(COUNTER_FORMAT_VERSION) && Number.isSafeInteger(sequence);
  return readable ? { kind: "at", sequence } : { kind: "unreadable", formatVersion }; // OC3
}

export interface CounterTimes {
  readonly nowMs: number;
  /** When nobody that takes no number until then needs it any more. */
  readonly expiresAtSeconds: number;
}

/** OC2. The number behind the one that was seen. */
export function nextSequence(seen: Exclude<SeenCounter, { kind: "unreadable" }>, nowMs: number): number {
  return seen.kind === "none" ? Math.trunc(nowMs) : seen.sequence + 1;
}

const SEQUENCE_DIGITS = 20;

/** As part of a sort key. */
export function sequenceText(sequence: number): string {
  return String(sequence).padStart(SEQUENCE_DIGITS, "0");
}

/** OC1 */
export function advanceCounter(
  target: { readonly table: string; readonly groupPk: string },
  seen: Exclude<SeenCounter, { kind: "unreadable" }>,
  { nowMs, expiresAtSeconds }: CounterTimes,
): KeyedEffect {
  const condition =
    seen.kind === "none"
      ? `attribute_not_exists(${OUTBOX_TABLE.partitionKey})`
      : "formatVersion = :semelFormat AND #semelSequence = :semelSeen";
  return {
    kind: "update",
    tableName: target.table,
    key: counterKey(target.groupPk),
    expressions: {
      condition,
      update: `SET formatVersion = :semelFormat, #semelSequence = :semelNext, ${OUTBOX_TABLE.timeToLive} = :semelExpires`,
      names: { "#semelSequence": "sequence" },
      values: {
        ":semelFormat": { N: String(COUNTER_FORMAT_VERSION) },
        ":semelNext": { N: String(nextSequence(seen, nowMs)) },
        ":semelExpires": { N: String(expiresAtSeconds) },
        ...(seen.kind === "none" ? {} : { ":semelSeen": { N: String(seen.sequence) } }),
      },
    },
  };
}
