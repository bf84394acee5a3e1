// What every SQS engine must do, through the real SDK. Each check has queues of its own, and they run side by side.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { batchChecks } from "./checks/batches.ts";
import { deadLetterChecks } from "./checks/dead-letters.ts";
import { fifoChecks } from "./checks/fifo.ts";
import { messageChecks } from "./checks/messages.ts";
import { queueChecks } from "./checks/queues.ts";
import { visibilityChecks } from "./checks/visibility.ts";
import { createScene, type Scene, type Target } from "./scene.ts";

/** By what it shows. */
export type Checks = Readonly<Record<string, (scene: Scene) => Promise<void>>>;

export const ALL_CHECKS: Readonly<Record<string, Checks>> = {
  queues: queueChecks,
  messages: messageChecks,
  visibility: visibilityChecks,
  batches: batchChecks,
  "dead letters": deadLetterChecks,
  FIFO: fifoChecks,
};

/** `skips` gives, for each check that this engine is known to fail, what it does instead. */
export function describeSqs(
  name: string,
  start: () => Promise<Target>,
  skips: Readonly<Record<string, string>> = {},
): void {
  describe.concurrent(`SQS: ${name}`, () => {
    let scene: Scene;
    beforeAll(async () => {
      scene = createScene(await start());
    });
    afterAll(() => scene.end());

    it("every skip is of a check that there is", () => {
      const known = Object.values(ALL_CHECKS).flatMap((checks) => Object.keys(checks));
      expect(Object.keys(skips).filter((skip) => !known.includes(skip))).toEqual([]);
    });

    for (const [part, checks] of Object.entries(ALL_CHECKS)) {
      describe.concurrent(part, () => {
        for (const [check, run] of Object.entries(checks)) {
          const skip = skips[check];
          it(check, (context) => (skip === undefined ? run(scene) : context.skip(skip)));
        }
      });
    }
  });
}
