// semel's strategy watermark: one watermark for each ordering key, moved in the transaction of the effects.

import { orderedIncrement } from "./ordered-increment.ts";

export const handler = orderedIncrement("watermark");
