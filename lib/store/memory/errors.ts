// The errors of the memory store: plain errors with AWS's names, messages and reasons, as the SDK throws them.

import type { CancellationReason } from "../../aws/dynamodb.ts";

export function dynamoDbError(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

/** The request is refused before anything is looked at. */
export function validationError(message: string): Error {
  return dynamoDbError("ValidationException", message);
}

export function tableNotFoundError(): Error {
  return dynamoDbError("ResourceNotFoundException", "Requested resource not found");
}

export function cancelledError(reasons: CancellationReason[]): Error {
  const codes = reasons.map((reason) => reason.Code).join(", ");
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`;
  return Object.assign(dynamoDbError("TransactionCanceledException", message), { CancellationReasons: reasons });
}

/** One action of a transaction cannot be done on the item that is there: its reason becomes ValidationError. */
export class ActionRefusedError extends Error {
  override readonly name = "ActionRefusedError";
}
