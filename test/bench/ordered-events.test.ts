import { expect, it } from "vitest";
import { type Batch, eventOf } from "../../bench/events.ts";
import { ORDERED_VARIANTS, type OrderedVariant } from "../../bench/ordered-events.ts";
import { sourceOf } from "../../lib/sources/source-of.ts";

const batch = (variant: OrderedVariant, first: number, messages = 200): Batch => ({ variant, first, messages });
const variants = Object.keys(ORDERED_VARIANTS) as OrderedVariant[];

/** As semel's own driver takes it. */
function deliveries(given: Batch) {
  const event = eventOf(given);
  return sourceOf((item) => item)(event).deliveries(event);
}

it.each(variants)(
  "%s: its keys take turns, its messages are in their order, and stand behind earlier ones",
  (variant) => {
    const [earlier, later] = [deliveries(batch(variant, 1_000)), deliveries(batch(variant, 1_200))];
    const keys = new Set(later.map(({ orderingKey }) => orderingKey));
    expect(keys.size).toBe(ORDERED_VARIANTS[variant].keys);
    expect(new Set(earlier.map(({ orderingKey }) => orderingKey))).toEqual(keys);
    const positions = [...earlier, ...later].map(({ position }) => position);
    expect(positions.toSorted()).toEqual(positions);
    expect(new Set(positions).size).toBe(400);
  },
);

it.each(variants)("%s: a message counts on the item of its key", (variant) => {
  for (const { orderingKey, decode } of deliveries(batch(variant, 7))) {
    expect(decode()).toMatchObject({ item: orderingKey, amount: 1 });
  }
});
