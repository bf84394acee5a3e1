// What of a batch is not acknowledged. Pure. Every driver's response is made of it.
//
//   Q2. A message is acknowledged only if every delivery of it in the batch was.
//   Q3. What came in the event and has no outcome is failed, never acknowledged.

import type { DeliveryOutcome, Place } from "./source.ts";

/** In the order of the event. */
export function unsettled<P extends Pick<Place, "messageId">>(
  batch: readonly P[],
  outcomes: readonly DeliveryOutcome[],
): P[] {
  const acknowledged = new Set<string>();
  const refused = new Set<string>();
  for (const { messageId, acknowledged: done } of outcomes) (done ? acknowledged : refused).add(messageId);
  return batch.filter(({ messageId }) => refused.has(messageId) || !acknowledged.has(messageId)); // Q2, Q3
}
