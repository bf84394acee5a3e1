// What only Lambda can answer. These need functions, roles and sources that live for minutes, and a client of Lambda, which
// is none of this package's dependencies: they are named here with what it takes, and skipped.

import { fact } from "./fact.ts";

const QUESTIONS: readonly { readonly id: string; readonly question: string; readonly missing: string }[] = [
  {
    id: "L15",
    question: "whether the poller puts one id into a batch twice",
    missing: "needs a function with an event source mapping on a standard queue, and hours of load",
  },
  {
    id: "L22",
    question: "the key of the partition in Kafka's itemIdentifier",
    missing: "needs an MSK cluster in a VPC, and a function that fails one record under either name",
  },
  {
    id: "L3",
    question: "whether UpdateFunctionConfiguration looks at the visibility timeout of a mapped queue again",
    missing: "needs @aws-sdk/client-lambda, a function, its role, and a mapping",
  },
  {
    id: "R10",
    question: "whether functions on managed instances, or with tenant isolation, may have an SQS source",
    missing: "needs @aws-sdk/client-lambda, a capacity provider in a VPC, and a function with a tenancy configuration",
  },
];

for (const { id, question, missing } of QUESTIONS) {
  fact({ id, question, missing: `Lambda is not driven from here: it ${missing}` }, async () => "");
}
