// The public API for tests of a user's own handlers. Re-exports only.

export { assertExactlyOnce, type ExactlyOnceReport } from "./assert-exactly-once.ts";
export type { SdkClient } from "./handler/clients.ts";
export type { Sent } from "./handler/engine.ts";
export type { ExplorableHandler } from "./handler/invocation.ts";
export type { Effects, ExploredEvent, World } from "./handler/judge.ts";
export type { EventMessage, ExactlyOnceCase, FaultKind, HandlerUnderTest } from "./handler/options.ts";
export { type Stub, stub } from "./handler/stub.ts";
