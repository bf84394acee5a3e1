// The figures of the trials, side by side.

import type { HandlerName } from "./app.ts";
import type { TrialResult } from "./trial.ts";

const ROWS: readonly (readonly [string, (result: TrialResult) => string])[] = [
  ["messages", ({ messages }) => count(messages)],
  ["sends (with duplicates)", ({ sends }) => count(sends)],
  ["deliveries", ({ deliveries }) => count(deliveries)],
  ["crashes", ({ crashes }) => count(crashes)],
  ["effects lost", ({ lostEffects }) => count(lostEffects)],
  ["effects duplicated", ({ duplicatedEffects }) => count(duplicatedEffects)],
  ["pence off", ({ penceOff }) => count(penceOff)],
  ["dead-lettered", ({ deadLettered }) => count(deadLettered)],
  ["messages/s", ({ messagesPerSecond }) => count(Math.round(messagesPerSecond))],
  ["seconds", ({ seconds }) => seconds.toFixed(1)],
  ["of them waiting for visibility timeouts", ({ visibilityWaitSeconds }) => visibilityWaitSeconds.toFixed(1)],
  ["DynamoDB requests per message", ({ dynamodbRequestsPerMessage }) => dynamodbRequestsPerMessage.toFixed(2)],
];

const TITLES: Readonly<Record<HandlerName, string>> = {
  semel: "with semel",
  ungrouped: "one transaction a message",
  claim: "with claims",
  plain: "plain handler",
};

/** A Markdown table, aligned for a terminal. */
export function table(results: readonly TrialResult[]): string {
  const cells = [
    ["", ...results.map(({ handler }) => TITLES[handler])],
    ...ROWS.map(([name, show]) => [name, ...results.map(show)]),
  ];
  const widths = (cells[0] ?? []).map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? "-".repeat(width + 2) : `${"-".repeat(width + 1)}:`)).join("|")}|`;
  const [head = [], ...body] = cells;
  return [line(head), rule, ...body.map(line)].join("\n");
}

function count(value: number): string {
  return value.toLocaleString("en-GB");
}

/** What went wrong in semel's trial; empty: nothing. */
export function complaints({ lostEffects, duplicatedEffects, penceOff, deadLettered }: TrialResult): string[] {
  return [
    ...(lostEffects === 0 ? [] : [`${lostEffects} effects were lost`]),
    ...(duplicatedEffects === 0 ? [] : [`${duplicatedEffects} effects were duplicated`]),
    ...(penceOff === 0 ? [] : [`the ledger is ${penceOff} pence off`]),
    ...(deadLettered === 0 ? [] : [`${deadLettered} messages were not handled and are in the dead-letter queue`]),
  ];
}
