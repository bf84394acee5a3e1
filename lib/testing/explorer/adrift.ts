// Requests that nobody waits for any more, and that may still take effect, at any later time or never.

import type { Engine } from "./engine.ts";
import { isRead, partsOf } from "./moves.ts";
import type { Adrift } from "./sandbox.ts";
import type { Event } from "./schedule.ts";
import { mark } from "./state.ts";

export interface AdriftRequests {
  add(some: readonly Adrift[]): void;
  /** One that changes nothing now leads nowhere that it does not lead when it lands later, or never. */
  landings(): Event[];
  /** Statements of a call land one by one, and the last of them perhaps never. */
  land(one: Pick<Adrift, "sandbox" | "call">): void;
  /** The first of all, if there is one. */
  landNext(): boolean;
  /** Who sent them. */
  sandboxes(): number[];
  /**
   * Without those that will never change anything: where all is COMPLETED it stays, and no watermark or state goes back to what a
   * refused request asked for (I5, checked at every write).
   */
  texts(): string[];
}

export function createAdriftRequests(engine: Engine): AdriftRequests {
  let all: readonly (Adrift & { readonly text: string })[] = [];

  function add(some: readonly Adrift[]): void {
    const writes = some.filter(({ request }) => !isRead(request)); // a read is not on its way when it has no answer
    all = [...all, ...writes.map((one) => ({ ...one, text: JSON.stringify(one.request) }))];
  }

  function land({ sandbox, call }: Pick<Adrift, "sandbox" | "call">): void {
    const found = all.find((one) => one.sandbox === sandbox && one.call === call);
    if (!found) throw new Error(`Cannot go on: call ${call} of sandbox ${sandbox} is not on its way`);
    const [first, ...rest] = partsOf(found.request);
    all = all.filter((one) => one !== found);
    add(rest.map((request) => ({ sandbox, call, request })));
    try {
      engine.apply(first, sandbox);
    } catch {} // nobody hears of it
  }

  function lasting(): typeof all {
    const records = [...engine.records().values()];
    if (records.some(({ status }) => status?.S !== "COMPLETED" && status?.S !== "WATERMARK")) return all;
    return all.filter(({ request }) => engine.changes(request));
  }

  return {
    add,
    landings: () =>
      all
        .filter(({ request }) => engine.changes(request))
        .map(({ sandbox, call }): Event => ({ kind: "lands", sandbox, call })),
    land,
    landNext() {
      const [next] = all;
      if (next) land(next);
      return next !== undefined;
    },
    sandboxes: () => all.map(({ sandbox }) => sandbox),
    texts: () => lasting().map(({ sandbox, call, text }) => `${mark(sandbox)} ${call} ${text}`),
  };
}
