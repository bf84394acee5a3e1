// Notes that a customer was told of a shipment, once. Here the pipeline ends; where it would end outside DynamoDB, as in an email, the
// idempotency key would go along.

import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import middy from "@middy/core";
import type { SQSHandler } from "aws-lambda";
import { exactlyOnce } from "semel";
import { notify } from "./effects.ts";
import { Notification } from "./messages.ts";

const notifications = exactlyOnce({ schema: Notification, logger: new Logger(), metrics: new Metrics() });

export const handler: SQSHandler = middy()
  .use(notifications)
  .handler(notifications.each(({ body: notification }, tx) => notify(notification, tx)));
