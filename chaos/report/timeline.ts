// Deliveries and effects over time, and under them, on the same axis, the faults. Pure.

import { scaleLinear, scaleSqrt } from "d3-scale";
import { line } from "d3-shape";
import type { ChaosResult, Moment } from "../result.ts";
import { bottomAxis, escaped, type Frame, grouped, horizontals, label, round, svg, type Tick } from "./svg.ts";

const FRAME = { width: 1000, left: 190, right: 16, top: 26, bottom: 40 } as const;
const RATES_HEIGHT = 240;
const ROW_HEIGHT = 18;
const BINS_MAX = 240;
const TICKS_X_MAX = 11;
const TICK_SECONDS = [5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600];
const TICKS_Y = 5;

interface Bin {
  readonly fromSeconds: number;
  readonly toSeconds: number;
  readonly deliveries: number;
  readonly acknowledged: number;
  /** New effects in the store; undefined where nobody looked. */
  readonly applied: number | undefined;
  readonly faults: Readonly<Record<string, number>>;
}

/** So few that each can be seen. */
export function binsOf(moments: readonly Moment[]): Bin[] {
  const size = Math.max(1, Math.ceil(moments.length / BINS_MAX));
  const bins: Bin[] = [];
  let before = 0;
  for (let start = 0; start < moments.length; start += size) {
    const some = moments.slice(start, start + size);
    const faults: Record<string, number> = {};
    for (const one of some) for (const [kind, n] of Object.entries(one.faults)) faults[kind] = (faults[kind] ?? 0) + n;
    const seen = some.flatMap(({ applied }) => applied ?? []).at(-1);
    const sum = (read: (moment: Moment) => number): number => some.reduce((all, one) => all + read(one), 0);
    bins.push({
      fromSeconds: start,
      toSeconds: start + some.length,
      deliveries: sum(({ deliveries }) => deliveries),
      acknowledged: sum(({ acknowledged }) => acknowledged),
      applied: seen === undefined ? undefined : Math.max(0, seen - before),
      faults,
    });
    before = seen ?? before;
  }
  return bins;
}

type Scale = (value: number) => number;

export function timeline({ moments, faults, faultSeconds }: ChaosResult): string {
  const bins = binsOf(moments);
  const seconds = moments.length;
  const kinds = Object.keys(faults).sort((a, b) => (faults[b] ?? 0) - (faults[a] ?? 0));
  const rowsTop = RATES_HEIGHT + 34;
  const frame: Frame = { ...FRAME, height: rowsTop + kinds.length * ROW_HEIGHT + FRAME.bottom };
  const x = scaleLinear([0, Math.max(1, seconds)], [frame.left, frame.width - frame.right]);
  const ticks = wholeTimes(seconds).map((value): Tick => ({ at: x(value), text: clock(value) }));
  return svg(frame, "Deliveries, acknowledgements, effects and faults over time", [
    ...rates(frame, bins, x),
    ...faultRows(frame, { bins, kinds, faults, x, top: rowsTop }),
    ...endOfFaults(frame, x(Math.min(faultSeconds, seconds)), faultSeconds < seconds),
    ...bottomAxis(frame, ticks, "minutes since the first send"),
  ]);
}

const LINES = [
  { kind: "delivered", of: ({ deliveries }: Bin) => deliveries },
  { kind: "acknowledged", of: ({ acknowledged }: Bin) => acknowledged },
  { kind: "applied", of: ({ applied }: Bin) => applied },
] as const;

const NAMES = {
  delivered: "messages delivered",
  acknowledged: "acknowledged",
  applied: "effects in the store",
} as const;

/** Per second. */
function rates(frame: Frame, bins: readonly Bin[], x: Scale): string[] {
  const rate = (bin: Bin, of: (bin: Bin) => number | undefined): number | undefined => {
    const value = of(bin);
    return value === undefined ? undefined : value / (bin.toSeconds - bin.fromSeconds);
  };
  const highest = Math.max(1, ...bins.flatMap((bin) => LINES.map(({ of }) => rate(bin, of) ?? 0)));
  const y = scaleLinear([0, highest], [RATES_HEIGHT, frame.top]).nice(TICKS_Y);
  const shown = LINES.filter(({ of }) => bins.some((bin) => of(bin) !== undefined));
  const path = (of: (bin: Bin) => number | undefined): string =>
    line<Bin>()
      .defined((bin) => of(bin) !== undefined)
      .x((bin) => round(x((bin.fromSeconds + bin.toSeconds) / 2)))
      .y((bin) => round(y(rate(bin, of) ?? 0)))(bins) ?? "";
  return [
    ...horizontals(
      frame,
      y.ticks(TICKS_Y).map((value): Tick => ({ at: y(value), text: grouped(value) })),
    ),
    label({ x: frame.left - 8, y: 12, anchor: "end" }, "a second"),
    ...shown.map(({ kind, of }) => `<path class="line ${kind}" d="${path(of)}"/>`),
    ...shown.flatMap(({ kind }, index) => {
      const at = frame.left + 12 + index * 200;
      return [
        `<line class="line ${kind}" x1="${at}" x2="${at + 22}" y1="8" y2="8"/>`,
        label({ x: at + 28, y: 12, anchor: "start", kind: "name" }, NAMES[kind]),
      ];
    }),
  ];
}

interface Rows {
  readonly bins: readonly Bin[];
  readonly kinds: readonly string[];
  readonly faults: Readonly<Record<string, number>>;
  readonly x: Scale;
  readonly top: number;
}

/** One row a kind; the higher a bar, the more of them: by the root, so that one among hundreds can still be seen. */
function faultRows(frame: Frame, { bins, kinds, faults, x, top }: Rows): string[] {
  return kinds.flatMap((kind, row) => {
    const floor = top + (row + 1) * ROW_HEIGHT - 3;
    const most = Math.max(...bins.map((bin) => bin.faults[kind] ?? 0));
    const height = scaleSqrt([0, most], [0, ROW_HEIGHT - 5]);
    const bars = bins.flatMap((bin) => {
      const count = bin.faults[kind] ?? 0;
      if (count === 0) return [];
      const [left, right] = [x(bin.fromSeconds), x(bin.toSeconds)];
      const size = Math.max(2, height(count));
      const width = Math.max(1.2, right - left - 0.4);
      const what = `${count} × ${kind} at ${clock(bin.fromSeconds)}`;
      return [
        `<rect class="fault" x="${round(left)}" y="${round(floor - size)}" width="${round(width)}" height="${round(size)}">` +
          `<title>${escaped(what)}</title></rect>`,
      ];
    });
    return [
      `<line class="grid" x1="${frame.left}" x2="${frame.width - frame.right}" y1="${floor}" y2="${floor}"/>`,
      label({ x: frame.left - 52, y: floor - 2, anchor: "end", kind: "name" }, kind),
      label({ x: frame.left - 8, y: floor - 2, anchor: "end" }, grouped(faults[kind] ?? 0)),
      ...bars,
    ];
  });
}

function endOfFaults(frame: Frame, at: number, shown: boolean): string[] {
  if (!shown) return [];
  const bottom = frame.height - frame.bottom;
  return [
    `<line class="end" x1="${round(at)}" x2="${round(at)}" y1="${frame.top}" y2="${bottom}"/>`,
    label({ x: at + 6, y: frame.top + 10, anchor: "start" }, "no more faults: it drains"),
  ];
}

function wholeTimes(seconds: number): number[] {
  const step = TICK_SECONDS.find((one) => seconds / one < TICKS_X_MAX) ?? seconds;
  return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step);
}

/** "2:05". */
export function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
}
