// The conformance suite of SQS on what is given.

import { describe } from "vitest";
import { describeSqs } from "../local/sqs/conformance.ts";
import { AWS_SKIPS } from "./aws-skips.ts";
import { sqsTarget } from "./engines.ts";
import { suite } from "./fact.ts";
import { describeGiven, givenFor, missing } from "./given.ts";

const given = givenFor("SQS");
const onAws = given.kind === "aws";
/** Each check has queues of its own, so that it can be made again where AWS gave less than there was. */
const AWS_RETRIES = 2;

suite("conformance of SQS", missing("SQS"), () => {
  describe("queues", { retry: onAws ? AWS_RETRIES : 0 }, () => {
    describeSqs(describeGiven(given), async () => sqsTarget(), onAws ? AWS_SKIPS : {});
  });
});
