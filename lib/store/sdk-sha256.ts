// SHA-256 and its HMAC, as the SDK's client asks for them to sign a request. Its own copies each hash, and hands Node each key as bytes,
// which takes five times as long as a key object: with this one a small request takes a twentieth less processor time.
//
//   SH1. What it digests is what the SDK's own would.

import { createHash, createHmac, createSecretKey, type Hash, type Hmac } from "node:crypto";

/** A key as the SDK passes it. */
type Secret = string | ArrayBuffer | ArrayBufferView;

interface Checksum {
  update(data: Uint8Array): void;
  digest(): Promise<Uint8Array>;
  reset(): void;
}

/** The SDK calls it by `new`, which gives what the function returns. */
export const Sha256 = checksum as unknown as new (secret?: Secret) => Checksum;

function checksum(secret?: Secret): Checksum {
  let hash = begin(secret);
  return {
    update: (data) => void hash.update(data),
    digest: async () => hash.digest(),
    reset() {
      hash = begin(secret);
    },
  };
}

function begin(secret: Secret | undefined): Hash | Hmac {
  if (secret === undefined) return createHash("sha256");
  return createHmac("sha256", typeof secret === "string" ? secret : createSecretKey(bytesOf(secret)));
}

function bytesOf(secret: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (!ArrayBuffer.isView(secret)) return new Uint8Array(secret);
  return new Uint8Array(secret.buffer, secret.byteOffset, secret.byteLength);
}
