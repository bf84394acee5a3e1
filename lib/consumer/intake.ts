// Takes an event in: which source it is of, and where its messages stand, before anybody else can change it.
//
//   IT1. A source whose messages carry no idempotency key is taken only with a key option: without one, every message of it
//        would be one that can never succeed, and go to the dead-letter queue.
//   IT3. Strategy watermark takes only sources in which the place of a message never changes; of a queue, where its owner says so.
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
export function intakeOf(event: unknown, options: Pick<ResolvedOptions, "key" | "strategy" | "redriveNever">): Intake {
  const source = sourceOf(event);
  if (options.strategy === "watermark") refuseWithoutOrder(source, options.redriveNever);
  else if (options.key === undefined && !source.carriesKey) {
    throw new SemelError(
      `Cannot take the event: it is of ${source.name}, whose records have no attribute for an idempotency key, and there is no ` +
        'key option. Set key to a path or a function of the message; or to "messageId", which is the place in the stream: it ' +
        "protects against redelivery, not against a producer that sends twice",
      { code: "SEMEL_OPTIONS", retryable: false },
    ); // IT1
  }
  return { source, places: source.deliveries(event) };
}

/** IT3 */
function refuseWithoutOrder(source: Source, redriveIsNever: boolean): void {
  const cannot = `Cannot take the event: it is of ${source.name}, and the strategy is "watermark"`;
  if (!source.ordered) {
    throw new SemelError(
      `${cannot}, which needs an order: positions would tell nothing. Use strategy "commit", or a FIFO queue or a stream`,
      { code: "SEMEL_OPTIONS", retryable: false },
    );
  }
  if (!source.sendsAgain || redriveIsNever) return;
  throw new SemelError(
    `${cannot}: a message that is redriven, or sent again, has a new sequence number, and would take effect twice. Use strategy ` +
      '"commit" with a business key; or, if nothing is ever redriven into the queue or sent to it twice, state redrive: "never" on ' +
      "ExactlyOnceConsumer, or as an option where there is none",
    { code: "SEMEL_OPTIONS", retryable: false },
  );
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
