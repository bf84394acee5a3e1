// How a local cloud fares: what it says, what it saw, whether it still can go on.
import { localError, reason } from "./local-error.ts";
import { printLine } from "./print.ts";
import type { EngineName, LocalEvent, LocalOptions, Logger } from "./types.ts";

export interface State {
  readonly logger: Logger;
  readonly warn: (text: string) => void;
  readonly observe: (event: LocalEvent) => void;
  readonly fail: (engine: EngineName, error: Error) => void;
  /** Calls the listener at once if it failed already. */
  onFailure(listener: (engine: EngineName, error: Error) => void): void;
  readonly failure: () => Error | undefined;
  /** An engine failed; not: it was stopped. */
  hasFailed(): boolean;
  close(): void;
  readonly invocationsStarted: () => number;
}

export function createState(options: Pick<LocalOptions, "logger" | "observer">): State {
  const logger = options.logger ?? printLine;
  let failure: Error | undefined;
  let stopped = false;
  let failed: (what: readonly [EngineName, Error]) => void = () => {};
  const failing = new Promise<readonly [EngineName, Error]>((resolve) => {
    failed = resolve;
  });
  let invocationsStarted = 0;
  const observe = (event: LocalEvent): void => {
    if (event.kind === "invocation-started") invocationsStarted += 1;
    try {
      options.observer?.(event);
    } catch (thrown) {
      logger({ source: "semel", text: `the observer threw: ${reason(thrown)}`, level: "error" });
    }
  };
  return {
    logger,
    observe,
    warn: (text) => logger({ source: "semel", text, level: "warn" }),
    fail(engine, error) {
      if (failure !== undefined || stopped) return;
      failure = localError(`The ${engine} engine failed: ${error.message}`, error);
      logger({ source: "semel", text: failure.message, level: "error" });
      observe({ kind: "engine-failed", engine, error: failure });
      failed([engine, error]);
    },
    onFailure: (listener) => void failing.then((what) => listener(...what)),
    failure: () => failure ?? (stopped ? localError("The local cloud was stopped") : undefined),
    hasFailed: () => failure !== undefined,
    close: () => {
      stopped = true;
    },
    invocationsStarted: () => invocationsStarted,
  };
}
