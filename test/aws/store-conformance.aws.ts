// The conformance suites of record store, claims and inserts on what is given.

import { describeClaims } from "../store/claim-conformance.ts";
import { describeStore } from "../store/conformance.ts";
import { describeInserts } from "../store/insert-conformance.ts";
import { startTables } from "./engines.ts";
import { suite } from "./fact.ts";
import { describeGiven, givenFor, missing } from "./given.ts";

const database = givenFor("DynamoDB");

suite("conformance of the record store", missing("DynamoDB"), () => {
  describeStore(describeGiven(database), () => startTables({ Records: "pk", Data: "id" }));
});
suite("conformance of claims", missing("DynamoDB"), () => {
  describeClaims(describeGiven(database), () => startTables({ Records: "pk", Data: "id" }));
});
suite("conformance of inserts", missing("DynamoDB"), () => {
  describeInserts(describeGiven(database), () => startTables({ Records: "pk", Ledger: "id" }));
});
