// The report of a chaos run: one page that needs nothing else. Pure.

import { complaints } from "../ledger.ts";
import type { ChaosResult, Story } from "../result.ts";
import { duration, latencyChart } from "./latency.ts";
import { STYLE } from "./style.ts";
import { killedText, relayText } from "./summary.ts";
import { escaped, grouped } from "./svg.ts";
import { clock, timeline } from "./timeline.ts";

export function reportOf(result: ChaosResult): string {
  const wrong = complaints(result.ledger);
  const title = `Chaos: ${result.contender}, ${grouped(result.messages)} messages`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>${escaped(title)}</h1>
<p class="verdict ${wrong.length === 0 ? "good" : "bad"}">${escaped(verdictOf(result, wrong))}</p>
<p><code>${escaped(result.command)}</code></p>
<p class="quiet">${escaped(versionsOf(result))}</p>
</header>
<section><h2>What became of the messages</h2>${ledgerTable(result)}</section>
<section><h2>What was done to it</h2><p>${escaped(doneTo(result))}</p>${timeline(result)}</section>
<section><h2>How long messages took</h2>${latencyChart(result.latency)}${relayOf(result)}</section>
<section><h2>${wrong.length === 0 ? "Those that went through most" : "What went wrong, and those that went through most"}</h2>
${result.stories.map(storyOf).join("\n")}</section>
</body>
</html>
`;
}

function verdictOf({ ledger }: ChaosResult, wrong: readonly string[]): string {
  if (wrong.length > 0) return `Of ${grouped(ledger.messages)} messages: ${wrong.join("; ")}.`;
  const there = ledger.appliedOnce + ledger.rejected + ledger.deadLettered.length;
  return `Lost 0, doubled 0: all ${grouped(there)} messages are accounted for.`;
}

function versionsOf({ versions, seed }: ChaosResult): string {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [...named, `seed ${seed}`].join(" · ");
}

function doneTo({ faults, faultSeconds, seconds, requests, deliveries, messages }: ChaosResult): string {
  const all = Object.values(faults).reduce((sum, count) => sum + count, 0);
  return (
    `${grouped(all)} faults of ${Object.keys(faults).length} kinds in ${clock(faultSeconds)} min, among ${grouped(requests)} requests ` +
    `and ${grouped(deliveries)} deliveries of ${grouped(messages)} messages. The run took ${clock(seconds)} min.`
  );
}

function ledgerTable({ ledger, sends, deliveries, recovered }: ChaosResult): string {
  const rows: readonly (readonly [string, number, string, boolean?])[] = [
    [
      "sent",
      ledger.messages,
      `with the producer's repetitions ${grouped(sends)}, delivered ${grouped(deliveries)} times`,
    ],
    ["applied exactly once", ledger.appliedOnce, `${grouped(recovered)} of them after a fault or a second delivery`],
    ["lost", ledger.lost.length, "neither applied nor in the dead-letter queue", true],
    ["doubled", ledger.doubled.length, `applied more than once; ${grouped(ledger.surplus)} times too often`, true],
    ["unexpected", ledger.unexpected.length, "applied, though never sent, or though it can never succeed", true],
    ["halves", ledger.halves, "parts of a message's effects that are missing or too much", true],
    [
      "charged otherwise than once",
      ledger.mischarged.length,
      "under another number of idempotency keys than one",
      true,
    ],
    ["rejected", ledger.rejected, "in the dead-letter queue, where they belong: they can never succeed"],
    ["dead-lettered", ledger.deadLettered.length, "in the dead-letter queue after too many receipts, not applied"],
    ["dead-lettered, though applied", ledger.deadLetteredThoughApplied.length, "a redrive of them changes nothing"],
  ];
  const cells = rows.map(([name, count, meaning, isWrong]) => {
    const kind = isWrong && count > 0 ? ' class="bad"' : "";
    return `<tr${kind}><th scope="row">${escaped(name)}</th><td>${grouped(count)}</td><td>${escaped(meaning)}</td></tr>`;
  });
  return `<table>${cells.join("")}</table>`;
}

function relayOf({ relay, kills }: ChaosResult): string {
  if (!relay) return "";
  const text = `Relay, from commit to acknowledgement: ${relayText(relay)}. Workers killed: ${killedText(kills)}.`;
  return `<p>${escaped(text)}</p>`;
}

function storyOf({ key, verdict, happenings }: Story): string {
  const open = verdict === "applied once" ? "" : " open";
  const lines = happenings.map(({ atMs, what }) => {
    const kind = what.startsWith("fault") ? ' class="fault"' : "";
    return `<tr${kind}><td>${escaped(duration(Math.max(0, atMs)))}</td><td>${escaped(what)}</td></tr>`;
  });
  return `<details${open}><summary><b>${escaped(key)}</b> ${escaped(verdict)}, ${happenings.length} events</summary><table>${lines.join("")}</table></details>`;
}
