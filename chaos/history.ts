// What happened in a run, second by second, and to each message.

import type { SQSEvent } from "aws-lambda";
import type { FaultEvent, LocalEvent } from "semel/local";

/** What happened to a message, in a word, when. */
export interface Happening {
  /** ms since the first send. */
  readonly atMs: number;
  readonly what: string;
}

export interface Second {
  deliveries: number;
  acknowledged: number;
  /** By kind. */
  readonly faults: Record<string, number>;
}

export interface History {
  observe(event: LocalEvent): void;
  sent(key: string): void;
  /** From the first send on. */
  seconds(): readonly Second[];
  happenings(key: string): readonly Happening[];
  deliveries(): number;
  acknowledged(): number;
  invocations(): number;
  faults(): Readonly<Record<string, number>>;
  /** Workers killed, by function. */
  kills(): Readonly<Record<string, number>>;
  /** From a message's first send to the first time that it was acknowledged, at its end, ms; in no order. */
  latenciesMs(): readonly number[];
  /** Keys that a fault hit, or that were delivered to a function more than once. */
  troubled(): ReadonlySet<string>;
  elapsedMs(): number;
}

interface Fate {
  readonly happenings: Happening[];
  sentMs: number | undefined;
  acknowledgedMs: number | undefined;
  /** Functions that it was delivered to. */
  readonly reached: Set<string>;
  /** Deliveries to a function that had it before. */
  repetitions: number;
  faults: number;
}

const SECOND_MS = 1_000;

export interface HistoryOptions {
  readonly startMs: number;
  /** Reads the key from a message's body; undefined for what is none of ours. */
  readonly keyOf: (body: string) => string | undefined;
  /** Whether a message that leaves the queue of this function is through. @default - each */
  readonly isEnd?: (functionName: string) => boolean;
}

export function createHistory({ startMs, keyOf, isEnd = () => true }: HistoryOptions): History {
  const seconds: Second[] = [];
  const fates = new Map<string, Fate>();
  const keys = new Map<string, string>(); // by message id: a redrive gives a new one
  const underWay = new Map<string, readonly string[]>(); // keys, by request id
  const faults: Record<string, number> = {};
  const kills: Record<string, number> = {};
  let [deliveries, acknowledged, invocations] = [0, 0, 0];

  function secondOf(atMs: number): Second {
    const index = Math.max(0, Math.floor((atMs - startMs) / SECOND_MS));
    while (seconds.length <= index) seconds.push({ deliveries: 0, acknowledged: 0, faults: {} });
    return seconds[index] as Second;
  }

  function fateOf(key: string): Fate {
    const known = fates.get(key);
    if (known !== undefined) return known;
    const fate: Fate = {
      happenings: [],
      sentMs: undefined,
      acknowledgedMs: undefined,
      reached: new Set(),
      repetitions: 0,
      faults: 0,
    };
    fates.set(key, fate);
    return fate;
  }

  function note(key: string, atMs: number, what: string): Fate {
    const fate = fateOf(key);
    fate.happenings.push({ atMs: atMs - startMs, what });
    return fate;
  }

  function observeStart(event: Extract<LocalEvent, { kind: "invocation-started" }>): void {
    const { requestId, workerId, functionName, atMs } = event;
    const { Records = [] } = JSON.parse(event.payload) as Partial<SQSEvent>;
    invocations++;
    const records = Records.filter(({ body }) => body !== undefined); // none of a relay, which reads a stream
    if (records.length === 0) return;
    deliveries += records.length;
    secondOf(atMs).deliveries += records.length;
    const found: string[] = [];
    for (const { messageId, body, attributes } of records) {
      const key = keyOf(body);
      if (key === undefined) continue;
      keys.set(messageId, key);
      found.push(key);
      const fate = note(key, atMs, `delivered to worker ${workerId}, receipt ${attributes.ApproximateReceiveCount}`);
      if (fate.reached.has(functionName)) fate.repetitions++;
      fate.reached.add(functionName);
    }
    underWay.set(requestId, found);
  }

  function observeEnd(event: Extract<LocalEvent, { kind: "invocation-ended" }>): void {
    const { requestId, workerId, outcome, deletedIds, functionName, atMs } = event;
    const delivered = underWay.get(requestId);
    if (delivered === undefined) return;
    const gone = new Set(deletedIds.map((id) => keys.get(id)));
    acknowledged += deletedIds.length;
    secondOf(atMs).acknowledged += deletedIds.length;
    for (const key of delivered) {
      const how = outcome === "success" ? (gone.has(key) ? "acknowledged" : "reported failed") : OUTCOMES[outcome];
      const fate = note(key, atMs, `${how} by worker ${workerId}`);
      if (gone.has(key) && isEnd(functionName)) fate.acknowledgedMs ??= atMs;
    }
    underWay.delete(requestId);
  }

  function observeFault(event: FaultEvent): void {
    const { fault, atMs, requestId, messageIds, functionName = "" } = event;
    if (fault === "kill") kills[functionName] = (kills[functionName] ?? 0) + 1;
    faults[fault] = (faults[fault] ?? 0) + 1;
    const second = secondOf(atMs);
    second.faults[fault] = (second.faults[fault] ?? 0) + 1;
    const hit = new Set(messageIds?.flatMap((id) => keys.get(id) ?? []) ?? underWay.get(requestId ?? "") ?? []);
    for (const key of hit) note(key, atMs, describeFault(event)).faults++;
  }

  return {
    observe(event) {
      if (event.kind === "invocation-started") observeStart(event);
      else if (event.kind === "invocation-ended") observeEnd(event);
      else if (event.kind === "fault") observeFault(event);
    },
    sent(key) {
      const fate = note(key, Date.now(), "sent");
      fate.sentMs ??= Date.now();
    },
    seconds: () => seconds,
    happenings: (key) => fates.get(key)?.happenings ?? [],
    deliveries: () => deliveries,
    acknowledged: () => acknowledged,
    invocations: () => invocations,
    faults: () => faults,
    kills: () => kills,
    latenciesMs: () =>
      [...fates.values()].flatMap(({ sentMs, acknowledgedMs }) =>
        sentMs === undefined || acknowledgedMs === undefined ? [] : [acknowledgedMs - sentMs],
      ),
    troubled: () =>
      new Set([...fates].flatMap(([key, fate]) => (fate.faults > 0 || fate.repetitions > 0 ? [key] : []))),
    elapsedMs: () => Date.now() - startMs,
  };
}

const OUTCOMES = { error: "thrown out", timeout: "cut off at the time limit", crash: "lost in the death" } as const;

function describeFault({ fault, operation, workerId }: FaultEvent): string {
  const where = operation === undefined ? "" : ` at ${operation}`;
  return `fault: ${fault}${where}${workerId === undefined ? "" : `, worker ${workerId}`}`;
}
