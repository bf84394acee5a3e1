// Makes shipments, and sends their notifications after the commit.

import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import type { SQSHandler } from "aws-lambda";
import { exactlyOnce } from "semel";
import { ship } from "../../../functions/pipeline/effects.ts";
import { notificationOf, Shipment } from "../../../functions/pipeline/messages.ts";
import { NOTIFICATIONS_QUEUE } from "../../../functions/pipeline/names.ts";
import { sendAfter } from "./send-after.ts";

const shipments = exactlyOnce({
  schema: Shipment,
  key: ({ messageId }) => messageId, // nobody gave it another
  logger: new Logger(),
  metrics: new Metrics(),
});
const commit = shipments.lambda(({ body: shipment }, tx) => ship(shipment, tx));

export const handler: SQSHandler = sendAfter(commit, NOTIFICATIONS_QUEUE, ({ body, messageId }) =>
  notificationOf(Shipment.parse(JSON.parse(body)), messageId),
);
