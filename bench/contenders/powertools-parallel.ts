// Powertools on ordered sources with all records side by side. It keeps no order, and is here to show what order costs it.

import { orderedPowertools } from "./ordered-powertools.ts";

export const handler = orderedPowertools({ inOrder: false });
