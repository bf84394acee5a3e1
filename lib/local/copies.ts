// The copies of a local cloud: more of the same stacks on the same engines, each with names of its own.
//
//   CP1. A copy that was begun is stopped with the cloud that it is a copy of, before the engines go.
//   CP2. A copy of a copy is one of the first, too: it outlives what it was asked from.
import { randomUUID } from "node:crypto";
import { localError } from "./local-error.ts";

interface Stoppable {
  stop(): Promise<void>;
}

export interface Copies<T extends Stoppable> {
  /** `start` makes it, under this suffix. */
  create(start: (nameSuffix: string) => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

const SUFFIX_CHARS = 8;

export function createCopies<T extends Stoppable>(): Copies<T> {
  const begun = new Set<Promise<T>>();
  let stopped = false;
  return {
    create(start) {
      if (stopped) return Promise.reject(localError("Cannot copy the local cloud: it was stopped"));
      const copy = start(randomUUID().slice(0, SUFFIX_CHARS));
      begun.add(copy);
      copy.catch(() => begun.delete(copy));
      return copy;
    },
    async stop() {
      stopped = true;
      const stopOne = async (copy: Promise<T>): Promise<void> => {
        const started = await copy.catch(() => undefined); // it has undone itself
        await started?.stop();
      };
      await Promise.all([...begun].map(stopOne)); // CP1
    },
  };
}
