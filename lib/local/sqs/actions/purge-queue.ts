// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_PurgeQueue.html
// At once; AWS takes up to 60 seconds.
import { queueOf } from "../engine.ts";
import { SqsError } from "../errors.ts";
import { PURGE_INTERVAL_MS } from "../limits.ts";
import { purge } from "../queue.ts";
import type { Action } from "./action.ts";

export const purgeQueue: Action = (engine, input) => {
  const queue = queueOf(engine, input);
  const nowMs = engine.clock.nowMs();
  if (nowMs - queue.purgedAtMs < PURGE_INTERVAL_MS) {
    throw new SqsError(
      "PurgeQueueInProgress",
      `Only one PurgeQueue operation on ${queue.name} is allowed every ${PURGE_INTERVAL_MS / 1000} seconds.`,
    );
  }
  purge(queue);
  queue.purgedAtMs = nowMs;
  return {};
};
