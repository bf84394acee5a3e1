// Errors as SQS answers them: the JSON protocol's `__type`, and the code of the older query protocol, which SDKs show as `Code`.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html

/** Namespaces of `__type`: errors of SQS's model, and those that all of AWS's services share. */
const MODEL = "com.amazonaws.sqs#";
const COMMON = "com.amazon.coral.service#";
/** Before most query codes of the model. */
const LEGACY = "AWS.SimpleQueueService.";

interface Kind {
  readonly type: string;
  readonly queryCode: string;
  readonly status: number;
}

export type SqsErrorName =
  | "BatchEntryIdsNotDistinct"
  | "BatchRequestTooLong"
  | "EmptyBatchRequest"
  | "InvalidAction"
  | "InvalidAttributeName"
  | "InvalidAttributeValue"
  | "InvalidBatchEntryId"
  | "InvalidMessageContents"
  | "InvalidParameterValue"
  | "MalformedInput"
  | "MessageNotInflight"
  | "MissingParameter"
  | "OverLimit"
  | "PurgeQueueInProgress"
  | "QueueDoesNotExist"
  | "QueueNameExists"
  | "ReceiptHandleIsInvalid"
  | "ResourceNotFoundException"
  | "TooManyEntriesInBatchRequest"
  | "UnsupportedOperation";

const legacy = (name: string, status = 400): Kind => ({ type: MODEL + name, queryCode: LEGACY + name, status });
const model = (name: string, queryCode: string = name, status = 400): Kind => ({
  type: MODEL + name,
  queryCode,
  status,
});
const common = (type: string, queryCode: string): Kind => ({ type: COMMON + type, queryCode, status: 400 });

const KINDS: Readonly<Record<SqsErrorName, Kind>> = {
  BatchEntryIdsNotDistinct: legacy("BatchEntryIdsNotDistinct"),
  BatchRequestTooLong: legacy("BatchRequestTooLong"),
  EmptyBatchRequest: legacy("EmptyBatchRequest"),
  InvalidAction: common("UnknownOperationException", "InvalidAction"),
  InvalidAttributeName: model("InvalidAttributeName"),
  InvalidAttributeValue: model("InvalidAttributeValue"),
  InvalidBatchEntryId: legacy("InvalidBatchEntryId"),
  InvalidMessageContents: model("InvalidMessageContents"),
  InvalidParameterValue: common("InvalidParameterValueException", "InvalidParameterValue"),
  MalformedInput: common("SerializationException", "MalformedInput"),
  MessageNotInflight: legacy("MessageNotInflight"),
  MissingParameter: common("MissingRequiredParameterException", "MissingParameter"),
  OverLimit: model("OverLimit", "OverLimit", 403),
  PurgeQueueInProgress: legacy("PurgeQueueInProgress", 403),
  QueueDoesNotExist: model("QueueDoesNotExist", `${LEGACY}NonExistentQueue`),
  QueueNameExists: model("QueueNameExists", "QueueAlreadyExists"),
  ReceiptHandleIsInvalid: model("ReceiptHandleIsInvalid", "ReceiptHandleIsInvalid", 404),
  ResourceNotFoundException: model("ResourceNotFoundException", "ResourceNotFoundException", 404),
  TooManyEntriesInBatchRequest: legacy("TooManyEntriesInBatchRequest"),
  UnsupportedOperation: legacy("UnsupportedOperation"),
};

/** An answer of SQS that refuses a request or an entry of a batch. */
export class SqsError extends Error {
  override readonly name = "SqsError";
  readonly code: SqsErrorName;

  constructor(code: SqsErrorName, message: string) {
    super(message);
    this.code = code;
  }

  get kind(): Kind {
    return KINDS[this.code];
  }
}

export function invalidParameter(name: string, value: unknown, reason: string): SqsError {
  return new SqsError(
    "InvalidParameterValue",
    `Value ${String(value)} for parameter ${name} is invalid. Reason: ${reason}`,
  );
}

export function missingParameter(name: string): SqsError {
  return new SqsError("MissingParameter", `The request must contain the parameter ${name}.`);
}

export function queueDoesNotExist(): SqsError {
  return new SqsError("QueueDoesNotExist", "The specified queue does not exist.");
}
