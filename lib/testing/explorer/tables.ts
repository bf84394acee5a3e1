// The tables of the explored world.

export const RECORDS = "Records";
export const EFFECTS = "Effects";
/** Of keyed states. */
export const STATES = "States";
