// What the command line may ask a consumer whose module it imports: under which key it would run a message. It runs none.
//
//   DO1. A consumer tells of itself only where somebody listens. On AWS nobody does.
//   DO2. Keys and fingerprints are those of the consumer's own code, by the path that its messages take.

import type { SqsRecord } from "../aws/lambda.ts";
import { FIFO_QUEUE_SUFFIX } from "../aws/names.ts";
import { SemelError } from "../errors.ts";
import type { Host } from "../host.ts";
import { sdkObjects } from "../payload/objects.ts";
import type { Delivery } from "../sources/source.ts";
import { sqs } from "../sources/sqs.ts";
import { sqsFifo } from "../sources/sqs-fifo.ts";
import { prepare, type ReadContext } from "./message.ts";
import { bodiesOf } from "./open-body.ts";
import type { ResolvedOptions } from "./options.ts";
import type { InsertOptions, Strategy } from "./strategy-options.ts";

export interface ConsumerDoor {
  readonly consumer: string;
  /** Of its idempotency records. */
  readonly table: string;
  readonly strategy: Strategy;
  readonly insert: InsertOptions | undefined;
  /** Never rejects. */
  identify(record: SqsRecord): Promise<Identified>;
}

/** Of a message, as its consumer would run it. */
export type Identified =
  | {
      readonly kind: "identified";
      readonly key: string;
      /** Of its idempotency record. */
      readonly pk: string;
      readonly fingerprint: string;
      /** False: the fingerprint may be another one than the consumer's. */
      readonly exact: boolean;
    }
  | { readonly kind: "unidentified"; readonly code: string; readonly reason: string };

/** By its name, since a process may hold this module twice. */
export const CONSUMERS: unique symbol = Symbol.for("semel.consumers");

interface Listening {
  [CONSUMERS]?: ConsumerDoor[];
}

/** DO1 */
export function announce(options: ResolvedOptions, host: Host): void {
  (globalThis as Listening)[CONSUMERS]?.push(doorOf(options, host));
}

/** All consumers that announce themselves while `act` runs. */
export async function listening(act: () => Promise<unknown>): Promise<readonly ConsumerDoor[]> {
  const heard: ConsumerDoor[] = [];
  (globalThis as Listening)[CONSUMERS] = heard;
  try {
    await act();
  } finally {
    delete (globalThis as Listening)[CONSUMERS];
  }
  return heard;
}

export function doorOf(options: ResolvedOptions, host: Host): ConsumerDoor {
  const { consumer, table, strategy, insert } = options;
  const gate = new AbortController().signal; // never closes: nobody waits for an invocation
  const bodies = bodiesOf({ objects: sdkObjects(options.claimCheck?.client), options, host, gate });
  return { consumer, table, strategy, insert, identify: (record) => identify(record, { options, bodies, host }) };
}

async function identify(record: SqsRecord, context: ReadContext & { readonly host: Host }): Promise<Identified> {
  let delivery: Delivery | undefined;
  try {
    const source = record.eventSourceARN.endsWith(FIFO_QUEUE_SUFFIX) ? sqsFifo : sqs;
    [delivery] = source.deliveries({ Records: [record] });
    if (delivery === undefined) throw new Error("the record is no message");
    const preparation = await prepare(delivery, context); // DO2
    if (preparation.kind === "ready") return { kind: "identified", ...identityOf(preparation.prepared), exact: true };
    const { error, identity } = preparation;
    // Its fingerprint is that of the whole body, whatever the option would have picked; where the payload could not be read now, of what
    // stands in its place.
    const exact = context.options.fingerprint === undefined && !error.retryable;
    if (identity) return { kind: "identified", ...identityOf(identity), exact };
    return { kind: "unidentified", code: error.code, reason: error.message };
  } catch (error) {
    const code = error instanceof SemelError ? error.code : "SEMEL_EVENT";
    return { kind: "unidentified", code, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    if (delivery) context.bodies.close(delivery);
  }
}

function identityOf({ key, pk, fingerprint }: { key: string; pk: string; fingerprint: string }) {
  return { key, pk, fingerprint };
}
