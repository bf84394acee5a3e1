// The conformance suites of store, claims, inserts and SQS on what is given.

import { describe } from "vitest";
import { describeSqs } from "../local/sqs/conformance.ts";
import { describeClaims } from "../store/claim-conformance.ts";
import { describeStore } from "../store/conformance.ts";
import { describeInserts } from "../store/insert-conformance.ts";
import { AWS_SKIPS } from "./aws-skips.ts";
import { sqsTarget, startTables } from "./engines.ts";
import { suite } from "./findings.ts";
import { describeGiven, givenFor, missing } from "./given.ts";

const database = givenFor("DynamoDB");
const queues = givenFor("SQS");
/** Each check has queues of its own, so that it can be made again where AWS gave less than there was. */
const SQS_RETRIES = queues.kind === "aws" ? 2 : 0;

suite("conformance of the record store", missing("DynamoDB"), () => {
  describeStore(describeGiven(database), () => startTables({ Records: "pk", Data: "id" }));
});
suite("conformance of claims", missing("DynamoDB"), () => {
  describeClaims(describeGiven(database), () => startTables({ Records: "pk", Data: "id" }));
});
suite("conformance of inserts", missing("DynamoDB"), () => {
  describeInserts(describeGiven(database), () => startTables({ Records: "pk", Ledger: "id" }));
});
suite("conformance of SQS", missing("SQS"), () => {
  describe("queues", { retry: SQS_RETRIES }, () => {
    describeSqs(describeGiven(queues), async () => sqsTarget(), queues.kind === "aws" ? AWS_SKIPS : {});
  });
});
