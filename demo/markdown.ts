// Writes figures into a Markdown file, between the markers of their name.

import { readFileSync, writeFileSync } from "node:fs";

export function updateMarkdown(file: string, figures: string, name = "demo"): void {
  const text = readFileSync(file, "utf8");
  writeFileSync(file, replaceBetweenMarkers(text, figures, file, name));
}

export function replaceBetweenMarkers(text: string, figures: string, file: string, name = "demo"): string {
  const [beginMarker, endMarker] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [begin, end] = [text.indexOf(beginMarker), text.indexOf(endMarker)];
  if (begin < 0 || end < begin) throw new Error(`${file} has no ${beginMarker} ... ${endMarker} to write between`);
  return `${text.slice(0, begin + beginMarker.length)}\n${figures}\n${text.slice(end)}`;
}
