// Small parts of a chart, as SVG text. Pure.

export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** A number with a separator between thousands. */
export function grouped(value: number): string {
  return value.toLocaleString("en-GB");
}

export function svg({ width, height }: Frame, title: string, parts: readonly string[]): string {
  return (
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(title)}">` +
    `<title>${escaped(title)}</title>${parts.join("")}</svg>`
  );
}

export interface Tick {
  readonly at: number;
  readonly text: string;
}

/** Lines across the frame, with their values at the left. */
export function horizontals({ left, right, width }: Frame, ticks: readonly Tick[]): string[] {
  return ticks.flatMap(({ at, text }) => [
    `<line class="grid" x1="${left}" x2="${width - right}" y1="${round(at)}" y2="${round(at)}"/>`,
    label({ x: left - 8, y: at + 4, anchor: "end" }, text),
  ]);
}

/** Marks at the bottom, with their values under it. */
export function bottomAxis(frame: Frame, ticks: readonly Tick[], caption: string): string[] {
  const { left, right, width, height, bottom } = frame;
  const y = height - bottom;
  return [
    `<line class="axis" x1="${left}" x2="${width - right}" y1="${y}" y2="${y}"/>`,
    ...ticks.map(({ at, text }) => label({ x: at, y: y + 18, anchor: "middle" }, text)),
    label({ x: width - right, y: height - 4, anchor: "end", kind: "caption" }, caption),
  ];
}

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly anchor: "start" | "middle" | "end";
  readonly kind?: "caption" | "name";
}

export function label({ x, y, anchor, kind = "caption" }: Place, text: string): string {
  return `<text class="${kind}" x="${round(x)}" y="${round(y)}" text-anchor="${anchor}">${escaped(text)}</text>`;
}

export function round(value: number): number {
  return Math.round(value * 100) / 100;
}
