// Puts bodies into S3 that do not fit into their messages.
//
//   UP1. A message is sent only when S3 has said that it has the body: a consumer never meets a URI of nothing.
//   UP2. To put an object once more does no harm, so whatever is not surely refused is tried again, within the message's time.

import { type Host, inTime } from "../host.ts";
import { OBJECT_TIMEOUT_MS, type ObjectStore } from "../payload/objects.ts";
import type { EntryAnswer } from "./answers.ts";
import type { Turn } from "./lanes.ts";

/** An answer for each turn whose body could not be stored, by place; the others may be sent (UP1). Never rejects. */
export async function storeBodies(
  turns: readonly Turn[],
  over: AbortSignal,
  { objects, host }: { readonly objects: ObjectStore; readonly host: Host },
): Promise<ReadonlyMap<number, EntryAnswer>> {
  const failures = new Map<number, EntryAnswer>();
  async function store({ item, message: { upload } }: Turn, place: number): Promise<void> {
    if (upload === undefined || item.isStored) return;
    try {
      const put = (signal: AbortSignal): Promise<void> => objects.put(upload, upload.bytes, signal);
      await inTime(put, over, { host, service: "S3", timeoutMs: OBJECT_TIMEOUT_MS });
      item.isStored = true;
    } catch (cause) {
      failures.set(place, { kind: isRefusal(cause) ? "unstored" : "throttled", cause }); // UP2
    }
  }
  await Promise.all(turns.map(store));
  return failures;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html: of what is called the caller's fault, these pass. */
const PASSING: ReadonlySet<unknown> = new Set(["BadDigest", "IncompleteBody", "OperationAborted", "RequestTimeout"]);

function isRefusal(error: unknown): boolean {
  const { name, $metadata } = (error ?? {}) as { name?: unknown; $metadata?: { httpStatusCode?: unknown } };
  const status = $metadata?.httpStatusCode;
  return typeof status === "number" && status >= 400 && status < 500 && status !== 429 && !PASSING.has(name);
}
