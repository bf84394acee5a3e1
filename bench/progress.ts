// Shows how far the benchmark is: one line on a terminal, else a plain line now and then.

const PLAIN_LINE_EVERY_MS = 10_000;

export interface Progress {
  report(done: number, total: number, what: string): void;
  end(): void;
}

export function progress(stream: NodeJS.WriteStream = process.stderr): Progress {
  let shownMs = 0;
  return {
    report(done, total, what) {
      const line = `${done} of ${total}: ${what}`;
      if (stream.isTTY) {
        stream.write(`\r${line.slice(0, stream.columns - 1)}\x1b[K`);
      } else if (Date.now() - shownMs >= PLAIN_LINE_EVERY_MS) {
        shownMs = Date.now();
        stream.write(`${line}\n`);
      }
    },
    end() {
      if (stream.isTTY) stream.write("\r\x1b[K");
    },
  };
}
