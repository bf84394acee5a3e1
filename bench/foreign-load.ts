// How busy others kept this machine: what all processors did, less what the benchmark did itself.

import { cpus } from "node:os";

const MICROSECONDS_PER_TICK = 1_000; // os.cpus() counts milliseconds

/** Starts a watch. Told the processor time of the benchmark's other processes, it answers the share of one processor. */
export function watchForeignLoad(): (othersCpuUs: number) => number {
  const [busy, own, startMs] = [busyUs(), process.cpuUsage(), performance.now()];
  return (othersCpuUs) => {
    const { user, system } = process.cpuUsage(own);
    const foreignUs = busyUs() - busy - user - system - othersCpuUs;
    return Math.max(0, foreignUs / ((performance.now() - startMs) * 1_000));
  };
}

function busyUs(): number {
  const ticks = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
  return ticks * MICROSECONDS_PER_TICK;
}
