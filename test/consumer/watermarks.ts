// Strategy watermark through the real runtime.

import type { Item } from "../../lib/aws/dynamodb.ts";
import type { ExactlyOnceOptions } from "../../lib/index.ts";
import type { TestConsumer } from "../support/consumer.ts";
import { RECORDS } from "../support/consumer.ts";
import type { TestSource } from "../support/source-events.ts";
import { orderedScene, type Scene, type SceneOptions } from "./ordered.ts";

export const WATERMARK: ExactlyOnceOptions = { key: undefined as never, strategy: "watermark" };

export function watermarkScene(source: TestSource, { options = {}, ...rest }: SceneOptions = {}): Scene {
  const redrive = source.name === "SQS FIFO" ? { redrive: "never" as const } : {};
  return orderedScene(source, { options: { ...WATERMARK, ...redrive, ...options }, ...rest });
}

/** Actions of each transaction. */
export function transactions({ requests }: Pick<TestConsumer<unknown>, "requests">): number[] {
  return requests.flatMap(({ request }) =>
    request.operation === "TransactWriteItems" ? [request.input.TransactItems.length] : [],
  );
}

export const watermarks = ({ memory }: Pick<TestConsumer<unknown>, "memory">): readonly Item[] => memory.items(RECORDS);
