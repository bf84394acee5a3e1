// Where a consumer stands: beside which other consumers, in which Region, and which tables it may write to.

import { Stack, Token } from "aws-cdk-lib";
import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import type { Grant, IGrantable } from "aws-cdk-lib/aws-iam";
import type { Construct, IConstruct } from "constructs";
import { ExactlyOnceTable } from "./exactly-once-table.ts";
import { grantOnTable } from "./grants.ts";
import { enforce, type Rule } from "./rules.ts";
import { refuseStrongConsistency } from "./strong-consistency.ts";

/** A consumer as others see it. */
interface Consumer {
  readonly consumerName: string;
  readonly table: ExactlyOnceTable;
}

/** All that were made, of either kind: a construct of the user's may have members of the same names. */
const consumers = new WeakSet<IConstruct>();

export function registerConsumer(consumer: Construct & Consumer): void {
  consumers.add(consumer);
}

/** C5 of consumer-rules.ts, and T2 of exactly-once-table.ts. */
export function placeRules(scope: Construct, props: Consumer): Rule[] {
  const holder = scope.node.root.node.findAll().find((other) => isNamesake(other, props));
  const { region } = Stack.of(scope);
  const tableRegion = props.table.homeRegion ?? Stack.of(props.table).region;
  const comparable = !Token.isUnresolved(region) && !Token.isUnresolved(tableRegion);
  return [
    {
      condition: holder === undefined,
      message:
        `consumerName "${props.consumerName}" is already used by ${holder?.node.path} on the same table, and each would take ` +
        "the other's messages for duplicates; set another consumerName, or give one of them a table of its own",
    },
    {
      condition: !comparable || region === tableRegion,
      message: `this stack is in ${region}, but the record table is processed in ${tableRegion}; put both in one Region`,
    },
  ];
}

/** Is it another consumer, already made, of the same name on the same table? */
function isNamesake(other: IConstruct & Partial<Consumer>, { consumerName, table }: Consumer): boolean {
  return consumers.has(other) && other.table === table && other.consumerName === consumerName;
}

/** Grants on a table of the user's; never on one of records. */
export function grantToConsumer(
  consumer: Construct & IGrantable & Consumer,
  table: ITable,
  { method, actions }: { readonly method: string; readonly actions: readonly string[] },
): Grant {
  enforce(`grant of ${consumer.constructor.name} ${consumer.node.path}`, [
    {
      condition: !(table.node.scope instanceof ExactlyOnceTable) && table.tableArn !== consumer.table.tableArn,
      message:
        `${method} got a record table; effects there could overwrite the records that keep effects exactly ` +
        "once; put effects in a table of their own",
    },
  ]);
  refuseStrongConsistency(consumer, table);
  return grantOnTable(table, consumer, actions);
}
