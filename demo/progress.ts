// Shows how far a trial is: a bar on a terminal, else a plain line now and then.

import { Presets, SingleBar } from "cli-progress";

export interface Progress {
  update(done: number): void;
  stop(): void;
}

const PLAIN_LINE_EVERY_MS = 5_000;

export function startProgress(label: string, total: number): Progress {
  return process.stdout.isTTY ? bar(label, total) : plainLines(label, total);
}

function bar(label: string, total: number): Progress {
  const format = `${label.padEnd(6)} {bar} {value}/{total} messages done, {duration_formatted}`;
  const single = new SingleBar({ format, hideCursor: true, etaBuffer: 1 }, Presets.shades_classic);
  single.start(total, 0);
  return { update: (done) => single.update(Math.min(done, total)), stop: () => single.stop() };
}

function plainLines(label: string, total: number): Progress {
  let shownMs = Date.now();
  return {
    update(done) {
      if (Date.now() - shownMs < PLAIN_LINE_EVERY_MS) return;
      shownMs = Date.now();
      console.log(`${label}: ${Math.min(done, total)} of ${total} messages done`);
    },
    stop() {},
  };
}
