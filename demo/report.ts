// The figures of the trials, side by side.

import type { Service } from "./service.ts";
import type { TrialResult } from "./trial.ts";

type Row = readonly [string, (result: TrialResult) => string];

const BEFORE: readonly Row[] = [
  ["messages", ({ messages }) => count(messages)],
  ["sends (with duplicates)", ({ sends }) => count(sends)],
  ["deliveries", ({ deliveries }) => count(deliveries)],
  ["crashes", ({ crashes }) => count(crashes)],
];
const AFTER: readonly Row[] = [
  ["dead-lettered", ({ deadLettered }) => count(deadLettered)],
  ["messages/s", ({ messagesPerSecond }) => count(Math.round(messagesPerSecond))],
  ["seconds", ({ seconds }) => seconds.toFixed(1)],
];
const WAITING: Row = [
  "of them waiting for visibility timeouts",
  ({ visibilityWaitSeconds }) => visibilityWaitSeconds.toFixed(1),
];
const REQUESTS: Row = [
  "DynamoDB requests per message",
  ({ dynamodbRequestsPerMessage }) => dynamodbRequestsPerMessage.toFixed(2),
];

const RELAY: readonly Row[] = [
  ["relay: messages", ({ relay }) => told(relay?.relayed)],
  ["relay: latency, median ms", ({ relay }) => told(relay?.latencyMs.p50)],
  ["relay: latency, 99 % ms", ({ relay }) => told(relay?.latencyMs.p99)],
  ["relay: most items waiting", ({ relay }) => told(relay?.backlogMax)],
];

function rowsOf({ figures, hasVisibility }: Service, results: readonly TrialResult[]): Row[] {
  const relay = results.some((result) => result.relay) ? RELAY : [];
  const found = figures.map(({ name, title }): Row => [title, (result) => count(result.found[name] ?? Number.NaN)]);
  return [...BEFORE, ...found, ...relay, ...AFTER, ...(hasVisibility ? [WAITING] : []), REQUESTS];
}

/** A Markdown table, aligned for a terminal. */
export function table(service: Service, results: readonly TrialResult[]): string {
  const cells = [
    ["", ...results.map(({ handler }) => service.handlers[handler]?.title ?? handler)],
    ...rowsOf(service, results).map(([name, show]) => [name, ...results.map(show)]),
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

function told(value: number | undefined): string {
  return value === undefined ? "" : count(value);
}

/** What went wrong in a trial; empty: nothing. */
export function complaints({ figures }: Service, { found, deadLettered }: TrialResult): string[] {
  const wrong = figures.flatMap(({ name, complaint }) => {
    const value = found[name] ?? Number.NaN;
    return complaint === undefined || value === 0 ? [] : [complaint(value)];
  });
  if (deadLettered === 0) return wrong;
  return [...wrong, `${deadLettered} messages were not handled and are in the dead-letter queue`];
}
