// The demo's telemetry: readings into a table, whose stream is folded into statistics. A repetition is a reading that is put again; the
// producer's condition keeps it out of the stream. What comes twice to the function is what crashes make come again.

import { join } from "node:path";
import { PutCommand } from "@aws-sdk/lib-dynamodb";
import { RemovalPolicy } from "aws-cdk-lib";
import type { Reading } from "../../functions/telemetry/reading.ts";
import { TelemetryStack } from "../../functions/telemetry/stack.ts";
import type { Statistics } from "../../functions/telemetry/statistics.ts";
import { bundling } from "../app.ts";
import { withDuplicates } from "../producer.ts";
import { seededRandom } from "../random.ts";
import type { Place, Service } from "../service.ts";
import { checkStatistics } from "./check.ts";
import { generateReadings } from "./generate.ts";

const FUNCTIONS = join(import.meta.dirname, "../../functions/telemetry");

export const telemetryService: Service = {
  name: "telemetry",
  handlers: {
    semel: { title: "with semel", entry: join(FUNCTIONS, "handler.ts"), stack: "Telemetry" },
    plain: { title: "plain handler", entry: join(FUNCTIONS, "plain-handler.ts"), stack: "PlainTelemetry" },
  },
  figures: [
    { name: "lostReadings", title: "readings lost", complaint: (count) => `${count} readings were lost` },
    {
      name: "duplicatedReadings",
      title: "readings counted twice",
      complaint: (count) => `${count} readings were counted twice`,
    },
    { name: "wrongSpans", title: "hours with wrong values", complaint: (count) => `${count} hours have wrong values` },
    { name: "outOfOrder", title: "readings out of order", complaint: (count) => `${count} readings came out of order` },
    {
      name: "unboundedDevices",
      title: "devices with too many hours",
      complaint: (count) => `${count} devices keep too many hours`,
    },
  ],
  praise: "every reading is counted once, in its order",
  readsFiles: false,
  transactionConflicts: true,
  hasVisibility: false,
  addStack(app, { stack, entry }) {
    new TelemetryStack(app, stack, { removalPolicy: RemovalPolicy.DESTROY, bundling, entry });
  },
  load({ seed, limit }) {
    const readings = generateReadings(seededRandom(seed), limit);
    return {
      messages: readings.length,
      sends(duplicates, random) {
        const sends = withDuplicates(readings, duplicates, random);
        return { count: sends.length, deliveriesMin: readings.length, sendTo: (place) => putAll(place, sends) };
      },
      async check({ scan }) {
        const items = await scan("StatisticsTable");
        return { ...checkStatistics(readings, items.map(({ state }) => state) as Statistics[]) };
      },
    };
  },
};

/** Devices side by side, each one reading after the other. */
async function putAll({ dynamodb, output }: Place, readings: readonly Reading[]): Promise<void> {
  const TableName = output("DevicesTable");
  const devices = Map.groupBy(readings, ({ deviceId }) => deviceId);
  await Promise.all(
    [...devices.values()].map(async (ofDevice) => {
      for (const Item of ofDevice) {
        const newer = {
          ConditionExpression: "attribute_not_exists(deviceId) OR takenAt < :takenAt",
          ExpressionAttributeValues: { ":takenAt": Item.takenAt },
        };
        await dynamodb.send(new PutCommand({ TableName, Item, ...newer })).catch(ignoreRepetition);
      }
    }),
  );
}

/** The reading is there, or a newer one: it was in the stream. */
function ignoreRepetition(error: unknown): void {
  if ((error as Error).name !== "ConditionalCheckFailedException") throw error;
}
