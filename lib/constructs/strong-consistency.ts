// Refuses tables of strong multi-Region consistency: "do not support transaction operations, and will return an error".
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html

import { CfnGlobalTable, type ITable, MultiRegionConsistency } from "aws-cdk-lib/aws-dynamodb";
import type { Construct } from "constructs";

/** Checks the table at synth, when overrides of its L1 have been made too. An imported table cannot be looked into. */
export function refuseStrongConsistency(scope: Construct, table: ITable): void {
  scope.node.addValidation({ validate: () => (isStronglyConsistent(table) ? [message(table)] : []) });
}

function isStronglyConsistent(table: ITable): boolean {
  const resource = table.node.defaultChild;
  return resource instanceof CfnGlobalTable && resource.multiRegionConsistency === MultiRegionConsistency.STRONG;
}

function message(table: ITable): string {
  return (
    `Table ${table.node.path} has multiRegionConsistency STRONG, and DynamoDB has no transactions there; ` +
    "set MultiRegionConsistency.EVENTUAL (SEMEL_CONSTRUCT)"
  );
}
