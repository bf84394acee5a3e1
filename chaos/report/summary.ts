// What a terminal shows of a chaos run. Pure.

import { complaints } from "../ledger.ts";
import type { ChaosResult } from "../result.ts";
import { duration } from "./latency.ts";
import { grouped } from "./svg.ts";
import { clock } from "./timeline.ts";

export function summaryOf(result: ChaosResult): string {
  const { ledger, latency, faults, messages, sends, deliveries, recovered, requests, seconds, faultSeconds } = result;
  const injected = Object.entries(faults).sort(([, a], [, b]) => b - a);
  const all = injected.reduce((sum, [, count]) => sum + count, 0);
  const wrong = complaints(ledger);
  const rows: readonly (readonly [string, string])[] = [
    ["messages", `${grouped(messages)}, sent ${grouped(sends)} times, delivered ${grouped(deliveries)} times`],
    [
      "applied exactly once",
      `${grouped(ledger.appliedOnce)}, ${grouped(recovered)} of them after a fault or a second delivery`,
    ],
    ["lost", grouped(ledger.lost.length)],
    ["doubled", grouped(ledger.doubled.length)],
    ["unexpected, halves", `${grouped(ledger.unexpected.length)}, ${grouped(ledger.halves)}`],
    ["rejected, as they should", grouped(ledger.rejected)],
    [
      "dead-lettered",
      `${grouped(ledger.deadLettered.length)}; ${grouped(ledger.deadLetteredThoughApplied.length)} though applied`,
    ],
    ["requests to DynamoDB", grouped(requests)],
    ["latency", `median ${duration(latency.p50)}, 99 % ${duration(latency.p99)}, longest ${duration(latency.max)}`],
    ...relayRows(result),
    ["time", `${clock(seconds)} min, with faults ${clock(faultSeconds)} min`],
    ["faults", `${grouped(all)}: ${injected.map(([kind, count]) => `${kind} ${grouped(count)}`).join(", ")}`],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  const verdict =
    wrong.length === 0 ? "Lost 0, doubled 0: every message is accounted for." : `Violated: ${wrong.join("; ")}.`;
  return [...lines, verdict].join("\n");
}

function relayRows({ relay, kills }: ChaosResult): [string, string][] {
  if (!relay) return [];
  return [
    ["relay", relayText(relay)],
    ["killed", killedText(kills)],
  ];
}

/** How many workers of each function. */
export function killedText(kills: ChaosResult["kills"]): string {
  return Object.entries(kills)
    .map(([name, count]) => `${stageOf(name)} ${grouped(count)}`)
    .join(", ");
}

/** Of a physical name, which has the stack before and a hash behind it. */
function stageOf(functionName: string): string {
  return functionName.replace(/^[^-]*-/, "").replace(/Function.*$/, "");
}

export function relayText({ relayed, latencyMs, backlogMax }: NonNullable<ChaosResult["relay"]>): string {
  const { p50, p99, max } = latencyMs;
  const latency = `median ${duration(p50)}, 99 % ${duration(p99)}, longest ${duration(max)}`;
  return `${grouped(relayed)} messages; ${latency}; at most ${grouped(backlogMax)} items waiting`;
}
