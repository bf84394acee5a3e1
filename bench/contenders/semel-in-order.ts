// semel's strategy commit on an ordered source: a record a message, the messages of an ordering key one after the other.

import { orderedIncrement } from "./ordered-increment.ts";

export const handler = orderedIncrement("commit");
