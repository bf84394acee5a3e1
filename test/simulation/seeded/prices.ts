// The price: an item that handlers read, and somebody else writes, or takes away.

import { EFFECTS } from "./messages.ts";
import type { World } from "./world.ts";

/** Where it changes often it takes few values, so that it is soon again what it was; and often one attribute changes alone. */
export function reprice({ chance, habits, store }: World): void {
  const often = habits.repriceMs !== undefined;
  const price = { TableName: EFFECTS, Key: { id: { S: "price" } } };
  const before = store.item(EFFECTS, "price") ?? {};
  const value = (): { readonly N: string } => ({ N: String(chance.below(often ? 2 : 100)) });
  const drawn = { n: chance.happens(0.7) && { n: value() }, m: chance.happens(0.7) && { m: value() } };
  const kept = often && chance.happens(0.6) ? chance.pick(["n", "m"]) : undefined;
  const { n, m } = before;
  const Put = {
    TableName: EFFECTS,
    Item: {
      ...price.Key,
      ...(kept === "n" ? n && { n } : drawn.n),
      ...(kept === "m" ? m && { m } : drawn.m),
    },
  };
  const TransactItems = [chance.happens(often ? 0.05 : 0.3) ? { Delete: price } : { Put }];
  store.apply({ operation: "TransactWriteItems", input: { TransactItems } }, 0);
}

/** As long as somebody may have read it. */
export function repriceUntil(isOver: () => boolean, world: World): void {
  const { habits, timeline, weather } = world;
  const { repriceMs } = habits;
  if (repriceMs === undefined || weather.quiet) return;
  timeline.after(repriceMs, () => {
    if (isOver()) return;
    reprice(world);
    repriceUntil(isOver, world);
  });
}
