// A batch on its way to the function of a stream's mapping, and what is given up on its way to the queue that hears of failures.
import { SendMessageCommand } from "@aws-sdk/client-sqs";
import type { Foundation } from "../foundation.ts";
import type { RunningFunction } from "../functions.ts";
import { reason } from "../local-error.ts";
import type { Warn } from "../stack-run.ts";
import type { LocalQueue } from "../types.ts";
import type { InvocationResult } from "../worker.ts";
import { failureMessage, type GivenUp } from "./failure-message.ts";
import type { LaneOptions } from "./lane.ts";
import type { StreamMapping } from "./mapping.ts";
import type { RecordKind } from "./record.ts";
import { judgeStreamResponse } from "./response.ts";

/** What a mapping is joined with. */
export interface StreamParts {
  readonly fn: RunningFunction;
  /** That hears of what is given up. */
  readonly failures: LocalQueue | undefined;
  readonly foundation: Foundation;
  readonly warn: Warn;
}

export interface Delivery<R> {
  readonly invoke: LaneOptions<R>["invoke"];
  giveUp(shardId: string, given: GivenUp<R>, signal: AbortSignal): Promise<void>;
}

const RETRY_SEND_MS = 500;

export function createDelivery<R>(mapping: StreamMapping, kind: RecordKind<R>, parts: StreamParts): Delivery<R> {
  return { invoke: invokeOf(mapping, kind, parts), giveUp: giveUpOf(mapping, kind, parts) };
}

function invokeOf<R>(mapping: StreamMapping, kind: RecordKind<R>, { fn, warn }: StreamParts): Delivery<R>["invoke"] {
  return async (batch) => {
    const ids = batch.map(({ id }) => id);
    let requestId: string | undefined;
    let complaint = "";
    const complain = (text: string): void => {
      if (complaint !== text) warn(`the whole batch of ${mapping.source} comes again: ${text}`);
      complaint = text;
    };
    const leftOf = (result: InvocationResult): ReadonlySet<string> | undefined => {
      if (result.outcome !== "success") return undefined;
      const { idOf, retriesNamed = false } = kind;
      const { reportsFailures } = mapping;
      const verdict = judgeStreamResponse(result.payload, { ids, idOf, retriesNamed, reportsFailures });
      if (verdict.kind === "failed") complain(verdict.reason);
      return verdict.kind === "judged" ? new Set(verdict.left) : undefined;
    };
    // A copy that faults start gives its own result to nobody.
    const result = await fn.pool.run(JSON.stringify(kind.event(batch.map(({ record }) => record))), {
      messageIds: ids,
      settle: async (own, id) => {
        requestId = id;
        const left = leftOf(own);
        return left === undefined ? [] : ids.filter((one) => !left.has(one));
      },
    });
    const left = leftOf(result);
    return { left: left && batch.filter(({ id }) => left.has(id)), outcome: result.outcome, requestId };
  };
}

/** Until it is sent: what is given up without a word would be lost. */
function giveUpOf<R>(mapping: StreamMapping, kind: RecordKind<R>, parts: StreamParts): Delivery<R>["giveUp"] {
  const { arn, source } = mapping;
  const { fn, failures, foundation, warn } = parts;
  return async (shardId, given, signal) => {
    warn(`${given.records.length} records of ${source} are given up: ${given.condition}`);
    if (failures === undefined) return;
    const batchInfo = kind.batchInfo(given.records, { arn, shardId });
    const message = failureMessage(given, { functionArn: fn.definition.arn, batchInfo, nowMs: Date.now() });
    const command = new SendMessageCommand({ QueueUrl: failures.url, MessageBody: JSON.stringify(message) });
    while (!signal.aborted) {
      const failed = await foundation.sqsClient.send(command).then(() => undefined, reason);
      if (failed === undefined) return;
      warn(`cannot send to ${failures.name}, the on-failure destination of ${source}: ${failed}`);
      await new Promise((resolve) => setTimeout(resolve, RETRY_SEND_MS));
    }
  };
}
