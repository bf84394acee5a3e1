// The table of idempotency records.
//
//   T1. A transaction is one Region's, and none exists under strong multi-Region consistency: that is refused.
//   T2. Replicas may each accept the same key, so a replicated table names the one Region that processes messages.

import { RemovalPolicy as Removal, type RemovalPolicy, Stack, Token } from "aws-cdk-lib";
import {
  AttributeType,
  Billing,
  MultiRegionConsistency,
  type ReplicaTableProps,
  type TableEncryptionV2,
  TableV2,
} from "aws-cdk-lib/aws-dynamodb";
import type { Grant, IGrantable } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import { RECORD_TABLE } from "../contract.ts";
import { grantOnTable, RECORD_ACTIONS } from "./grants.ts";
import { enforce, knownPropsRule, type Rule } from "./rules.ts";
import { refuseStrongConsistency } from "./strong-consistency.ts";

/** Properties of an ExactlyOnceTable. */
export interface ExactlyOnceTableProps {
  /**
   * The table's physical name.
   * @default - made by CloudFormation
   */
  readonly tableName?: string;
  /**
   * What happens to the table when it leaves the stack. Without its records every message under way is new again.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
  /**
   * Refuse to delete the table.
   * @default true, unless removalPolicy is DESTROY
   */
  readonly deletionProtection?: boolean;
  /**
   * Server-side encryption.
   * @default - a key that DynamoDB owns
   */
  readonly encryption?: TableEncryptionV2;
  /**
   * Replicas in other Regions, for reading and recovery. They need a homeRegion.
   * @default - none
   */
  readonly replicas?: ReplicaTableProps[];
  /**
   * The one Region whose functions process messages; it must be the table's own. Replicas resolve conflicts by "last
   * writer wins", so two Regions could both take the same message for new.
   * @default - none; required with replicas
   */
  readonly homeRegion?: string;
  /**
   * Must not be STRONG: DynamoDB has no transactions there.
   * @default MultiRegionConsistency.EVENTUAL
   */
  readonly multiRegionConsistency?: MultiRegionConsistency;
}

const TABLE_PROPS: Readonly<Record<keyof ExactlyOnceTableProps, true>> = {
  tableName: true,
  removalPolicy: true,
  deletionProtection: true,
  encryption: true,
  replicas: true,
  homeRegion: true,
  multiRegionConsistency: true,
};

/** The table of idempotency records: on demand, with TTL and point-in-time recovery, retained. */
export class ExactlyOnceTable extends Construct {
  /** The underlying table. */
  readonly table: TableV2;
  /** The one Region whose functions process messages, if it was named. */
  readonly homeRegion: string | undefined;

  constructor(scope: Construct, id: string, props: ExactlyOnceTableProps = {}) {
    super(scope, id);
    enforce(`ExactlyOnceTable ${this.node.path}`, tableRules(Stack.of(this), props));
    const removalPolicy = props.removalPolicy ?? Removal.RETAIN;
    this.homeRegion = props.homeRegion;
    this.table = new TableV2(this, "Table", {
      partitionKey: { name: RECORD_TABLE.partitionKey, type: AttributeType.STRING },
      timeToLiveAttribute: RECORD_TABLE.timeToLive,
      billing: Billing.onDemand(),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      removalPolicy,
      deletionProtection: props.deletionProtection ?? removalPolicy !== Removal.DESTROY,
      tableName: props.tableName,
      encryption: props.encryption,
      replicas: props.replicas,
    });
    refuseStrongConsistency(this, this.table);
  }

  get tableName(): string {
    return this.table.tableName;
  }

  get tableArn(): string {
    return this.table.tableArn;
  }

  /** Lets a function write and read idempotency records, and nothing else. */
  grantRecords(grantee: IGrantable): Grant {
    return grantOnTable(this.table, grantee, RECORD_ACTIONS);
  }
}

function tableRules(stack: Stack, props: ExactlyOnceTableProps): Rule[] {
  const regions = (props.replicas ?? []).map((replica) => replica.region).join(", ");
  const { homeRegion } = props;
  return [
    knownPropsRule(props, TABLE_PROPS),
    {
      condition: props.multiRegionConsistency !== MultiRegionConsistency.STRONG, // T1
      message:
        "multiRegionConsistency is STRONG, and DynamoDB has no transactions there; leave it out, or set " +
        "MultiRegionConsistency.EVENTUAL",
    },
    {
      condition: regions === "" || homeRegion !== undefined, // T2
      message:
        `replicas in ${regions}, but no homeRegion: two Regions could both take a message for new; set homeRegion to ` +
        "the Region of this stack, and process messages there only",
    },
    {
      condition: homeRegion === undefined || Token.isUnresolved(stack.region) || homeRegion === stack.region,
      message: `homeRegion is ${homeRegion}, but this stack is in ${stack.region}; set homeRegion to ${stack.region}, or move the stack`,
    },
  ];
}
