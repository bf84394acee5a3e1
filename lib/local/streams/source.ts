// What a stream that feeds a function is to the rest of the local cloud.
import type { LocalStream } from "../types.ts";
import type { StreamParts } from "./delivery.ts";
import type { StreamMapping } from "./mapping.ts";

export interface StreamSource {
  /** What is not done yet; looks into the stream first. Undefined: nothing. */
  whatIsBusy(): Promise<string | undefined>;
  /** No further read. Resolves when the batches at work are settled. */
  stop(): Promise<void>;
  /** What users see of it. */
  readonly face?: LocalStream;
}

/** A mapping that is understood, and can be started once its function and its queue are known. */
export interface DefinedStream {
  readonly mapping: StreamMapping;
  start(parts: StreamParts): Promise<StreamSource>;
}
