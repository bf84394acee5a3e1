// Turns of the messages of one batch at the counters of their groups. The invariants are those of outbox.ts.

import type { Wait } from "./concurrency.ts";

/** Numbers that were committed last, by the group's partition key. There as long as somebody waits for them. */
export interface LastNumbers {
  get(groupPk: string): number | undefined;
  set(groupPk: string, number: number): void;
  /** Of the groups that have their turn. */
  clear(): void;
}

export interface GroupTurns {
  /** Runs the task when it has its turn in all groups. Rejects where `wait` gives up before. */
  inTurn<T>(groupPks: readonly string[], wait: Wait, task: (last: LastNumbers) => Promise<T>): Promise<T>;
}

interface Line {
  /** Of who is last in the line. */
  done: Promise<void>;
  waiting: number;
  last: number | undefined;
}

export function createGroupTurns(): GroupTurns {
  const lines = new Map<string, Line>();

  /** Resolves, when the turn has come, with what ends it. */
  async function turnIn(groupPk: string, wait: Wait): Promise<() => void> {
    const line = lines.get(groupPk) ?? { done: Promise.resolve(), waiting: 0, last: undefined };
    lines.set(groupPk, line);
    const before = line.done;
    const own = Promise.withResolvers<void>();
    line.done = own.promise;
    line.waiting++;
    const end = (): void => {
      line.waiting--;
      if (line.waiting === 0) lines.delete(groupPk); // others may have moved the counter when it is asked for again
      own.resolve();
    };
    try {
      await wait(before);
    } catch (error) {
      void before.then(end);
      throw error;
    }
    return end;
  }

  return {
    async inTurn(groupPks, wait, task) {
      const ends: (() => void)[] = [];
      try {
        for (const groupPk of [...groupPks].sort()) ends.push(await turnIn(groupPk, wait)); // OX3
        return await task({
          get: (groupPk) => lines.get(groupPk)?.last,
          set(groupPk, number) {
            const line = lines.get(groupPk);
            if (line) line.last = number;
          },
          clear() {
            for (const groupPk of groupPks) {
              const line = lines.get(groupPk);
              if (line) line.last = undefined;
            }
          },
        });
      } finally {
        for (const end of ends) end();
      }
    },
  };
}
