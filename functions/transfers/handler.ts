// Decides transfers between accounts: each once, those out of one account in the order in which they were sent.

import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import middy from "@middy/core";
import type { SQSHandler } from "aws-lambda";
import { exactlyOnce } from "semel";
import { decideTransfer } from "./decide-transfer.ts";
import { Transfer } from "./transfer.ts";

// The key is the producer's: it is the same when a transfer is sent again later than SQS remembers it, or redriven.
const transfers = exactlyOnce({
  schema: Transfer,
  key: "transferId",
  logger: new Logger(),
  metrics: new Metrics(),
});

export const handler: SQSHandler = middy()
  .use(transfers)
  .handler(transfers.each(({ body }, tx) => decideTransfer(body, tx)));
