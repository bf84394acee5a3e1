// What an engine is to the rest of the local cloud: an endpoint that may fail.

export interface Engine {
  readonly endpoint: string;
  /** Takes it down, and up again on the same port with the same content when `down` is over. Absent where it can't. */
  readonly restart?: ((down: Promise<void>) => Promise<void>) | undefined;
  /** Calls the listener once, when the engine dies by itself. */
  onFailure(listener: (error: Error) => void): void;
  stop(): Promise<void>;
}

/** An engine that somebody else runs. */
export function givenEngine(endpoint: string): Engine {
  return { endpoint: endpoint.replace(/\/$/, ""), onFailure: () => {}, stop: async () => {} };
}
