// The makers of ids of this process: one for all publishers, since two of one worker id would make the same ids.

import type { Host } from "../host.ts";
import { snowflake } from "./snowflake.ts";
import { type NewId, uuidV7 } from "./uuid-v7.ts";

const makers = new WeakMap<Host, Map<number | undefined, NewId>>();

/** Snowflake ids of a worker; without one, UUIDs. */
export function idsOf(host: Host, workerId: number | undefined): NewId {
  const known = makers.get(host) ?? new Map<number | undefined, NewId>();
  makers.set(host, known);
  const maker = known.get(workerId) ?? (workerId === undefined ? uuidV7(host) : snowflake(host, workerId));
  known.set(workerId, maker);
  return maker;
}
