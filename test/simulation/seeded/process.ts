// A sandbox's process: its clock, which may be wrong, and what it runs, which may freeze or die.
//
//   SP1. A frozen process does nothing: its timers and answers wait until it thaws, in their order. A dead one never does
//        anything again.
//   SP2. Whatever it writes names it: its random ids tell which process made them, in which invocation.

import { type Host, systemHost } from "../../../lib/host.ts";
import type { Chance } from "./chance.ts";
import type { Timeline } from "./timeline.ts";

export interface SandboxProcess {
  readonly number: number;
  /** Of the code that it runs. */
  readonly version: number;
  readonly host: Host;
  skewMs: number;
  dead: boolean;
  frozen: boolean;
  /** Number of its invocation under way, or of the last one. */
  invocation: number;
  /** Runs now, or when it thaws, or never. SP1 */
  run(callback: () => void): void;
  thaw(): void;
  kill(): void;
  /** The invocation in which it made a random id; undefined: not one of its own. SP2 */
  madeIn(id: string): number | undefined;
}

export interface ProcessOptions {
  readonly number: number;
  readonly version: number;
  readonly skewMs: number;
  readonly timeline: Timeline;
  readonly chance: Chance;
  readonly nextId: () => number;
  readonly onDeath: () => void;
}

export function createProcess(options: ProcessOptions): SandboxProcess {
  const { number, version, timeline, chance, nextId, onDeath } = options;
  const backlog: (() => void)[] = [];
  const made = new Map<string, number>();

  const after = (delayMs: number, callback: () => void): (() => void) => {
    let cancelled = false;
    const cancel = timeline.after(delayMs, () => own.run(() => void (cancelled || callback())));
    return () => {
      cancelled = true;
      cancel();
    };
  };
  const host: Host = {
    nowMs: () => timeline.nowMs() + own.skewMs,
    after,
    endOfTick: (callback) => void after(0, callback),
    random: () => chance.real(),
    randomId() {
      const id = `00000000-0000-4000-8${String(number % 1000).padStart(3, "0")}-${String(nextId()).padStart(12, "0")}`;
      made.set(id, own.invocation);
      return id;
    },
    sha256: systemHost.sha256,
  };
  const own: SandboxProcess = {
    number,
    version,
    host,
    skewMs: options.skewMs,
    dead: false,
    frozen: false,
    invocation: 0,
    run(callback) {
      if (own.dead) return;
      if (own.frozen) backlog.push(callback);
      else callback();
    },
    thaw() {
      own.frozen = false;
      for (const callback of backlog.splice(0)) timeline.after(0, () => own.run(callback));
    },
    kill() {
      if (own.dead) return;
      own.dead = true;
      backlog.length = 0;
      onDeath();
    },
    madeIn: (id) => made.get(id),
  };
  return own;
}
