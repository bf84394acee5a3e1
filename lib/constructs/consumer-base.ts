// What both consumers are and grant. The one class between a construct and its base: the methods are the user's to call, so functions would
// not do, and their words should not stand twice.

import type { ITable } from "aws-cdk-lib/aws-dynamodb";
import type { Grant, IGrantable, IPrincipal } from "aws-cdk-lib/aws-iam";
import type { NodejsFunction } from "aws-cdk-lib/aws-lambda-nodejs";
import type { ILogGroup } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { grantToConsumer } from "./consumer-place.ts";
import type { ExactlyOnceTable } from "./exactly-once-table.ts";
import { EFFECT_ACTIONS, INSERT_ACTIONS, STATE_ACTIONS } from "./grants.ts";

export abstract class ConsumerBase extends Construct implements IGrantable {
  /** The function. */
  abstract readonly function: NodejsFunction;
  /** The function's logs. */
  abstract readonly logGroup: ILogGroup;
  /** The table of idempotency records. */
  abstract readonly table: ExactlyOnceTable;
  /** The scope of the idempotency records. */
  abstract readonly consumerName: string;
  /** The function's principal, so that `table.grant…(consumer)` works. */
  abstract readonly grantPrincipal: IPrincipal;

  /** Lets the function declare effects on a table, and read it for guarded reads. Never a table of records. */
  grantEffects(table: ITable): Grant {
    return grantToConsumer(this, table, { method: "grantEffects", actions: EFFECT_ACTIONS });
  }

  /**
   * Lets the function insert into the append-only table of strategy `"insert"`, and nothing else there. Let nobody update or
   * delete its items within the dedup horizon. Never a table of records.
   */
  grantInserts(table: ITable): Grant {
    return grantToConsumer(this, table, { method: "grantInserts", actions: INSERT_ACTIONS });
  }

  /**
   * Lets the function keep the states of `reduce` in their table, and nothing else there: no effects, no deletion. Give each
   * consumer a table of its own, without time to live. Never a table of records.
   */
  grantState(table: ITable): Grant {
    return grantToConsumer(this, table, { method: "grantState", actions: STATE_ACTIONS });
  }
}
