// Which sandbox is at work: what handlers, SDK clients and stubs of one process do belongs to the sandbox in whose
// asynchronous context they do it.

import { AsyncLocalStorage } from "node:async_hooks";
import type { SemelError } from "../../errors.ts";
import type { Sandbox } from "../explorer/sandbox.ts";
import type { Request } from "./requests.ts";

export interface Process {
  readonly sandbox: Sandbox<Request>;
  /** When Lambda ends it, ms since the epoch. */
  readonly endMs: number;
  /** The first invocation of all, in which modules are still loaded, and files read. */
  readonly rehearsal: boolean;
  /** What it logs is printed. */
  readonly loud: boolean;
  /** Something happened that the exploration cannot go on with. The error is thrown on, whatever the handler makes of it. */
  readonly stop: (error: SemelError) => void;
}

export const current: AsyncLocalStorage<Process> = new AsyncLocalStorage();
