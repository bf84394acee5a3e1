// RedrivePolicy and RedriveAllowPolicy, the two attributes of a queue that are JSON.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
import { isObject, type JsonObject } from "../values.ts";
import { invalidParameter } from "./errors.ts";
import { MAX_RECEIVE_COUNT_MAX, REDRIVE_SOURCES_MAX } from "./limits.ts";

export interface RedrivePolicy {
  readonly deadLetterTargetArn: string;
  readonly maxReceiveCount: number;
}

export interface RedriveAllowPolicy {
  readonly redrivePermission: "allowAll" | "denyAll" | "byQueue";
  readonly sourceQueueArns?: readonly string[];
}

const ARN = /^arn:[^:]+:sqs:[^:]+:\d{12}:[A-Za-z0-9_-]+(\.fifo)?$/;
const PERMISSIONS = ["allowAll", "denyAll", "byQueue"] as const;

export function parseRedrivePolicy(text: string): RedrivePolicy {
  const refuse = (reason: string) => invalidParameter("RedrivePolicy", text, reason);
  const policy = parseObject(text);
  if (policy === undefined) throw refuse("Redrive policy is not a valid JSON map.");
  const { deadLetterTargetArn: arn, maxReceiveCount: given } = policy;
  if (arn === undefined) throw refuse("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.");
  if (given === undefined) throw refuse("Redrive policy does not contain mandatory attribute: maxReceiveCount.");
  if (typeof arn !== "string" || !ARN.test(arn)) throw refuse("Invalid value for deadLetterTargetArn.");
  const count = typeof given === "string" && /^\d+$/.test(given) ? Number(given) : given;
  if (typeof count !== "number" || !Number.isInteger(count) || count < 1 || count > MAX_RECEIVE_COUNT_MAX) {
    throw refuse(
      `Invalid value for maxReceiveCount: ${String(given)}, valid values are from 1 to ${MAX_RECEIVE_COUNT_MAX} both inclusive.`,
    );
  }
  return { deadLetterTargetArn: arn, maxReceiveCount: count };
}

export function parseRedriveAllowPolicy(text: string): RedriveAllowPolicy {
  const refuse = (reason: string) => invalidParameter("RedriveAllowPolicy", text, reason);
  const policy = parseObject(text);
  const permission = PERMISSIONS.find((one) => one === policy?.["redrivePermission"]);
  if (permission === undefined) throw refuse(`redrivePermission must be one of ${PERMISSIONS.join(", ")}.`);
  const arns = policy?.["sourceQueueArns"];
  if (permission !== "byQueue") {
    if (arns !== undefined) throw refuse("sourceQueueArns is allowed only with redrivePermission byQueue.");
    return { redrivePermission: permission };
  }
  const isList = Array.isArray(arns) && arns.every((arn): arn is string => typeof arn === "string" && ARN.test(arn));
  if (!isList || arns.length < 1 || arns.length > REDRIVE_SOURCES_MAX) {
    throw refuse(`redrivePermission byQueue needs 1 to ${REDRIVE_SOURCES_MAX} ARNs of queues in sourceQueueArns.`);
  }
  return { redrivePermission: permission, sourceQueueArns: arns };
}

export function allows(policy: RedriveAllowPolicy | undefined, sourceArn: string): boolean {
  if (policy === undefined || policy.redrivePermission === "allowAll") return true;
  return policy.sourceQueueArns?.includes(sourceArn) ?? false;
}

function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
