// The steps of a simulation: what producers, pollers, operators, time and bad luck do next.

import type { Fault } from "../seeded/faults.ts";
import { freeSandbox, invoke } from "./invocations.ts";
import { type Act, kindOf } from "./messages.ts";
import { commitAsNewer } from "./newer.ts";
import type { Batch } from "./source.ts";
import { changeMood, restock } from "./stock.ts";
import type { World } from "./world.ts";

const WEIGHTS = {
  poll: 50,
  send: 20,
  time: 6,
  freeze: 6,
  kill: 2,
  deploy: 2,
  outage: 2,
  restock: 2,
  newer: 3,
  mood: 6,
} as const;
type Step = keyof typeof WEIGHTS | "change";

const MINUTE_MS = 60_000;
const TIME_MS_MAX = 10 * MINUTE_MS;
/** How late a batch may come once more. */
const RECENT_MAX = 5;
const OUTAGES: readonly (readonly Fault[])[] = [
  ["throttled"],
  ["conflict-on-record", "conflict"],
  ["server-error", "server-error-applied"],
  ["answer-lost", "never-applied"],
  ["hangs"],
  ["slow"],
  ["in-progress", "in-progress-applied"],
];

/** Those of groups that begin with "steady" look by a client of their own. */
const GROUPS = ["a", "steady-b", "x1", "c", "x2", "steady-d"] as const;

export function createSteps(world: World): { next(): Promise<void> } {
  const { chance, figures, ledger, setup, source, timeline, weather } = world;
  const groups = GROUPS.slice(0, setup.groups);
  let recent: Batch[] = [];

  function send(): void {
    const group = chance.anyOf(groups) ?? "a";
    const n = world.nextNumber("message");
    const act: Act = group.startsWith("steady") ? "looks" : chance.pick(setup.acts);
    const body = { key: `e${n}`, n, act, kind: kindOf(act, chance, setup) };
    source.send(group, body, (place) => ledger.send(body, place));
    figures.count("messages sent");
  }

  function poll(): void {
    const sandbox = freeSandbox(world);
    const batch = sandbox && source.take();
    if (!batch) {
      figures.count("empty polls");
      return;
    }
    invoke(sandbox, batch, world);
    const again = chance.happens(setup.copies) ? chance.anyOf([...recent, batch]) : undefined;
    recent = [...recent, batch].slice(-RECENT_MAX);
    const other = again && freeSandbox(world);
    if (!again || !other) return;
    figures.count("fault delivered twice");
    invoke(other, source.again(again), world);
  }

  function change(): void {
    const what = source.change();
    if (what === undefined) return;
    world.note(what);
    figures.count(what.replace(/\d+/g, "n"));
    if (setup.kind === "fifo") renew();
  }

  /** Everybody hears of the new epoch. */
  function renew(): void {
    for (const { busy, process } of [...world.sandboxes]) if (!busy || chance.happens(0.5)) process.kill();
    for (const sandbox of [...world.sandboxes]) world.sandboxes.delete(sandbox);
    recent = [];
  }

  function freeze(): void {
    const sandbox = chance.anyOf([...world.sandboxes].filter(({ busy, process }) => busy && !process.frozen));
    if (!sandbox?.busy) return;
    sandbox.process.frozen = sandbox.busy.disturbed = true;
    timeline.after(chance.spanMs(100, MINUTE_MS), sandbox.process.thaw);
    world.note(`p${sandbox.process.number} is frozen`);
    figures.count("fault frozen");
  }

  function kill(): void {
    const sandbox = chance.anyOf([...world.sandboxes]);
    if (!sandbox) return;
    world.note(`p${sandbox.process.number} is killed`);
    figures.count("fault killed");
    sandbox.process.kill();
  }

  function deploy(): void {
    weather.version++;
    figures.count("deployments");
    if (chance.happens(0.5)) for (const { busy, process } of [...world.sandboxes]) if (!busy) process.kill();
  }

  function outage(): void {
    const faults = chance.anyOf(OUTAGES) ?? [];
    weather.outage = { untilMs: timeline.nowMs() + chance.spanMs(1_000, MINUTE_MS), faults };
    world.note(`from now on every request meets ${faults.join(" or ")}`);
    figures.count("outages");
  }

  const acts: Readonly<Record<Step, () => Promise<void> | void>> = {
    poll,
    send() {
      for (let count = chance.happens(0.5) ? 1 + chance.below(setup.burst) : 1; count > 0; count--) send();
    },
    time: () => timeline.pass(chance.spanMs(1_000, TIME_MS_MAX)),
    change,
    freeze,
    kill,
    deploy,
    outage,
    restock: () => restock(world, 2),
    newer: () => commitAsNewer(world),
    mood() {
      for (let count = 3; count > 0; count--) timeline.after(chance.below(3_000), () => changeMood(world));
    },
  };

  return {
    async next() {
      weather.step++;
      const step = chance.weighted<Step>({ ...WEIGHTS, change: setup.changing });
      world.note(step);
      await acts[step]();
      await timeline.pass(chance.happens(0.5) ? chance.below(20) : chance.spanMs(20, 5_000));
    },
  };
}
