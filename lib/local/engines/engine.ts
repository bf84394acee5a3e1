// What an engine is to the rest of the local cloud: an endpoint that may fail.

export interface Engine {
  readonly endpoint: string;
  /** Calls the listener once, when the engine dies by itself. */
  onFailure(listener: (error: Error) => void): void;
  stop(): Promise<void>;
}

/** An engine that somebody else runs. */
export function givenEngine(endpoint: string): Engine {
  return { endpoint: endpoint.replace(/\/$/, ""), onFailure: () => {}, stop: async () => {} };
}
