// Gives an encoded message the payload that its publisher meant: what is decoded, validated, keyed and fingerprinted is that.
//
//   OP1. Body and attributes stay those that came: they are what goes to a dead-letter queue.
//   OP2. A message that is not opened has no payload: nothing takes what stands in its place for one.
//   OP3. An object is read once in a batch, however often its message runs, also while it is being read.
//   OP4. No payload is opened while those that are open have OPEN_BYTES_MAX or more; objects that are being read then are READS_MAX
//        at most. Each is let go at the end of its message, which waits for none of those that wait for room. What is there only after
//        that end takes no room.

import { type Host, inTime } from "../host.ts";
import { decodeInline, decodePayload } from "../payload/decode.ts";
import { OBJECT_TIMEOUT_MS, type ObjectStore } from "../payload/objects.ts";
import { ENCODING_ATTRIBUTE, isStored, type ObjectClaim, PAYLOAD_BYTES_MAX } from "../protocol/encoded-body.ts";
import { decodeJson } from "../sources/payload.ts";
import type { Delivery } from "../sources/source.ts";
import { createSlots, createWait, type Slots, type Wait } from "./concurrency.ts";
import { outOfTime } from "./failures.ts";
import type { ResolvedOptions } from "./options.ts";

/** Of one batch. */
export interface Bodies {
  /** Rejects with a SemelError. */
  open(delivery: Delivery): Promise<Delivery>;
  /** Its message is at its end, here at least. */
  close(delivery: Delivery): void;
  /** Who opens another one waits. */
  areFull(): boolean;
}

/** Objects that are read side by side. */
const READS_MAX = 10;
/** What is made of a payload takes several times its size, and a function may have 128 MB. */
export const OPEN_BYTES_MAX: number = 32 * 1024 * 1024;

export interface OpenContext {
  readonly objects: ObjectStore;
  readonly options: Pick<ResolvedOptions, "claimCheck">;
  readonly host: Host;
  /** Nothing is read after it. */
  readonly gate: AbortSignal;
}

interface Open {
  readonly delivery: Delivery;
  readonly bytes: number;
}

export function bodiesOf({ objects, options, host, gate }: OpenContext): Bodies {
  const opened = new Map<Delivery, Open>();
  const opening = new Map<Delivery, Promise<Delivery>>();
  let bytesOpen = 0;
  let room = Promise.withResolvers<void>();
  let places: Places | undefined; // most batches need none
  const limits = { host, service: "S3", timeoutMs: OBJECT_TIMEOUT_MS } as const;

  const areFull = (): boolean => bytesOpen >= OPEN_BYTES_MAX;

  /** OP4 */
  async function untilRoom(untilGate: Wait): Promise<void> {
    while (areFull()) await untilGate(room.promise);
  }

  async function unpack(delivery: Delivery, encoding: string | undefined): Promise<Delivery> {
    const read = (claim: ObjectClaim): Promise<Uint8Array | undefined> =>
      inTime((signal) => objects.get(claim, PAYLOAD_BYTES_MAX, signal), gate, limits);
    const context = { bucket: options.claimCheck?.bucket, read, sha256: host.sha256 };
    const own = withPayload(delivery, await decodePayload({ body: delivery.text(), encoding }, context));
    return opening.has(delivery) ? keep(delivery, own) : own; // OP4
  }

  function keep(delivery: Delivery, own: OpenedDelivery): Delivery {
    const bytes = Buffer.byteLength(own.opened);
    bytesOpen += bytes;
    opened.set(delivery, { delivery: own, bytes });
    return own;
  }

  async function enter(delivery: Delivery, encoding: string | undefined): Promise<Delivery> {
    places ??= placesUntil(gate);
    const { entrance, reads, untilGate } = places;
    if (isStored(encoding)) {
      return reads.run(async () => {
        await entrance.run(() => untilRoom(untilGate));
        return unpack(delivery, encoding);
      });
    }
    return entrance.run(async () => {
      await untilRoom(untilGate);
      return unpack(delivery, encoding);
    });
  }

  async function openInTurn(delivery: Delivery, encoding: string | undefined): Promise<Delivery> {
    try {
      return await enter(delivery, encoding);
    } catch (error) {
      throw gate.aborted && error === gate.reason ? outOfTime("its body was read") : error;
    } finally {
      opening.delete(delivery);
    }
  }

  return {
    areFull,
    async open(delivery) {
      const known = opened.get(delivery)?.delivery ?? opening.get(delivery);
      if (known) return known; // OP3
      const encoding = delivery.messageAttributes[ENCODING_ATTRIBUTE]?.stringValue;
      if (encoding === "gzip+base64" && !areFull())
        return keep(delivery, withPayload(delivery, decodeInline(delivery.text()))); // most wait for nothing
      const inTurn = openInTurn(delivery, encoding);
      opening.set(delivery, inTurn);
      return inTurn;
    },
    close(delivery) {
      opening.delete(delivery);
      const known = opened.get(delivery);
      if (known === undefined) return;
      opened.delete(delivery);
      bytesOpen -= known.bytes;
      room.resolve();
      room = Promise.withResolvers();
    },
  };
}

interface OpenedDelivery extends Delivery {
  readonly opened: string;
}

/** OP1 */
function withPayload(delivery: Delivery, payload: string): OpenedDelivery {
  return { ...delivery, opened: payload, decode: () => decodeJson(payload) };
}

interface Places {
  /** One by one, so that each finds what those before it left of the room. */
  readonly entrance: Slots;
  readonly reads: Slots;
  readonly untilGate: Wait;
}

function placesUntil(gate: AbortSignal): Places {
  return {
    entrance: createSlots(1, gate),
    reads: createSlots(READS_MAX, gate),
    untilGate: createWait(gate, () => gate.reason),
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
