// How long messages took, from the first send to the acknowledgement: a histogram over powers of ten. Pure.

import { scaleLinear, scaleLog } from "d3-scale";
import type { Latency } from "../result.ts";
import { bottomAxis, escaped, type Frame, grouped, horizontals, label, round, svg, type Tick } from "./svg.ts";

const FRAME: Frame = { width: 1000, height: 280, left: 190, right: 36, top: 76, bottom: 40 };
const TICKS_Y = 4;
/** 1, 2 and 5 of every power of ten, up to three hours. */
const ROUND_MS = Array.from(
  { length: 21 },
  (_, index) => ([1, 2, 5][index % 3] as number) * 10 ** Math.floor(index / 3),
);
const TICKS_X_MAX = 12;

export function latencyChart({ bins, p50, p90, p99, max }: Latency): string {
  const [first, last] = [bins[0], bins.at(-1)];
  if (first === undefined || last === undefined) return "<p>No message was acknowledged.</p>";
  const x = scaleLog([first.fromMs, last.toMs], [FRAME.left, FRAME.width - FRAME.right]);
  const y = scaleLinear(
    [0, Math.max(...bins.map(({ count }) => count))],
    [FRAME.height - FRAME.bottom, FRAME.top],
  ).nice();
  const floor = FRAME.height - FRAME.bottom;
  const bars = bins.map(({ fromMs, toMs, count }) => {
    const [left, right] = [x(fromMs), x(toMs)];
    const what = `${grouped(count)} messages, ${duration(fromMs)} to ${duration(toMs)}`;
    return (
      `<rect class="bar" x="${round(left)}" y="${round(y(count))}" width="${round(right - left - 1)}" ` +
      `height="${round(floor - y(count))}"><title>${escaped(what)}</title></rect>`
    );
  });
  const marks = [
    { name: "median", ms: p50 },
    { name: "90 %", ms: p90 },
    { name: "99 %", ms: p99 },
    { name: "longest", ms: max },
  ].flatMap(({ name, ms }, index) => {
    const [at, height] = [x(Math.min(last.toMs, Math.max(first.fromMs, ms))), 12 + index * 16];
    return [
      `<line class="end" x1="${round(at)}" x2="${round(at)}" y1="${height}" y2="${floor}"/>`,
      label({ x: at - 5, y: height + 4, anchor: "end", kind: "name" }, `${name} ${duration(ms)}`),
    ];
  });
  const within = ROUND_MS.filter((ms) => ms >= first.fromMs && ms <= last.toMs);
  const ticks = within.length <= TICKS_X_MAX ? within : within.filter((_, index) => index % 3 === within.length % 3);
  return svg(FRAME, "Latency of messages", [
    ...horizontals(
      FRAME,
      y.ticks(TICKS_Y).map((value): Tick => ({ at: y(value), text: grouped(value) })),
    ),
    ...bars,
    ...marks,
    ...bottomAxis(
      FRAME,
      ticks.map((ms): Tick => ({ at: x(ms), text: duration(ms) })),
      "from the first send to the acknowledgement",
    ),
  ]);
}

/** "12 ms", "1.2 s", "3:20 min". */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 100_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  return `${Math.floor(ms / 60_000)}:${String(Math.floor((ms % 60_000) / 1_000)).padStart(2, "0")} min`;
}
