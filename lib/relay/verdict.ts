// What a target's answer means for one message. Pure.
//
//   VE1. Sent is only what the service acknowledged by an id.
//   VE2. Refused is only what the same message will meet again, whenever it is sent: its content, its size, a target that is not
//        there. What a grant, a key or time can mend has failed; so has everything that is not known.
//   VE3. A call that is refused as a whole says nothing of one message among several: each has to go alone.

export type Verdict =
  | { readonly kind: "sent" }
  /** It can never be sent. */
  | { readonly kind: "refused"; readonly code: string; readonly reason: string }
  /** Not known to be sent: the same again. */
  | { readonly kind: "failed"; readonly cause: unknown }
  /** VE3 */
  | { readonly kind: "alone" };

/** Of a message that was not tried. OG5 of outgoing.ts */
export const TARGET_RESTS: Error = new Error(
  "its target took nothing for a while, and rests until the next invocation",
);

/** Codes of errors and of entries, without "Exception" and namespaces. */
const NO_SUCH_TARGET: ReadonlySet<string> = new Set([
  "QueueDoesNotExist",
  "NonExistentQueue",
  "InvalidAddress", // of SQS: the URL is none
  "NotFound", // of SNS
  "ResourceNotFound", // of EventBridge
]);
/**
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
 * https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
 * https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsResultEntry.html
 */
const REFUSED_CONTENT: ReadonlySet<string> = new Set([
  "BatchRequestTooLong",
  "InvalidArgument",
  "InvalidAttributeValue",
  "InvalidMessageContents",
  "InvalidParameter",
  "InvalidParameterValue",
  "MalformedDetail",
  "MissingParameter",
  "MissingRequiredParameter",
  "NotAuthorizedForDetailType",
  "NotAuthorizedForSource",
  "RedactionFailure",
  "UnsupportedOperation",
  "Validation",
  "ValidationError",
]);
/** Of those that a service calls the sender's fault: what a grant, a key, or less traffic mends. */
const MENDABLE =
  /AccessDenied|Authoriz|Forbidden|Kms|KMS|Throttl|OverLimit|LimitExceeded|Token|Signature|Credential|Security/;

/** Of an entry that the answer says has failed. */
export function entryVerdict(entry: {
  readonly Code?: string | undefined;
  readonly Message?: string | undefined;
  readonly SenderFault?: boolean | undefined;
}): Verdict {
  const { Code: code = "unknown", Message: message = "" } = entry;
  const short = shortCode(code);
  const known = NO_SUCH_TARGET.has(short) || REFUSED_CONTENT.has(short);
  if (known || (entry.SenderFault === true && !MENDABLE.test(code))) return { kind: "refused", code, reason: message }; // VE2
  return { kind: "failed", cause: new Error(`${code}: ${message}`) };
}

/** Of each of `count` messages, when the whole call failed. */
export function callVerdict(error: unknown, count: number): Verdict {
  const { name = "", message = "" } = error instanceof Error ? error : {};
  const short = shortCode(name);
  if (NO_SUCH_TARGET.has(short)) return { kind: "refused", code: name, reason: message };
  if (!REFUSED_CONTENT.has(short)) return { kind: "failed", cause: error };
  return count > 1 ? { kind: "alone" } : { kind: "refused", code: name, reason: message }; // VE3
}

function shortCode(code: string): string {
  return code.replace(/^.*[.#]/, "").replace(/Exception$/, "");
}
