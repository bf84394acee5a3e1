// How far a command is: a bar that is drawn over on a terminal, else a plain line now and then. A few lines of our own: a library
// would come with every Lambda function that depends on semel.

import { clearLine, cursorTo } from "node:readline";

export interface Progress {
  /** Without a total there is no bar. */
  show(what: string, done: number, total?: number): void;
  /** Before other output. */
  clear(): void;
}

const BAR_WIDTH = 30;
const PLAIN_LINE_EVERY_MS = 5_000;
const DRAWN_EVERY_MS = 100;

export function createProgress(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? drawn(stream) : plainLines(stream);
}

function drawn(stream: NodeJS.WriteStream): Progress {
  let shownMs = 0;
  const clear = (): void => {
    cursorTo(stream, 0);
    clearLine(stream, 0);
  };
  return {
    show(what, done, total) {
      if (Date.now() - shownMs < DRAWN_EVERY_MS && done !== total) return;
      shownMs = Date.now();
      clear();
      stream.write(line(what, done, total));
    },
    clear,
  };
}

function plainLines(stream: NodeJS.WriteStream): Progress {
  let shownMs = Date.now();
  return {
    show(what, done, total) {
      if (Date.now() - shownMs < PLAIN_LINE_EVERY_MS) return;
      shownMs = Date.now();
      stream.write(`${what}: ${total === undefined ? done : `${done} of ${total}`} messages\n`);
    },
    clear() {},
  };
}

export function line(what: string, done: number, total: number | undefined): string {
  if (total === undefined) return `${what} ${done} messages`;
  const filled = total === 0 ? BAR_WIDTH : Math.min(BAR_WIDTH, Math.floor((done / total) * BAR_WIDTH));
  return `${what} [${"=".repeat(filled).padEnd(BAR_WIDTH)}] ${done}/${total} messages`;
}
