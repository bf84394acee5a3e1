// The bucket of bodies that do not fit into their messages, as a consumer's function may use it. Whose objects are deleted, and when, is
// the bucket's own lifecycle rule: later than the last delivery of their messages, so later than the dedup horizon.

import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { IBucket } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { ENVIRONMENT } from "../contract.ts";
import { CLAIM_CHECK_ACTIONS, LARGE_LETTER_ACTIONS } from "./grants.ts";
import { enforce } from "./rules.ts";

interface Consumer extends Construct, IGrantable {
  readonly function: IFunction & { addEnvironment(name: string, value: string): unknown };
}

/** Consumers that read from a bucket already: the runtime knows one. */
const buckets = new WeakMap<Construct, IBucket>();

/** `letters`: the consumer may have dead letters that only S3 has room for. */
export function grantClaimCheckTo(consumer: Consumer, bucket: IBucket, letters: boolean): Grant {
  const other = buckets.get(consumer);
  enforce(`grant of ${consumer.constructor.name} ${consumer.node.path}`, [
    {
      condition: other === undefined || other === bucket,
      message: `grantClaimCheck got ${bucket.node.path} after ${other?.node.path}; a consumer reads from one bucket alone`,
    },
  ]);
  buckets.set(consumer, bucket);
  consumer.function.addEnvironment(ENVIRONMENT.claimCheckBucket, bucket.bucketName);
  if (letters) bucket.encryptionKey?.grantEncryptDecrypt(consumer);
  else bucket.encryptionKey?.grantDecrypt(consumer);
  const actions = letters ? [...CLAIM_CHECK_ACTIONS, ...LARGE_LETTER_ACTIONS] : [...CLAIM_CHECK_ACTIONS];
  return Grant.addToPrincipal({ grantee: consumer, actions, resourceArns: [bucket.arnForObjects("*")] });
}
