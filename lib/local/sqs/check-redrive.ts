// May this queue have that dead-letter queue?
import { queueByArn, type SqsEngine } from "./engine.ts";
import { invalidParameter } from "./errors.ts";
import type { Queue } from "./queue.ts";
import { allows, type RedrivePolicy } from "./redrive-policy.ts";

/** The target's own policy is asked when a source sets its, and not again, as on AWS. */
export function checkRedrivePolicy(engine: SqsEngine, source: Queue, policy: RedrivePolicy): void {
  const refuse = (reason: string) => invalidParameter("RedrivePolicy", JSON.stringify(policy), reason);
  const target = queueByArn(engine, policy.deadLetterTargetArn);
  if (target === undefined) throw refuse("Dead letter target does not exist.");
  if (target.isFifo !== source.isFifo) throw refuse("Dead-letter queue must be same type of queue as the source.");
  if (!allows(target.attributes.RedriveAllowPolicy, source.arn)) {
    throw refuse("The dead-letter queue's RedriveAllowPolicy does not allow this source queue.");
  }
}
