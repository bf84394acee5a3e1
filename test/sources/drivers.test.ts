// The conformance suite on every driver.

import { describe } from "vitest";
import {
  dynamoDbSource,
  fifoSource,
  kafkaSource,
  kinesisSource,
  sqsSource,
  type TestRecord,
} from "../support/source-events.ts";
import { conformance } from "./conformance.ts";

type Exact = (records: readonly TestRecord[], unsettled: ReadonlySet<number>) => ReadonlySet<number>;

const justThese: Exact = (_records, unsettled) => unsettled;
/** And what follows them in their group; no other group. */
const withTheRestOfTheGroup: Exact = (records, unsettled) =>
  new Set(
    records.flatMap(({ key }, index) =>
      [...unsettled].some((other) => other <= index && records[other]?.key === key) ? [index] : [],
    ),
  );
/** A shard goes back to the lowest. */
const fromTheLowest: Exact = (records, unsettled) => {
  const lowest = Math.min(...unsettled);
  return new Set(records.flatMap((_, index) => (index >= lowest ? [index] : [])));
};

describe.each([
  { source: sqsSource, exact: justThese },
  { source: fifoSource, exact: withTheRestOfTheGroup },
  { source: kinesisSource, exact: fromTheLowest },
  { source: dynamoDbSource, exact: fromTheLowest },
  { source: kafkaSource, exact: justThese },
])("$source.name", conformance);
