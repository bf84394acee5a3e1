// The one seam to S3. The SDK's client is loaded with the first request: a message that fits needs none.

import type { GetObjectOutput, S3Client } from "../aws/s3.ts";
import { SemelError } from "../errors.ts";
import type { ObjectPlace } from "../protocol/encoded-body.ts";

/** A request without an answer is given up after this time, ms: 16 MiB, tried thrice by the client. */
export const OBJECT_TIMEOUT_MS = 20_000;

export interface ObjectStore {
  /** Resolves when S3 has the object. Put again, it is the same object, with its lifetime from the start. */
  put(place: ObjectPlace, bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** Undefined: it is larger than `bytesMax`. Rejects with what the SDK throws. */
  get(place: ObjectPlace, bytesMax: number, signal: AbortSignal): Promise<Uint8Array | undefined>;
}

/** Without a client, one of its own: with the SDK's own retries, since nothing here does harm when it is done twice. */
export function sdkObjects(given: S3Client | undefined): ObjectStore {
  let own: S3Client | undefined;
  async function open(): Promise<{ sdk: typeof import("@aws-sdk/client-s3"); client: S3Client }> {
    const sdk = await import("@aws-sdk/client-s3").catch(missing); // caught: bundlers leave out what is not installed
    own ??= given ?? asClient(new sdk.S3Client());
    return { sdk, client: own };
  }
  return {
    async put({ bucket, key }, bytes, signal) {
      const { sdk, client } = await open();
      // Unconditionally: an object that is there already gets its whole lifetime again, which its new message needs.
      await client.send(new sdk.PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes }), { abortSignal: signal });
    },
    async get({ bucket, key }, bytesMax, signal) {
      const { sdk, client } = await open();
      const command = new sdk.GetObjectCommand({ Bucket: bucket, Key: key });
      const answer = await client.send(command, { abortSignal: signal });
      const { Body: body, ContentLength: length } = answer as GetObjectOutput;
      if (body === undefined) throw new Error("the answer to GetObject has no body");
      if (length === undefined || length > bytesMax) {
        body.destroy?.();
        if (length === undefined) throw new Error("the answer to GetObject has no length");
        return undefined;
      }
      const destroy = (): void => body.destroy?.(); // the client heeds its signal until the answer begins
      signal.addEventListener("abort", destroy, { once: true });
      try {
        return await body.transformToByteArray();
      } finally {
        signal.removeEventListener("abort", destroy);
      }
    },
  };
}

function missing(cause: unknown): never {
  throw new SemelError(
    "Cannot read or store a body in S3: @aws-sdk/client-s3 cannot be loaded. Install it beside semel, and bundle the function again",
    { code: "SEMEL_OPTIONS", retryable: true, cause },
  );
}

/** The SDK's overloads are narrower than what is needed of them. */
function asClient(client: object): S3Client {
  return client as S3Client;
}
