// What of the explored world is judged after each event.

import { CONSUMER, type Engine, pkOf } from "./engine.ts";
import { laneOf, positionOf } from "./events.ts";
import { complaintsAbout, type Snapshot } from "./invariants.ts";
import { complaintsAboutLanes } from "./ordered-invariants.ts";
import type { Queue } from "./queue.ts";
import { isPlaced, type Scenario } from "./scenario.ts";

export interface Judge {
  snapshot(): Snapshot;
  complaints(): string[];
}

export function createJudge(scenario: Scenario, engine: Engine, queue: Queue): Judge {
  function snapshot(): Snapshot {
    const { deadLetters, forgotten } = engine;
    const [records, effects] = [engine.records(), engine.effects()];
    const [inserts, ordered] = [scenario.options.strategy === "insert", scenario.source === "fifo"];
    return { records, effects, inserts, ordered, queue: queue.messages, deadLetters, forgotten, pkOf };
  }

  function complaintsAboutPlaces(): string[] {
    const { deadLetters } = engine;
    const [records, effects] = [engine.records(), engine.effects()];
    const states = scenario.reduction ? engine.states() : undefined;
    const messages = queue.messages.map((one) => {
      const { messageId, key, deleted } = one;
      return { messageId, key, deleted, ...laneOf(one, scenario), position: positionOf(one, scenario) };
    });
    return complaintsAboutLanes({ consumer: CONSUMER, records, effects, states, messages, deadLetters });
  }

  return {
    snapshot,
    complaints: () => (isPlaced(scenario) ? complaintsAboutPlaces() : complaintsAbout(snapshot())),
  };
}
