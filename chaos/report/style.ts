// How the report looks, by day and by night.

export const STYLE = `
:root { color-scheme: light dark; --ink: #1c2024; --quiet: #667079; --paper: #fff; --line: #dfe3e6; --good: #0a7f45; --bad: #b3261e;
  --blue: #2563c9; --green: #0a8f57; --orange: #c2620c; --fault: #9a3fb5; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e7ea; --quiet: #98a2ab; --paper: #15181b; --line: #31373c; --good: #4fc98a; --bad: #ff8a80;
    --blue: #6ea8ff; --green: #4fc98a; --orange: #f0a35a; --fault: #d49be6; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1080px; padding: 24px 20px 60px; color: var(--ink); background: var(--paper);
  font: 15px/1.5 system-ui, "DejaVu Sans", sans-serif; }
h1 { font-size: 26px; line-height: 1.25; margin: 0 0 6px; }
h2 { font-size: 18px; margin: 34px 0 10px; }
p { margin: 4px 0 10px; }
.quiet { color: var(--quiet); font-size: 13px; }
.verdict { font-size: 19px; font-weight: 600; }
.good { color: var(--good); }
p.bad, tr.bad th, tr.bad td { color: var(--bad); font-weight: 600; }
code { font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; }
th, td { text-align: left; padding: 3px 18px 3px 0; border-bottom: 1px solid var(--line); font-weight: 400; vertical-align: top; }
td:nth-child(2) { font-variant-numeric: tabular-nums; }
section > table td:nth-child(2) { text-align: right; font-weight: 600; }
svg { display: block; width: 100%; height: auto; margin: 8px 0; font: 12px system-ui, "DejaVu Sans", sans-serif; }
.grid { stroke: var(--line); }
.axis { stroke: var(--quiet); }
.caption { fill: var(--quiet); }
.name { fill: var(--ink); }
.line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.delivered { stroke: var(--orange); }
.acknowledged { stroke: var(--blue); }
.applied { stroke: var(--green); }
rect.fault { fill: var(--fault); }
.bar { fill: var(--blue); }
.end { stroke: var(--quiet); stroke-dasharray: 3 4; }
details { border-bottom: 1px solid var(--line); padding: 7px 0; }
summary { cursor: pointer; }
details table { margin: 6px 0 8px 18px; font-size: 13px; }
details td:first-child { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; color: var(--quiet); }
tr.fault td { color: var(--fault); }
`;
