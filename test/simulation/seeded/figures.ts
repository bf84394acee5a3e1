// What happened, in figures.

export interface Figures {
  count(what: string, times?: number): void;
  of(what: string): number;
  all(): ReadonlyMap<string, number>;
}

export function createFigures(): Figures {
  const counts = new Map<string, number>();
  return {
    count: (what, times = 1) => void counts.set(what, (counts.get(what) ?? 0) + times),
    of: (what) => counts.get(what) ?? 0,
    all: () => new Map([...counts].sort(([one], [other]) => (one < other ? -1 : 1))),
  };
}

export function addFigures(into: Figures, more: Figures): void {
  for (const [what, times] of more.all()) into.count(what, times);
}

/** Two lines for people: what happened, and what went wrong. */
export function figuresText(figures: Figures): string {
  const [events, faults]: [string[], string[]] = [[], []];
  for (const [what, times] of figures.all()) {
    const text = `${times.toLocaleString("en")} ${what.replace(/^fault /, "")}`;
    (what.startsWith("fault ") ? faults : events).push(text);
  }
  return `${events.join(", ")}\n  faults: ${faults.join(", ") || "none"}`;
}
