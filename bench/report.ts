// The figures as tables: all of them for the terminal, the telling ones for the README. Pure.

import type { Bundles } from "./bundles.ts";
import type { ContenderFigures, Figure, SampleMetric, ScenarioFigures, StartMetric } from "./figures.ts";
import { baselineOf, type Contender, isOrderedContender } from "./names.ts";
import { isOrdered } from "./ordered-events.ts";
import type { Scenario } from "./plan.ts";
import type { Storage } from "./storage.ts";
import { markdownTable } from "./table.ts";

export interface Results {
  readonly contenders: readonly Contender[];
  readonly scenarios: readonly ScenarioFigures[];
  readonly starts: ContenderFigures<StartMetric>;
  readonly storage: readonly Storage[];
  readonly sizes: Bundles["sizes"];
  /** Median of what others took of the machine during the samples, in processors; undefined: not known. */
  readonly foreignLoad: number | undefined;
}

/** What is compared with each other: of standard queues, or of ordered sources. */
function comparison(results: Results, ordered: boolean): Results {
  return {
    ...results,
    contenders: results.contenders.filter((name) => isOrderedContender(name) === ordered),
    scenarios: results.scenarios.filter(({ scenario }) => isOrdered(scenario.variant) === ordered),
  };
}

type Show = (figure: Figure, contender: Contender) => string;

/** Everything: median (min-max), and x the baseline. */
export function terminalTables(results: Results): string {
  return [false, true]
    .map((ordered) => tablesOf(comparison(results, ordered)))
    .filter(Boolean)
    .join("\n\n");
}

function tablesOf({ contenders, scenarios, starts, storage, sizes }: Results): string {
  if (contenders.length === 0) return "";
  const sampled = (title: string, metric: SampleMetric, unit: Unit, wanted = scenarios): string[] => [
    titled(title, contenders, [
      ...wanted.map(({ scenario, contenders: all }) => [
        scenarioName(scenario),
        ...contenders.map((name) => shown(all[name]?.[metric], name, full(unit))),
      ]),
    ]),
  ];
  const counted = scenarios.filter(({ contenders: all }) => contenders.some((name) => all[name]?.requests));
  const once = counted.filter(({ scenario }) => scenario.model === counted.at(-1)?.scenario.model);
  const unhurried = scenarios.filter(({ scenario }) => scenario.model === "U0");
  return [
    ...sampled("Time per batch, ms", "batchMs", MS),
    ...(unhurried.length > 0 ? sampled("CPU per message, us", "cpuUs", MICROSECONDS, unhurried) : []),
    ...sampled("Requests per message", "requests", COUNT, once),
    ...sampled("Write units per message", "writeUnits", COUNT, once),
    ...sampled("Write units per message of failed and cancelled writes", "wastedWriteUnits", COUNT, once),
    ...sampled("Messages given back, share", "givenBack", COUNT, once),
    titled("Fresh process and bundle", contenders, [
      ...START_ROWS.map(([title, metric, unit]) => [
        title,
        ...contenders.map((name) => shown(starts[name]?.[metric], name, full(unit))),
      ]),
      ...storageRows(contenders, storage),
      ...sizeRows(contenders, sizes),
    ]),
  ].join("\n\n");
}

/** The baseline in its units, the others as ratios, but for what is counted. */
export function readmeTables(results: Results): string {
  const [standard, ordered] = [comparison(results, false), comparison(results, true)];
  return [
    ...(standard.contenders.length > 0 ? [standardTable(standard)] : []),
    ...(ordered.contenders.length > 0 ? [orderedTable(ordered)] : []),
  ].join("\n\n");
}

function baselineFirst(contenders: readonly Contender[]): Contender[] {
  return [...contenders.filter(isBaseline), ...contenders.filter((name) => !isBaseline(name))];
}

function isBaseline(contender: Contender): boolean {
  return contender === baselineOf(contender);
}

/** A batch of each kind: what it takes, and what it asks of the database. */
function orderedTable({ contenders, scenarios, storage, sizes }: Results): string {
  const columns = baselineFirst(contenders);
  const rows = (model: string, title: string, metric: SampleMetric, show: (messages: number) => Show): string[][] =>
    scenarios
      .filter(({ scenario }) => scenario.model === model)
      .map(({ scenario, contenders: all }) => [
        `${title}, ${orderedName(scenario)}`,
        ...columns.map((name) => shown(all[name]?.[metric], name, show(scenario.messages))),
      ]);
  const perBatch = (messages: number): Show => {
    return ({ median }) => COUNT.show(median * messages);
  };
  return markdownTable([
    ["", ...columns],
    ...rows("R5", "time, R5", "batchMs", () => ratio(MS)),
    ...rows("U0", "CPU per message", "cpuUs", () => ratio(MICROSECONDS)),
    ...rows("R5", "requests", "requests", perBatch),
    ...rows("R5", "write units", "writeUnits", perBatch),
    ...storageRows(columns, storage),
    ...sizeRows(columns, sizes),
  ]);
}

function standardTable({ contenders, scenarios, starts, sizes }: Results): string {
  const columns = baselineFirst(contenders);
  const row = (title: string, metric: SampleMetric, show: Show, { model, variant, messages }: Scenario): string[][] => {
    const found = scenarios.find(
      ({ scenario: s }) => s.model === model && s.variant === variant && s.messages === messages,
    );
    if (found === undefined) return [];
    return [[title, ...columns.map((name) => shown(found.contenders[name]?.[metric], name, show))]];
  };
  const ofDistinct = scenarios.filter(({ scenario }) => scenario.variant === "distinct");
  const rows = (model: string, title: string, metric: SampleMetric, show: Show): string[][] =>
    ofDistinct
      .filter(({ scenario }) => scenario.model === model)
      .flatMap(({ scenario }) => row(`${title}, batch of ${count(scenario.messages)}`, metric, show, scenario));
  const variants = scenarios.filter(({ scenario }) => scenario.variant !== "distinct" && !scenario.consumers);
  const crowds = scenarios.filter(({ scenario }) => scenario.consumers);
  return markdownTable([
    ["", ...columns],
    ...rows("R5", "time, R5", "batchMs", ratio(MS)),
    ...rows("U5", "time, U5", "batchMs", ratio(MS)),
    ...rows("U0", "CPU per message", "cpuUs", ratio(MICROSECONDS)),
    ...rows("R5", "requests per message", "requests", plain(COUNT)),
    ...rows("R5", "write units per message", "writeUnits", plain(COUNT)).slice(-1), // the same at every size
    ...variants.flatMap(({ scenario }) => [
      ...row(`${VARIANT_NAMES[scenario.variant]}: time`, "batchMs", ratio(MS), scenario),
      ...row(`${VARIANT_NAMES[scenario.variant]}: requests`, "requests", plain(COUNT), scenario),
      ...row(`${VARIANT_NAMES[scenario.variant]}: write units`, "writeUnits", plain(COUNT), scenario),
    ]),
    ...crowds.flatMap(({ scenario }) => [
      ...row(`${crowdName(scenario)}: write units`, "writeUnits", plain(COUNT), scenario),
      ...row(`${crowdName(scenario)}: wasted`, "wastedWriteUnits", plain(COUNT), scenario),
      ...row(`${crowdName(scenario)}: given back`, "givenBack", plain(COUNT), scenario),
    ]),
    ...START_ROWS.map(([title, metric, unit]) => [
      title,
      ...columns.map((name) => shown(starts[name]?.[metric], name, ratio(unit))),
    ]).filter((cells) => cells.slice(1).some((cell) => cell !== NONE)),
    ...sizeRows(columns, sizes),
  ]);
}

const NONE = "-";
const VARIANT_NAMES: Readonly<Record<Scenario["variant"], string>> = {
  distinct: "distinct items",
  pairs: "2 messages an item",
  hot: "1 hot item",
  redelivered: "10 % redelivered",
  scattered: "10,000 items",
  "one-group": "1 FIFO group",
  "ten-groups": "10 FIFO groups",
  stream: "50 stream keys",
  "long-stream": "100 stream keys",
};

interface Unit {
  readonly name: string;
  show(value: number): string;
}
const MS: Unit = { name: "ms", show: (value) => significant(value) };
const MICROSECONDS: Unit = { name: "us", show: (value) => significant(value) };
const MEGABYTES: Unit = { name: "MB", show: (value) => (value / 2 ** 20).toFixed(0) };
const COUNT: Unit = { name: "", show: (value) => (value === 0 ? "0" : significant(value)) };

const START_ROWS: readonly (readonly [string, StartMetric, Unit])[] = [
  ["import of the bundle", "importMs", MS],
  ["first batch of 10, U5", "firstBatchMs", MS],
  ["peak memory, 20 x 10", "smallPeakBytes", MEGABYTES],
  ["peak memory, then 3 large batches", "largePeakBytes", MEGABYTES],
];

const full = (unit: Unit): Show => {
  return (figure, contender) => {
    const range = figure.min === figure.max ? "" : ` (${unit.show(figure.min)}-${unit.show(figure.max)})`;
    const ratioText = isBaseline(contender) || !figure.ratio ? "" : ` ${times(figure.ratio.median)}`;
    return `${unit.show(figure.median)}${range}${ratioText}`;
  };
};
const ratio = (unit: Unit): Show => {
  return (figure, contender) => {
    if (!isBaseline(contender) && figure.ratio) return times(figure.ratio.median);
    return `${unit.show(figure.median)} ${unit.name}`;
  };
};
const plain = (unit: Unit): Show => {
  return ({ median }) => unit.show(median);
};

function shown(figure: Figure | undefined, contender: Contender, show: Show): string {
  return figure === undefined ? NONE : show(figure, contender);
}

/** Who is not measured keeps an item a message, and all items of effects. */
function storageRows(columns: readonly Contender[], storage: readonly Storage[]): string[][] {
  const [any] = storage;
  if (any === undefined) return [];
  const cells = columns.map((name) => {
    const found = storage.find(({ contender }) => contender === name);
    if (found === undefined) return NONE;
    return found.effectItems === 0
      ? count(found.items)
      : `${count(found.items)} + ${count(found.effectItems)} of effects`;
  });
  return [[`items after ${count(any.messages)} messages of 100 keys`, ...cells]];
}

function sizeRows(columns: readonly Contender[], sizes: Bundles["sizes"]): string[][] {
  const kilobytes = (bytes: number | undefined): string =>
    bytes === undefined ? NONE : `${(bytes / 1024).toFixed(0)} KB`;
  return [
    ["bundle, SDK external", ...columns.map((name) => kilobytes(sizes[name]?.external.bytes))],
    ["bundle, SDK included", ...columns.map((name) => kilobytes(sizes[name]?.included.bytes))],
  ];
}

function titled(title: string, contenders: readonly Contender[], rows: readonly (readonly string[])[]): string {
  return `${title}\n\n${markdownTable([["", ...contenders], ...rows])}`;
}

function crowdName({ consumers = 1, messages }: Scenario): string {
  return `${consumers} consumers x ${count(messages)}`;
}

function orderedName({ variant, messages }: Scenario): string {
  return `${count(messages)} of ${VARIANT_NAMES[variant]}`;
}

function scenarioName({ model, variant, messages, consumers }: Scenario): string {
  const side = consumers === undefined ? "" : `, ${consumers} consumers`;
  return `${model}, ${count(messages)}, ${VARIANT_NAMES[variant]}${side}`;
}

function times(value: number): string {
  return `${value.toFixed(value < 0.1 ? 3 : 2)}x`;
}

/** Three digits that say something. */
function significant(value: number): string {
  if (value >= 100) return count(Math.round(value));
  return String(Number(value.toPrecision(value >= 10 ? 3 : 2)));
}

function count(value: number): string {
  return value.toLocaleString("en-GB");
}
