// Takes an event in: which source it is of, and where its messages stand, before anybody else can change it.
//
//   IT1. A source whose messages carry no idempotency key is taken only with a key option: without one, every message of it
//        would be one that can never succeed, and go to the dead-letter queue.
//   IT2. Of an ordered source the handler gets the messages that came, in the order in which they came.

import { SemelError } from "../errors.ts";
import type { Delivery, Place, Source } from "../sources/source.ts";
import { sourceOf as sourceOfEvent } from "../sources/source-of.ts";
import { fromItem } from "./marshalling.ts";
import type { ResolvedOptions } from "./options.ts";

/** The messages of one event, as it came. */
export interface Intake {
  readonly source: Source;
  readonly places: readonly Delivery[];
}

const sourceOf = sourceOfEvent(fromItem);

/** Throws a SemelError for an event that cannot be taken. */
export function intakeOf(event: unknown, { key }: Pick<ResolvedOptions, "key">): Intake {
  const source = sourceOf(event);
  if (key === undefined && !source.carriesKey) {
    throw new SemelError(
      `Cannot take the event: it is of ${source.name}, whose records have no attribute for an idempotency key, and there is no ` +
        'key option. Set key to a path or a function of the message; or to "messageId", which is the place in the stream: it ' +
        "protects against redelivery, not against a producer that sends twice",
      { code: "SEMEL_OPTIONS", retryable: false },
    ); // IT1
  }
  return { source, places: source.deliveries(event) };
}

/** The messages of the event as it is now: what a middleware made of it meanwhile, a decompressed body, say. */
export function deliveriesOf(event: unknown, { source, places }: Intake): readonly Delivery[] {
  const deliveries = source.deliveries(event);
  const unchanged = ({ messageId }: Place, index: number): boolean => places[index]?.messageId === messageId;
  if (!source.ordered || (deliveries.length === places.length && deliveries.every(unchanged))) return deliveries; // IT2
  throw new SemelError(
    `Cannot take the event: it came with ${places.length} records of ${source.name}, and another middleware left out, added or ` +
      "moved some of them, so their order cannot be kept. Remove that middleware",
    { code: "SEMEL_EVENT", retryable: false },
  );
}
