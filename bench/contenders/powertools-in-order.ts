// Powertools in order: what an ordered source is chosen for.

import { orderedPowertools } from "./ordered-powertools.ts";

export const handler = orderedPowertools({ inOrder: true });
