// Kills what we started when we die without a chance to do so (SIGKILL, a crash): a tiny shell process that reads
// the process groups we own from a pipe, and acts when the pipe breaks.
//
// Children run in process groups of their own, so that Ctrl-C reaches only us and everything stops in order;
// without the reaper that would leave orphans behind.
import { type ChildProcess, spawn } from "node:child_process";
import { rm } from "node:fs/promises";

export interface Reaper {
  /** From now on, this child dies with us. Forgets it when it exits. */
  watch(child: ChildProcess): void;
  /** Ends the reaper. What is still watched dies, and the folders go. */
  close(): Promise<void>;
}

// "+ pid" and "- pid" lines; at end of input: kill the groups left, remove the folders given.
const SCRIPT = `
trap '' INT TERM HUP
groups=' '
while read -r change pid; do
  if [ "$change" = + ]; then groups="$groups$pid "; else groups="\${groups%% $pid *} \${groups#* $pid }"; fi
done
for pid in $groups; do kill -9 -"$pid" 2>/dev/null; done
rm -rf -- "$@"
`;

export function startReaper(...folders: readonly string[]): Reaper {
  const removeFolders = async (): Promise<void> => {
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  };
  // No process groups and no sh on Windows: there, orphans after a SIGKILL are not prevented.
  if (process.platform === "win32") return { watch: () => {}, close: removeFolders };
  const shell = spawn("/bin/sh", ["-c", SCRIPT, "semel-reaper", ...folders], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const exited = new Promise<void>((resolve) => shell.once("exit", () => resolve()).once("error", () => resolve()));
  // A reaper that was killed must not take us along.
  shell.stdin.on("error", () => {});
  shell.unref();
  return {
    watch(child) {
      if (child.pid === undefined) return;
      shell.stdin.write(`+ ${child.pid}\n`);
      child.once("exit", () => shell.stdin.write(`- ${child.pid}\n`));
    },
    async close() {
      shell.ref();
      shell.stdin.end();
      await exited;
      await removeFolders(); // in case the shell was killed
    },
  };
}

/** SIGKILL to a detached child and whatever it started. */
export function killGroup(child: ChildProcess): void {
  if (child.exitCode === null && child.signalCode === null) signalGroup(child);
}

/** A signal to a detached child and whatever it started, unless it has exited. */
export function signalTree(child: ChildProcess, signal: "SIGSTOP" | "SIGCONT"): void {
  if (child.exitCode === null && child.signalCode === null) signalGroup(child, signal);
}

/** SIGKILL to what a detached child left behind when it exited. */
export function killLeftovers(child: ChildProcess): void {
  if (process.platform !== "win32") signalGroup(child);
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals = "SIGKILL"): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // Nobody is left.
  }
}
