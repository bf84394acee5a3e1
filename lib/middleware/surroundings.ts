// What stands around one invocation in place of the process and the SDK: an explorer of schedules puts it on the context of the
// invocations that it makes, each sandbox with its own. Nothing on AWS sets it.

import type { SqsSend } from "../consumer/sqs-send.ts";
import type { Host } from "../host.ts";
import type { ObjectStore } from "../payload/objects.ts";
import type { Send } from "../store/send.ts";

export interface Surroundings {
  readonly host: Host;
  readonly send: Send;
  readonly sqsSend: SqsSend;
  /** @default by the AWS SDK */
  readonly objects?: ObjectStore;
}

/** By its name, since a process may hold this module twice. */
export const SURROUNDINGS: unique symbol = Symbol.for("semel.surroundings");

export function surroundingsOf(context: object | null | undefined): Surroundings | undefined {
  return (context as { [SURROUNDINGS]?: Surroundings } | null | undefined)?.[SURROUNDINGS];
}
