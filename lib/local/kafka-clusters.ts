// MSK clusters of the templates: only an ARN, for what refers to them. Their topics are replayed, or read at an endpoint.
import { MSK_CLUSTER_NAME_LENGTH_MAX } from "../aws/names.ts";
import { physicalName } from "./physical-names.ts";
import { LOCAL_ACCOUNT_ID, type StackRun } from "./stack-run.ts";
import { resolve } from "./template.ts";
import { optionalTextAt } from "./values.ts";

/** AWS ends an ARN with an id of the cluster. */
const CLUSTER_ID = "00000000-0000-0000-0000-000000000000-1";

export function provideKafkaClusters(runs: readonly StackRun[], region: string): void {
  for (const run of runs) {
    for (const { logicalId, properties } of run.resources("AWS::MSK::Cluster", "AWS::MSK::ServerlessCluster")) {
      const given = optionalTextAt(resolve(properties["ClusterName"], run.scope), `ClusterName of ${logicalId}`);
      const own = given ?? physicalName(run.name, logicalId, MSK_CLUSTER_NAME_LENGTH_MAX);
      const name = run.rename(own, MSK_CLUSTER_NAME_LENGTH_MAX);
      const arn = `arn:aws:kafka:${region}:${LOCAL_ACCOUNT_ID}:cluster/${name}/${CLUSTER_ID}`;
      run.provide(logicalId, { ref: arn, attributes: { Arn: arn } });
    }
  }
}
