// Logs and metrics. A message that fails is no error of the function (its batch succeeds), so Lambda's own Errors metric
// stays green: what is said here is all that tells of it.

import type { SemelError } from "../errors.ts";
import type { MessageOutcome } from "./run.ts";

/** Powertools' Logger and console fit. */
export interface Logger {
  debug(message: string, details: Record<string, unknown>): void;
  info(message: string, details: Record<string, unknown>): void;
  warn(message: string, details: Record<string, unknown>): void;
  error(message: string, details: Record<string, unknown>): void;
}

/** Powertools' Metrics fit. */
export interface Metrics {
  addMetric(name: string, unit: "Count", value: number): void;
  publishStoredMetrics?(): void;
}

/** Metric of each outcome: messages, count. */
export const OUTCOME_METRICS: Readonly<Record<MessageOutcome["kind"], string>> = {
  committed: "MessagesCommitted",
  duplicate: "MessagesDuplicate",
  deferred: "MessagesDeferred",
  rejected: "MessagesRejected",
  failed: "MessagesFailed",
};

/** Never throws: what became of a message does not depend on who writes it down. */
export interface Observer {
  message(messageId: string, key: string | undefined, outcome: MessageOutcome): void;
  rerun(messageId: string, key: string, where: string): void;
  /** tx was used after its handler ended: an effect that its author believes in is not committed. */
  lateUse(messageId: string, key: string, error: SemelError): void;
  /** A dead letter had no room for its reason: only this tells it. */
  reasonDropped(messageId: string, key: string | undefined): void;
  /** A dead letter was too large for SQS, and what was done to its body. */
  letterTooLarge(messageId: string, note: string): void;
  /** A message before it of its ordering key failed, or the time was up, so it did not start. */
  held(messageId: string): void;
  /** Messages that failed come again when their visibility timeout is over, not when they should. */
  notHidden(messageIds: readonly string[], cause: unknown): void;
  /** At the end of a batch. */
  flush(): void;
}

export function createObserver(consumer: string, logger: Logger, metrics: Metrics | undefined): Observer {
  const counts = new Map<string, number>();
  const count = (name: string): void => void counts.set(name, (counts.get(name) ?? 0) + 1);
  return {
    message(messageId, key, outcome) {
      count(OUTCOME_METRICS[outcome.kind]);
      if (outcome.kind === "deferred") {
        quietly(() => {
          const until = new Date(outcome.untilMs).toISOString();
          logger.debug("Message deferred: its key is in use", { consumer, messageId, key, until });
        });
      }
      if (outcome.kind !== "failed" && outcome.kind !== "rejected") return;
      const { error, kind } = outcome;
      const details = { consumer, messageId, key, code: error.code, retryable: error.retryable, error };
      const what = kind === "failed" ? "Message failed" : "Message rejected, it is in the dead-letter queue";
      quietly(() => logger.error(`${what}: ${error.message}`, details));
    },
    reasonDropped(messageId, key) {
      count("RejectionReasonsDropped");
      const message =
        "A dead letter had no room for the attribute semel-failure: its attributes or its size are at SQS's limit";
      quietly(() => logger.warn(message, { consumer, messageId, key }));
    },
    letterTooLarge(messageId, note) {
      count("DeadLettersTooLarge");
      quietly(() => logger.warn(`A dead letter was too large for SQS, so ${note}`, { consumer, messageId }));
    },
    held(messageId) {
      count("MessagesHeld");
      const message = "Message held: one before it of its ordering key is not done, so it was not started";
      quietly(() => logger.debug(message, { consumer, messageId }));
    },
    notHidden(messageIds, cause) {
      count("VisibilityChangesFailed");
      const message = "The visibility timeout of failed messages could not be changed; they come again when it is over";
      quietly(() => logger.warn(message, { consumer, messageIds, cause }));
    },
    rerun(messageId, key, where) {
      count("HandlerReruns");
      quietly(() => logger.debug("Handler runs again: a condition failed", { consumer, messageId, key, where }));
    },
    lateUse(messageId, key, error) {
      quietly(() => logger.error(error.message, { consumer, messageId, key, code: error.code, error }));
    },
    flush() {
      quietly(() => {
        for (const [name, value] of counts) metrics?.addMetric(name, "Count", value);
        metrics?.publishStoredMetrics?.();
      });
    },
  };
}

/** A logger or metrics that throw fail no message. */
export function quietly(write: () => void): void {
  try {
    write();
  } catch (error) {
    console.error("semel: the logger or the metrics threw", error);
  }
}
