// Folds readings into hourly statistics: each reading counts once, in the order in which its device sent them.

import { Logger } from "@aws-lambda-powertools/logger";
import { Metrics } from "@aws-lambda-powertools/metrics";
import type { DynamoDBStreamEvent, DynamoDBStreamHandler } from "aws-lambda";
import { exactlyOnce } from "semel";
import { ReadingChange } from "./reading.ts";
import { foldReading, NO_READINGS, type Statistics } from "./statistics.ts";
import { STATISTICS, STATISTICS_KEY } from "./tables.ts";

const readings = exactlyOnce<typeof ReadingChange, DynamoDBStreamEvent>({
  schema: ReadingChange,
  strategy: "watermark",
  logger: new Logger(),
  metrics: new Metrics(),
});

export const handler: DynamoDBStreamHandler = readings.reduce<Statistics>({
  table: STATISTICS,
  partitionKey: STATISTICS_KEY,
  initial: NO_READINGS,
  apply: (state, { body: { newImage } }) => (newImage ? foldReading(state, newImage) : state),
});
