// What an action of the API is: a function of the engine and the request's parameters.
import type { JsonObject } from "../../values.ts";
import type { SqsEngine } from "../engine.ts";

export interface Caller {
  /** Calls the listener when the caller has gone, which nothing but a receive that waits needs to know. */
  readonly onGone: (listener: () => void) => void;
}

/** Throws an SqsError. Only what waits is a promise. */
export type Action = (engine: SqsEngine, input: JsonObject, caller: Caller) => JsonObject | Promise<JsonObject>;
