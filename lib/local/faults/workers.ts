// Faults of workers: they die, freeze, or run out of memory.
//
//   FW1. A fault in mid-invocation hits a worker that runs an invocation, and none that is frozen already.
//   FW2. A worker that is killed after its n-th request was applied never hears of the answer; one that is killed before
//        did not send it.
//   FW3. A frozen worker wakes when its time is over, with its next invocation (freeze-after-response), or on clear(). Until
//        then its time limit stands still: it is the visibility timeout that goes on, and so it may wake as a zombie. Its own
//        clock does not stand still: it wakes to find that its remaining time has passed.
import type { Call } from "../call.ts";
import { localError } from "../local-error.ts";
import type { Seat } from "../seat.ts";
import { createAtCalls } from "./at-calls.ts";
import type { Injector } from "./desk.ts";
import { createFreezer } from "./freezer.ts";
import { hitOf } from "./hit.ts";
import type { LiveRule } from "./live-rule.ts";
import { drawFrom, pick } from "./random.ts";
import { startTimes } from "./timed.ts";
import type { WorkerRule } from "./types.ts";

/** What faults may do to a worker. */
export interface Victim {
  readonly seat: Seat;
  /** It has loaded its handler, and lives. */
  isUp(): boolean;
  kill(): void;
  freeze(): void;
  wake(): void;
  exhaustMemory(): void;
}

export interface WorkerFaults extends Injector<WorkerRule> {
  enter(victim: Victim): void;
  leave(victim: Victim): void;
  /** A worker has answered. When that freezes it: resolves when it may be used again; the next invocation wakes it. */
  responded(victim: Victim): Promise<void> | undefined;
  /** Whether requests matter. */
  isOn(): boolean;
  /** True when the fault saw to the request, too. */
  intercept(call: Call): boolean;
}

export function createWorkerFaults(): WorkerFaults {
  const victims = new Map<Seat, Victim>();
  const freezer = createFreezer();
  const atCalls = createAtCalls(suits);
  const afterResponse = new Set<LiveRule<WorkerRule>>();

  const strike = (victim: Victim, live: LiveRule<WorkerRule>, detail?: string): void => {
    const { fault, forMs = 0 } = live.rule;
    const ms = fault === "freeze" ? drawFrom(forMs, live.random) : undefined;
    const more = { ...(ms === undefined ? {} : { ms }), ...(detail === undefined ? {} : { detail }) };
    live.hit({ ...hitOf(victim.seat), ...more });
    if (fault === "kill") victim.kill();
    else if (fault === "out-of-memory") victim.exhaustMemory();
    else void freezer.freeze(victim, ms ?? 0).then(victim.wake); // FW3
  };

  const strikeAnyone = (live: LiveRule<WorkerRule>): boolean => {
    const busy = [...victims.values()].filter(
      (one) => one.seat.invocation !== undefined && one.isUp() && !freezer.has(one) && suits(live, one.seat), // FW1
    );
    const [first, ...others] = busy;
    if (first === undefined) return false;
    strike(pick([first, ...others], live.random), live);
    return true;
  };

  return {
    add(live) {
      const { fault, atCall: nth } = live.rule;
      if (process.platform === "win32" && fault.startsWith("freeze")) {
        throw localError(`Cannot inject ${fault}: Windows has no SIGSTOP; use "hang" in its place`);
      }
      if (nth !== undefined) return atCalls.add(live);
      if (fault !== "freeze-after-response") return startTimes(live, () => strikeAnyone(live));
      afterResponse.add(live);
      return () => void afterResponse.delete(live);
    },
    enter: (victim) => void victims.set(victim.seat, victim),
    leave(victim) {
      victims.delete(victim.seat);
      freezer.end(victim);
    },
    responded(victim) {
      const live = [...afterResponse].find((one) => !one.isOver() && suits(one, victim.seat) && one.fires());
      if (live === undefined || !victim.isUp()) return undefined;
      const ms = drawFrom(live.rule.forMs ?? 0, live.random);
      live.hit({ ...hitOf(victim.seat), ms });
      return freezer.freeze(victim, ms);
    },
    isOn: atCalls.isOn,
    intercept(call) {
      const victim = victims.get(call.seat);
      const due = atCalls.due(call);
      if (victim === undefined || due === undefined || !victim.isUp() || freezer.has(victim)) return false;
      const { fault, when = "before" } = due.rule;
      const hit = (): void => strike(victim, due, `call ${call.ordinal}, ${call.operation}`);
      if (fault === "kill" && when === "after") {
        call.send().then(hit, hit); // FW2
        return true;
      }
      hit();
      if (fault === "kill") call.reset(); // FW2
      return fault === "kill"; // one that freezes has sent it
    },
    clear() {
      freezer.clear();
      for (const victim of victims.values()) victim.wake();
    },
  };
}

function suits({ rule }: LiveRule<WorkerRule>, { functionName, logicalId }: Seat): boolean {
  return rule.function === undefined || rule.function === functionName || rule.function === logicalId;
}
