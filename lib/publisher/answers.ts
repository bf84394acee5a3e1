// What SQS's answers to a SendMessageBatch mean for each of its entries. Pure.
//
//   AN1. Sent is only what SQS gave an id.
//   AN2. Not sent is only what is known to be refused or throttled, in the first attempt of the client: another one may have gone
//        through. Everything else is unknown.

import type { BatchFailure, SendMessageBatchOutput } from "../aws/sqs.ts";
import type { AnswerMetadata } from "./sqs-send.ts";

export type EntryAnswer =
  | { readonly kind: "sent"; readonly messageId: string; readonly sequenceNumber: string | undefined }
  /** This try put nothing into the queue, and no other will. */
  | { readonly kind: "refused"; readonly cause: unknown }
  /** The same, for a reason that may lie in another entry of the request. */
  | { readonly kind: "refusedTogether"; readonly cause: unknown }
  /** Its body is not in S3, and no other try puts it there; so nothing was sent. */
  | { readonly kind: "unstored"; readonly cause: unknown }
  /** This try put nothing into the queue; another one may. */
  | { readonly kind: "throttled"; readonly cause: unknown }
  /** It may be in the queue, now or later. */
  | { readonly kind: "unknown"; readonly cause: unknown };

// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html and CommonErrors.html there.
// Names of the JSON protocol and codes of the older one, which entries carry; without their prefix.
const THROTTLES: ReadonlySet<string> = new Set([
  "KmsThrottled",
  "RequestThrottled",
  "Throttling",
  "ThrottlingException",
  "ThrottledException",
  "TooManyRequestsException",
]);
/** Whatever the messages are. */
const REFUSALS: ReadonlySet<string> = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "ExpiredToken",
  "ExpiredTokenException",
  "IncompleteSignature",
  "InvalidAddress",
  "InvalidClientTokenId",
  "InvalidSecurity",
  "InvalidSignatureException",
  "KmsAccessDenied",
  "KmsDisabled",
  "KmsInvalidKeyUsage",
  "KmsInvalidState",
  "KmsNotFound",
  "KmsOptInRequired",
  "MissingAuthenticationToken",
  "NonExistentQueue",
  "NotAuthorized",
  "OptInRequired",
  "QueueDoesNotExist",
  "SignatureDoesNotMatch",
  "UnrecognizedClientException",
]);
/** For what one of the messages is. */
const REFUSALS_OF_MESSAGES: ReadonlySet<string> = new Set([
  "BatchRequestTooLong",
  "InvalidMessageContents",
  "InvalidParameterCombination",
  "InvalidParameterValue",
  "MalformedInput",
  "MissingParameter",
  "MissingRequiredParameterException",
  "SerializationException",
  "UnsupportedOperation",
  "ValidationError",
]);

/** By the entries' ids, which are their places in the request. */
export function entryAnswers(entries: number, answer: SendMessageBatchOutput & AnswerMetadata): EntryAnswer[] {
  const missing = { kind: "unknown", cause: new Error("the answer tells nothing of this entry") } as const;
  const answers = Array.from({ length: entries }, (): EntryAnswer => missing);
  for (const failure of answer.Failed ?? []) {
    place(answers, failure.Id, failed(failure, answer));
  }
  for (const { Id, MessageId, SequenceNumber } of answer.Successful ?? []) {
    if (!MessageId) continue; // AN1
    place(answers, Id, { kind: "sent", messageId: MessageId, sequenceNumber: SequenceNumber });
  }
  return answers;
}

function place(answers: EntryAnswer[], id: string | undefined, answer: EntryAnswer): void {
  const index = answers.findIndex((_, at) => String(at) === id);
  if (index >= 0) answers[index] = answer;
}

function failed(failure: BatchFailure, metadata: AnswerMetadata): EntryAnswer {
  const code = bare(failure.Code ?? "");
  const cause = Object.assign(new Error(failure.Message ?? "SQS gave no reason"), { name: code });
  if (isRepeated(metadata)) return { kind: "unknown", cause }; // AN2
  if (THROTTLES.has(code)) return { kind: "throttled", cause };
  return { kind: failure.SenderFault === true ? "refused" : "unknown", cause };
}

/** Of each entry of a request that came to this error. */
export function errorAnswer(error: unknown): EntryAnswer {
  const cause = error;
  const { name = "", Code: code = "" } = (error ?? {}) as { name?: unknown; Code?: unknown };
  const among = (names: ReadonlySet<string>) => names.has(bare(String(name))) || names.has(bare(String(code)));
  if (isRepeated((error ?? {}) as AnswerMetadata)) return { kind: "unknown", cause }; // AN2
  if (among(THROTTLES)) return { kind: "throttled", cause };
  if (among(REFUSALS)) return { kind: "refused", cause };
  return { kind: among(REFUSALS_OF_MESSAGES) ? "refusedTogether" : "unknown", cause };
}

/** A client that sends again by itself: its last answer says nothing of those before. */
function isRepeated({ $metadata: metadata }: AnswerMetadata): boolean {
  return (metadata?.attempts ?? 1) > 1;
}

/** "AWS.SimpleQueueService.NonExistentQueue" -> "NonExistentQueue", "KMS.ThrottlingException" -> "ThrottlingException" */
function bare(code: string): string {
  return code.slice(code.lastIndexOf(".") + 1);
}
