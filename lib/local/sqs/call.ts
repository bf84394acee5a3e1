// One call of the API, without HTTP: the action by its name, then those who wait get what it made available.
import type { JsonObject } from "../values.ts";
import type { Caller } from "./actions/action.ts";
import { ACTIONS } from "./actions/index.ts";
import type { SqsEngine } from "./engine.ts";
import { SqsError } from "./errors.ts";

/** Throws an SqsError; rejects with one only where it waits. */
export function call(
  engine: SqsEngine,
  request: { readonly action: string; readonly input: JsonObject },
  caller: Caller,
): JsonObject | Promise<JsonObject> {
  const action = Object.hasOwn(ACTIONS, request.action) ? ACTIONS[request.action] : undefined;
  if (action === undefined) {
    throw new SqsError(
      "InvalidAction",
      `The action ${request.action} is not valid for this endpoint; it has ${Object.keys(ACTIONS).join(", ")}.`,
    );
  }
  try {
    return action(engine, request.input, caller);
  } finally {
    engine.polls.serve();
  }
}
