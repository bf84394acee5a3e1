// Makes shipments: each message of the outbox once, by the id that the relay sends it with, and hands on one notification of it.

import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import middy from "@middy/core";
import type { SQSHandler } from "aws-lambda";
import { exactlyOnce } from "semel";
import { ship } from "./effects.ts";
import { notificationOf, Shipment } from "./messages.ts";
import { NOTIFICATIONS_QUEUE } from "./names.ts";

const shipments = exactlyOnce({ schema: Shipment, logger: new Logger(), metrics: new Metrics() });

export const handler: SQSHandler = middy()
  .use(shipments)
  .handler(
    shipments.each(({ body: shipment }, tx) => {
      ship(shipment, tx);
      tx.send(NOTIFICATIONS_QUEUE, notificationOf(shipment, tx.key));
    }),
  );
