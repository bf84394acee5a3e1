// Strategy watermark: one small item per consumer, origin and ordering key holds the highest position whose effects, and all
// before it, are applied. Pure.
//
//   WM1. A run moves the watermark only from below its first message: in the transaction of its effects, so a message takes
//        effect once, whoever runs it beside us.
//   WM2. Positions are compared only within one consumer, origin and ordering key.
//   WM3. A message at or below the watermark is done, or passed over: one whose dead letter may not be sent yet is on the
//        watermark's own list. The list holds the rejections of the last run alone, since a run is committed only when all
//        dead letters of those before it are sent, by whoever commits it.
//   WM4. A watermark that cannot be read, because a newer version wrote it, means retry: never done.

import type { Sha256 } from "./key.ts";
import type { FoundRecord, Rejection } from "./record.ts";

/** Raised when the meaning of a watermark changes. Readers refuse versions above theirs. */
export const WATERMARK_FORMAT_VERSION = 1;

/** A message that the watermark passed by without effects. */
export interface PassedOver extends Omit<Rejection, "messageId"> {
  readonly position: string;
}

export interface Watermark {
  readonly pk: string;
  /** Decimal digits of a fixed width: texts compare as numbers. */
  readonly position: string;
  /** Of the commit that moved it here. */
  readonly attemptId: string;
  /** Of its last run. WM3 */
  readonly passedOver: readonly PassedOver[];
}

/** What a run writes in place of a record. */
export interface WatermarkMove extends Watermark {
  readonly status: "WATERMARK";
  /** Position of the run's first message; `position` is its last one's. */
  readonly first: string;
  /** There for records under a claim alone. */
  readonly fencingToken?: undefined;
}

/** Where a message stands in its order. */
export interface Lane {
  readonly origin: string;
  readonly orderingKey: string;
}

/**
 * WM2. Partition key of the watermark: never that of an idempotency record, which has a hash where this has a word; a
 * consumer's name has no #.
 */
export function watermarkKey(consumer: string, { origin, orderingKey }: Lane, sha256: Sha256): string {
  return `${consumer}#watermark#${sha256(JSON.stringify([origin, orderingKey]))}`;
}

export function isDone(position: string, watermark: Watermark | undefined): watermark is Watermark {
  return watermark !== undefined && position <= watermark.position;
}

/** Does what was found refuse the move? The condition of the move says the same to DynamoDB. */
export function refusesMove(found: FoundRecord, { first }: WatermarkMove): boolean {
  return found.kind !== "watermark" || isDone(first, found.watermark);
}

export type WatermarkVerdict =
  /** Its first message is done, by an earlier try of ours or by somebody else: what is beyond the watermark is not. */
  | { readonly kind: "passed"; readonly watermark: Watermark }
  | { readonly kind: "unreadable"; readonly formatVersion: string; readonly status: string };

export function judgeWatermark(found: FoundRecord): WatermarkVerdict {
  if (found.kind === "watermark") return { kind: "passed", watermark: found.watermark };
  if (found.kind === "unreadable") return found; // WM4
  return { kind: "unreadable", formatVersion: "of a record", status: found.record.status };
}
