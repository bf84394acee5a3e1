// Calls between the benchmark and the processes that it starts, one at a time each, over the IPC channel. A process ends
// with its channel: however the benchmark ends, nothing is left running.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

type Answer = { readonly value: unknown } | { readonly error: string };

export interface Started<Call> {
  /** Rejects with what the process threw, or when it dies. */
  call(call: Call): Promise<unknown>;
  stop(): Promise<void>;
}

/** `process`: a module that ends with `answerCalls`. */
export function start<Call extends object>(module: string, environment: Record<string, string> = {}): Started<Call> {
  const child = fork(module, { env: { ...process.env, ...environment }, stdio: ["ignore", "ignore", "pipe", "ipc"] });
  const words = lastWords(child);
  return {
    call: (call) =>
      new Promise((resolve, reject) => {
        const settle = (): void => {
          child.off("message", onMessage);
          child.off("exit", onExit);
        };
        const onMessage = (answer: Answer): void => {
          settle();
          if ("error" in answer) reject(new Error(answer.error));
          else resolve(answer.value);
        };
        const onExit = (): void => {
          settle();
          reject(new Error(`${module} died: ${words()}`));
        };
        child.on("message", onMessage);
        child.on("exit", onExit);
        child.send(call, (error) => error && onExit());
      }),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}

function lastWords(child: ChildProcess): () => string {
  let words = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    words = (words + chunk.toString()).slice(-2_000);
  });
  return () => words;
}

/** In the started process: answers each call by what `answer` resolves to. */
export function answerCalls<Call>(answer: (call: Call) => Promise<unknown>): void {
  process.on("message", (call: Call) => {
    answer(call).then(
      (value) => process.send?.({ value } satisfies Answer),
      (error: Error) => process.send?.({ error: error.stack ?? String(error) } satisfies Answer),
    );
  });
  process.on("disconnect", () => process.exit());
}
