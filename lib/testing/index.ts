// The public API for tests of a user's own handlers. Re-exports only.

export type { BusMessage, OutboxMessage, QueueMessage, TopicMessage } from "../protocol/outbox.ts";
export type { Failure } from "../protocol/rejection.ts";
export { assertExactlyOnce, type ExactlyOnceReport } from "./assert-exactly-once.ts";
export type { SdkClient } from "./handler/clients.ts";
export type { Sent } from "./handler/engine.ts";
export type { ExplorableHandler } from "./handler/invocation.ts";
export type { Effects, ExploredEvent, World } from "./handler/judge.ts";
export type { EventMessage, ExactlyOnceCase, FaultKind, HandlerUnderTest } from "./handler/options.ts";
export { type Stub, stub } from "./handler/stub.ts";
export type { CdkConstruct } from "./local/source.ts";
export { startLocal } from "./local/start-local.ts";
export type {
  DeadLetter,
  Document,
  LocalTestOptions,
  OutgoingMessage,
  SendOptions,
  TestCloud,
  TestCopyOptions,
} from "./local/types.ts";
