// The end of a simulation of an ordered source: judges what is left (I11), and not how much of it there is.

import { expect, it } from "vitest";
import { endQuietly } from "./ending.ts";
import type { SourceKind } from "./setup.ts";
import type { OrderedSource } from "./source.ts";
import { createWorld, type World } from "./world.ts";

function worldWith(messages: number, kind: SourceKind): World {
  const adjust = { batchMax: 1, groups: 1, faultRate: 0, copies: 0, lostDeletions: 0, failing: 0, working: 0 };
  const world = createWorld({ seed: 1, kind, strategy: "watermark", adjust });
  for (let n = 1; n <= messages; n++) {
    const body = { key: `e${n}`, n, act: "adds", kind: "plain" } as const;
    world.source.send("a", body, (place) => world.ledger.send(body, place));
  }
  return world;
}

async function complaintsAtEndOf(world: World, changes: Partial<OrderedSource> = {}): Promise<readonly string[]> {
  await endQuietly({ ...world, source: { ...world.source, ...changes } });
  return world.ledger.complaints;
}

it("goes on for as long as the source gives something, however little at a time", async () => {
  const world = worldWith(300, "topic");
  expect(await complaintsAtEndOf(world)).toEqual([]);
  expect(world.source.left()).toEqual([]);
});

it("waits for what is hidden", async () => {
  const world = worldWith(3, "fifo");
  const { nowMs } = world.timeline;
  let returnsMs = Number.POSITIVE_INFINITY; // hidden for a quarter of an hour when it is first asked for
  const take = (): ReturnType<OrderedSource["take"]> => {
    returnsMs = Math.min(returnsMs, nowMs() + 15 * 60_000);
    return nowMs() < returnsMs ? undefined : world.source.take();
  };
  expect(await complaintsAtEndOf(world, { take })).toEqual([]);
});

it("I11: complains of what never comes again", async () => {
  const complaints = await complaintsAtEndOf(worldWith(1, "fifo"), { take: () => undefined });
  expect(complaints).toContain("I11: e1 is left, and does not come again");
});

it("I11: complains of what comes again and again", async () => {
  const world = worldWith(2, "topic");
  const take = (): ReturnType<OrderedSource["take"]> => {
    const batch = world.source.take();
    return batch && { ...batch, settle: () => batch.settle(undefined) };
  };
  expect(await complaintsAtEndOf(world, { take })).toContain("I11: e1 does not leave its source after 3 deliveries");
});
