// Stubs of other systems: a call is an event of the schedule. It is answered; or it has no answer, and lands later or never;
// or it is refused. What landed is what `calls` tells.

import { SemelError } from "../../errors.ts";
import { current } from "./current.ts";

export interface Stub<Args extends readonly unknown[] = readonly unknown[], Answer = unknown> {
  (...args: Args): Promise<Answer>;
  readonly stubName: string;
}

/**
 * A function for calls of another system. What it did is asked by `calls(stub)` in `effects`: the arguments of every call that
 * reached the system. `answer` gives what the system answers, from the arguments alone; what it throws is a refusal.
 * Outside of an exploration the stub answers, and nothing is kept.
 */
export function stub<Args extends readonly unknown[], Answer = undefined>(
  name: string,
  answer?: (...args: Args) => Answer,
): Stub<Args, Awaited<Answer>> {
  if (typeof name !== "string" || name === "") {
    throw new SemelError(`Cannot make a stub: its name is ${JSON.stringify(name)}. Use a text, such as "charge"`, {
      code: "SEMEL_OPTIONS",
      retryable: false,
    });
  }
  const given = (...args: never[]): unknown => answer?.(...(args as readonly unknown[] as Args));
  const call = async (...args: Args): Promise<Awaited<Answer>> => {
    const process = current.getStore();
    if (!process) return (await given(...(args as readonly unknown[] as never[]))) as Awaited<Answer>;
    const kept = structuredClone(args);
    const request = { operation: "stub", name, args: kept, answer: given } as const;
    return process.sandbox.request(request, undefined) as Promise<Awaited<Answer>>;
  };
  return Object.assign(call, { stubName: name });
}
