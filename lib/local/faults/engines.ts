// Engines that restart: the process or the port goes, and comes back with the same address and the same content.
//
//   FE1. An engine that is down by a fault has not failed: nobody gives the cloud up for it.
//   FE2. At most one restart of an engine at a time; on clear() it comes up at once.
import { localError } from "../local-error.ts";
import type { EngineName } from "../types.ts";
import type { Injector } from "./desk.ts";
import { drawFrom } from "./random.ts";
import { startTimes } from "./timed.ts";
import type { EngineRule } from "./types.ts";

/** Takes the engine down, waits, brings it up again. */
export type Restart = (down: Promise<void>) => Promise<void>;

export interface EngineFaults extends Injector<EngineRule> {
  /** Down, or up again so shortly that requests may still fail of it. */
  isShaken(engine: EngineName): boolean;
}

export interface EngineFaultsOptions {
  /** Of the engines that can: the embedded ones. */
  readonly restarts: Readonly<Partial<Record<EngineName, Restart>>>;
  readonly onFailure: (engine: EngineName, thrown: unknown) => void;
}

/** Of a copy of the stacks, which shares its engines with others: it knows of their restarts, and asks for none. */
export function sharedEngineFaults({ isShaken }: EngineFaults): EngineFaults {
  return {
    add: ({ rule: { engine } }) => {
      throw localError(
        `Cannot restart the ${engine} engine in a copy: the others stand on it, too; inject it in the cloud that was ` +
          "started, or start another one",
      );
    },
    isShaken,
    clear() {},
  };
}

const DOWN_MS_DEFAULT = 300;
/** SDK clients try again for about as long. */
const AFTERSHOCK_MS = 2_000;

const HINTS: Readonly<Record<EngineName, string>> = {
  dynamodb: "it is not the embedded one, or keeps its tables in memory: start the cloud with restartable: true",
  sqs: "it is not the embedded one: unset AWS_ENDPOINT_URL_SQS",
};

export function createEngineFaults({ restarts, onFailure }: EngineFaultsOptions): EngineFaults {
  const down = new Map<EngineName, () => void>(); // how each wait ends
  const upSinceMs = new Map<EngineName, number>();

  const restart = (engine: EngineName, ms: number, act: Restart): void => {
    const wait = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      down.set(engine, () => {
        clearTimeout(timer);
        resolve();
      });
    });
    const isUp = (): void => {
      down.delete(engine);
      upSinceMs.set(engine, Date.now());
    };
    act(wait).then(isUp, (thrown: unknown) => {
      isUp();
      onFailure(engine, thrown);
    });
  };

  return {
    add(live) {
      const { engine, downMs = DOWN_MS_DEFAULT } = live.rule;
      const act = restarts[engine];
      if (act === undefined) throw localError(`Cannot restart the ${engine} engine: ${HINTS[engine]}`);
      return startTimes(live, () => {
        if (down.has(engine)) return false; // FE2
        const ms = drawFrom(downMs, live.random);
        live.hit({ engine, ms });
        restart(engine, ms, act);
        return true;
      });
    },
    isShaken: (engine) =>
      down.has(engine) || Date.now() - (upSinceMs.get(engine) ?? Number.NEGATIVE_INFINITY) < AFTERSHOCK_MS,
    clear() {
      for (const end of down.values()) end(); // FE2
    },
  };
}
