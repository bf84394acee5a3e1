// S3 behind the seam of lib/payload/objects.ts, in memory: keeps what it was asked, and answers well or badly.

import type { ObjectStore } from "../../lib/payload/objects.ts";
import type { ObjectPlace } from "../../lib/protocol/encoded-body.ts";

/** What happens to one request. */
export type ObjectFault = "none" | "answer-lost" | "never-applied" | "hangs" | "denied";

export interface MemoryObjects extends ObjectStore {
  /** By bucket and key. */
  readonly content: Map<string, Uint8Array>;
  /** "put bucket/key", "get bucket/key" */
  readonly log: string[];
}

export function memoryObjects(nextFault: (request: string) => ObjectFault = () => "none"): MemoryObjects {
  const content = new Map<string, Uint8Array>();
  const log: string[] = [];
  async function answer<T>(request: string, apply: () => T): Promise<T> {
    log.push(request);
    const fault = nextFault(request);
    if (fault === "hangs") return new Promise<never>(() => {}); // nor heeds its signal
    if (fault === "never-applied") throw new Error("read ECONNRESET");
    if (fault === "denied") throw failure("AccessDenied", 403);
    const answered = apply();
    if (fault === "answer-lost") throw new Error("read ECONNRESET");
    return answered;
  }
  const nameOf = ({ bucket, key }: ObjectPlace): string => `${bucket}/${key}`;
  return {
    content,
    log,
    put: (place, bytes) => answer(`put ${nameOf(place)}`, () => void content.set(nameOf(place), bytes.slice())),
    get: (place, bytesMax) =>
      answer(`get ${nameOf(place)}`, () => {
        const bytes = content.get(nameOf(place));
        if (bytes === undefined) throw failure("NoSuchKey", 404);
        return bytes.byteLength > bytesMax ? undefined : bytes;
      }),
  };
}

function failure(name: string, httpStatusCode: number): Error {
  return Object.assign(new Error("as S3 says it"), { name, $metadata: { httpStatusCode } });
}
