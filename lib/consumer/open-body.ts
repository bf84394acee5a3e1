// Gives an encoded message the payload that its publisher meant: what is decoded, validated, keyed and fingerprinted is that.
//
//   OP1. Body and attributes stay those that came: they are what goes to a dead-letter queue.
//   OP2. A message that is not opened has no payload: nothing takes what stands in its place for one.
//   OP3. An object is read once in a batch, however often its message runs.

import type { Host } from "../host.ts";
import { decodePayload } from "../payload/decode.ts";
import type { ObjectStore } from "../payload/objects.ts";
import { ENCODING_ATTRIBUTE, type ObjectClaim, PAYLOAD_BYTES_MAX } from "../protocol/encoded-body.ts";
import { decodeJson } from "../sources/payload.ts";
import type { Delivery } from "../sources/source.ts";
import { createSlots, type Slots } from "./concurrency.ts";
import { inTime } from "./in-time.ts";
import type { ResolvedOptions } from "./options.ts";

/** Of one batch. Rejects with a SemelError. */
export type OpenBody = (delivery: Delivery) => Promise<Delivery>;

/** Objects that are read side by side. */
const READS_MAX = 10;

export interface OpenContext {
  readonly objects: ObjectStore;
  readonly options: Pick<ResolvedOptions, "claimCheck">;
  readonly host: Host;
  /** Nothing is read after it. */
  readonly gate: AbortSignal;
}

export function bodyOpener({ objects, options, host, gate }: OpenContext): OpenBody {
  let slots: Slots | undefined; // most batches need none
  const limits = { host, service: "S3", outer: gate };
  const opened = new WeakMap<Delivery, Delivery>();

  function read(claim: ObjectClaim): Promise<Uint8Array | undefined> {
    slots ??= createSlots(READS_MAX, gate);
    return slots.run(() => inTime((signal) => objects.get(claim, PAYLOAD_BYTES_MAX, signal), limits));
  }

  return async (delivery) => {
    const known = opened.get(delivery);
    if (known) return known; // OP3
    const encoding = delivery.messageAttributes[ENCODING_ATTRIBUTE]?.stringValue;
    const context = { bucket: options.claimCheck?.bucket, read, sha256: host.sha256 };
    const payload = await decodePayload({ body: delivery.text(), encoding }, context);
    const own: Delivery = { ...delivery, opened: payload, decode: () => decodeJson(payload) }; // OP1
    opened.set(delivery, own);
    return own;
  };
}

export function isEncoded({ messageAttributes }: Delivery): boolean {
  return Object.hasOwn(messageAttributes, ENCODING_ATTRIBUTE);
}

/** OP2. Its body, as it came, is all there is to fingerprint. */
export function unopened(delivery: Delivery, cause: unknown): Delivery {
  return {
    ...delivery,
    decode() {
      throw cause;
    },
  };
}
