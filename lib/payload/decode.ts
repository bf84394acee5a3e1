// The payload of a message whose body is encoded.
//
//   DE1. What another try may mend is retryable: an encoding of a newer version, an object that cannot be read now. It is never given
//        up for that. What nothing can mend is not.
//   DE2. Only objects of the one bucket of the options are read, and only content that its name says is taken: a message may
//        name anything.

import { SemelError } from "../errors.ts";
import {
  claimOf,
  ENCODING_ATTRIBUTE,
  ENCODINGS,
  type Encoding,
  isEncoding,
  type ObjectClaim,
  PAYLOAD_BYTES_MAX,
  uriOf,
} from "../protocol/encoded-body.ts";
import type { Sha256 } from "../protocol/key.ts";
import { damaged, fromBase64, gunzip, textOf, tooLarge } from "./gzip.ts";

export interface DecodeContext {
  /** The one that is read from. */
  readonly bucket: string | undefined;
  /** Undefined: larger than semel takes. */
  read(claim: ObjectClaim): Promise<Uint8Array | undefined>;
  readonly sha256: Sha256;
}

export interface EncodedBody {
  readonly body: string;
  /** As the attribute has it. */
  readonly encoding: string | undefined;
}

/** Rejects with a SemelError. */
export async function decodePayload({ body, encoding }: EncodedBody, context: DecodeContext): Promise<string> {
  if (!isEncoding(encoding)) throw unknownEncoding(encoding);
  switch (encoding) {
    case "gzip+base64":
      return decodeInline(body);
    case "s3":
    case "gzip+s3":
      return stored(body, encoding, context);
    case "cut":
      throw new SemelError(
        `Cannot decode the body: it is a dead letter whose body was cut, since SQS had no room for the whole. Read that where its ` +
          "attributes semel-origin and semel-position say, and send it again",
        { code: "SEMEL_BODY", retryable: false },
      );
  }
}

/** Of a payload that its body holds, gzip+base64: at once. Throws a SemelError. */
export function decodeInline(body: string): string {
  return textOf(gunzip(fromBase64(body)));
}

async function stored(body: string, encoding: Encoding, context: DecodeContext): Promise<string> {
  const claim = claimOf(body, encoding);
  if (claim === undefined) throw damaged(`${JSON.stringify(body.slice(0, 200))} names no object of semel's`);
  if (claim.bucket !== context.bucket) throw otherBucket(claim, context.bucket); // DE2
  let bytes: Uint8Array | undefined;
  try {
    bytes = await context.read(claim);
  } catch (cause) {
    throw unreadable(claim, cause);
  }
  if (bytes === undefined) throw tooLarge(`more than ${PAYLOAD_BYTES_MAX}`);
  const payload = textOf(encoding === "gzip+s3" ? gunzip(bytes) : bytes);
  if (context.sha256(payload) !== claim.payloadHash)
    throw damaged(`the content of ${uriOf(claim)} is not what its name says`); // DE2
  return payload;
}

/** DE1 */
function unknownEncoding(encoding: string | undefined): SemelError {
  return new SemelError(
    `Cannot decode the body: its attribute ${ENCODING_ATTRIBUTE} is ${JSON.stringify(encoding)}. Known: ${ENCODINGS.join(", ")}. ` +
      "It comes again; deploy the consumer with a version of semel that is not older than the publisher's",
    { code: "SEMEL_BODY", retryable: true },
  );
}

function otherBucket(claim: ObjectClaim, bucket: string | undefined): SemelError {
  const allowed = bucket === undefined ? "no bucket is named" : `${bucket} is the only one that is read`;
  return new SemelError(
    `Cannot read the body: it is in ${uriOf(claim)}, and ${allowed}. It comes again; name the publisher's bucket in the ` +
      "option claimCheck, or by grantClaimCheck of the construct",
    { code: "SEMEL_CLAIM_CHECK", retryable: true },
  );
}

function unreadable(claim: ObjectClaim, cause: unknown): SemelError {
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new SemelError(
    `Cannot read the body from ${uriOf(claim)}: ${reason}. It comes again; the function needs s3:GetObject there, and the lifecycle ` +
      "rule of the bucket has to outlast the dedup horizon",
    { code: "SEMEL_CLAIM_CHECK", retryable: true, cause },
  );
}
