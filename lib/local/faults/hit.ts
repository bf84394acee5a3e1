// Who was hit, of a worker.
import type { Seat } from "../seat.ts";
import type { FaultHit } from "./types.ts";

export function hitOf({ functionName, workerId, invocation }: Seat): FaultHit {
  if (invocation === undefined) return { functionName, workerId };
  const { requestId, messageIds } = invocation;
  return { functionName, workerId, requestId, messageIds };
}
