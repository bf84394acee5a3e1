// Writes the figures into a Markdown file, between its markers.

import { readFileSync, writeFileSync } from "node:fs";

const BEGIN = "<!-- demo:begin -->";
const END = "<!-- demo:end -->";

export function updateMarkdown(file: string, figures: string): void {
  const text = readFileSync(file, "utf8");
  writeFileSync(file, replaceBetweenMarkers(text, figures, file));
}

export function replaceBetweenMarkers(text: string, figures: string, file: string): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${file} has no ${BEGIN} ... ${END} to write between`);
  return `${text.slice(0, begin + BEGIN.length)}\n${figures}\n${text.slice(end)}`;
}
