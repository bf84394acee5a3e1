// The options about bodies that are compressed or stored.

import { BUCKET_NAME, OBJECT_KEY_BYTES_MAX, type S3Client } from "../aws/s3.ts";
import { invalid, wholeNumber } from "./option-checks.ts";

export interface CompressOptions {
  /** Bodies above this are compressed, bytes. @default 4,096 */
  readonly overBytes?: number | undefined;
}

export interface PublisherClaimCheckOptions {
  /** Its name. One of its own, or at least a prefix of its own. */
  readonly bucket: string | undefined;
  /** Before the names of objects, "orders/" say. @default none */
  readonly prefix?: string | undefined;
  /** Messages above this are stored, bytes: body, compressed or not, and attributes. @default messageBytesMax */
  readonly overBytes?: number | undefined;
  /** `S3Client`. @default a client of its own, loaded with the first body that is stored */
  readonly client?: S3Client | undefined;
}

export interface ResolvedClaimCheck {
  readonly bucket: string;
  readonly prefix: string;
  readonly overBytes: number;
  readonly client: S3Client | undefined;
}

/** Ten messages of this size are some 40 KB: below it, fewer bytes are hardly ever fewer requests of 64 KB. */
const COMPRESS_OVER_BYTES_DEFAULT = 4_096;
const OVER_BYTES_MIN = 256;
/** Two hashes in hex, a slash and a suffix. */
const OBJECT_NAME_BYTES = 132;

/** Undefined: nothing is compressed. */
export function compressOverBytes(value: unknown): number | undefined {
  if (value === undefined || value === false) return undefined;
  if (value === true) return COMPRESS_OVER_BYTES_DEFAULT;
  refuseUnknown("compress", value, ["overBytes"]);
  const { overBytes = COMPRESS_OVER_BYTES_DEFAULT } = value as CompressOptions;
  return wholeNumber("compress.overBytes", overBytes, [0, Number.MAX_SAFE_INTEGER]);
}

/** Undefined: nothing is stored. */
export function resolveClaimCheck(value: unknown, messageBytesMax: number): ResolvedClaimCheck | undefined {
  if (value === undefined) return undefined;
  refuseUnknown("claimCheck", value, ["bucket", "prefix", "overBytes", "client"]);
  const { bucket, prefix = "", overBytes = messageBytesMax, client } = value as PublisherClaimCheckOptions;
  if (typeof bucket !== "string" || !BUCKET_NAME.test(bucket)) {
    throw invalid(
      `claimCheck.bucket is ${JSON.stringify(bucket)}. Use the name of a bucket; is its environment variable set?`,
    );
  }
  const prefixBytesMax = OBJECT_KEY_BYTES_MAX - OBJECT_NAME_BYTES;
  if (typeof prefix !== "string" || !/^(?:[A-Za-z0-9!_.*'()-]+\/)*$/.test(prefix) || prefix.length > prefixBytesMax) {
    throw invalid(
      `claimCheck.prefix is ${JSON.stringify(prefix)}. Use parts of letters, digits and !_.*'()-, each with a slash behind it`,
    );
  }
  if (client !== undefined && typeof (client as { send?: unknown } | null)?.send !== "function")
    throw invalid("claimCheck.client has no send method. Use an S3Client");
  const limit = wholeNumber("claimCheck.overBytes", overBytes, [OVER_BYTES_MIN, messageBytesMax]);
  return { bucket, prefix, overBytes: limit, client };
}

function refuseUnknown(name: string, value: unknown, known: readonly string[]): void {
  if (typeof value !== "object" || value === null)
    throw invalid(`${name} is ${JSON.stringify(value)}. Use { ${known.join(", ")} }`);
  const unknown = Object.keys(value).filter((field) => !known.includes(field));
  if (unknown.length > 0) throw invalid(`unknown field ${unknown.join(", ")} of ${name}. Known: ${known.join(", ")}`);
}
