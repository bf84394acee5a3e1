// Notes notifications. Nothing is sent from here, but nobody gave the messages a key either.

import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import type { SQSHandler } from "aws-lambda";
import { exactlyOnce } from "semel";
import { notify } from "../../../functions/pipeline/effects.ts";
import { Notification } from "../../../functions/pipeline/messages.ts";

const notifications = exactlyOnce({
  schema: Notification,
  key: ({ messageId }) => messageId,
  logger: new Logger(),
  metrics: new Metrics(),
});

export const handler: SQSHandler = notifications.lambda(({ body: notification }, tx) => notify(notification, tx));
