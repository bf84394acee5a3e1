// What the world knows of messages and of the lanes that they stand in, and what must hold of it. Each complaint begins with its
// invariant. A lane is an ordering key within what its positions are compared in.
//
//   I1  effects of a message happen at most once, all of them together.
//   I2  it leaves its source only if it is done, or given up and in the dead-letter queue. I3 it is passed by a watermark, or its
//       record COMPLETED, exactly where its effects are, or where it is given up.
//   I4  nobody writes in another's name. I5 no watermark, state or record goes back.
//   I10 effects of a lane are in the order in which they were sent, without a gap but for what is given up; so each finds what
//       those before it left.
//   P4  what is given up has no effect. RE1 nothing is given up but by its handler, or a limit. RE2 nothing is dead-lettered before
//       that is recorded.

import type { Item } from "../../../lib/aws/dynamodb.ts";
import { scopeOf } from "../../../lib/consumer/order.ts";
import { systemHost } from "../../../lib/host.ts";
import { recordKey } from "../../../lib/protocol/key.ts";
import { watermarkKey } from "../../../lib/protocol/watermark.ts";
import { complaintsAboutWrite } from "../../../lib/testing/explorer/invariants.ts";
import { makerOf } from "../../../lib/testing/explorer/sandbox.ts";
import { EFFECTS, RECORDS } from "../seeded/messages.ts";
import type { Change } from "../seeded/store.ts";
import { type Body, isHopeless, logOf, STATES } from "./messages.ts";
import { NEWER } from "./newer.ts";
import { CONSUMER, type OrderedStrategy } from "./setup.ts";

/** Below all positions: a topic's begin with 0. */
const NOTHING = -1n;

export interface Lane {
  readonly id: string;
  readonly group: string;
  /** Of its watermark. */
  readonly pk: string;
  /** Hash of its origin in a state. */
  readonly origin: string;
  readonly messages: Sent[];
  position: bigint;
  listed: ReadonlySet<bigint>;
  log: readonly number[];
  /** A newer version has its hand in it. */
  newer: boolean;
}

export interface Sent {
  readonly body: Body;
  readonly lane: Lane;
  readonly position: bigint;
  /** Of its effects. */
  times: number;
  doneMs?: number;
  /** Its effects say that it is in the log of its lane. */
  logged: boolean;
  /** Of its record, under commit. */
  status?: string | undefined;
  /** Some run of its handler gave it up. */
  gaveUp: boolean;
  lettered: boolean;
}

export interface Place {
  readonly origin: string;
  readonly scope?: string;
  readonly group: string;
  readonly position: bigint;
  /** Which life of the source. */
  readonly epoch: string | undefined;
}

export interface Ledger {
  readonly complaints: string[];
  readonly messages: ReadonlyMap<string, Sent>;
  send(body: Omit<Body, "lane">, place: Place): Sent;
  written(changes: readonly Change[], writer: number): void;
  deadLettered(key: string): void;
  /** Are the effects of the one before it in its lane there, if there is one? */
  isNext(key: string): boolean;
  /** Its source may let it go. */
  acknowledged(message: Sent): void;
}

export function createLedger(strategy: OrderedStrategy, nowMs: () => number): Ledger {
  const { sha256 } = systemHost;
  const complaints: string[] = [];
  const messages = new Map<string, Sent>();
  const byRecord = new Map<string, Sent>();
  const lanes = new Map<string, Lane>();

  function laneAt({ origin, scope = origin, group, epoch }: Place): Lane {
    const whole = scopeOf({ origin, scope } as Parameters<typeof scopeOf>[0], epoch);
    const id = `${scope}${epoch === undefined ? "" : `#${epoch}`}/${group}`;
    const known = lanes.get(id);
    if (known) return known;
    const pk = watermarkKey(CONSUMER, { origin: whole, orderingKey: group }, sha256);
    const lane = {
      id,
      group,
      pk,
      origin: sha256(whole),
      messages: [],
      position: NOTHING,
      listed: new Set<bigint>(),
      log: [],
      newer: false,
    };
    lanes.set(id, lane);
    return lane;
  }

  function written(changes: readonly Change[], writer: number): void {
    const touched = new Set<Lane>();
    for (const { table, id, before, after } of changes) {
      if (table === EFFECTS) effectWritten(id, after, touched);
      else if (table === STATES) stateWritten(id, { before, after }, writer, touched);
      else if (after?.["status"]?.S === "WATERMARK" || before?.["status"]?.S === "WATERMARK") {
        about(complaintsAboutWrite(before, after, writer), id);
        if (before?.["formatVersion"]?.N === NEWER)
          complaints.push(`WM4: p${writer} moved a newer version's watermark`);
        for (const lane of lanes.values()) if (lane.pk === id) moved(lane, after, touched);
      } else if (table === RECORDS) recordWritten(id, { before, after }, writer, touched);
    }
    for (const lane of touched) judge(lane);
  }

  function about(some: readonly string[], id: string): void {
    complaints.push(...some.map((one) => `${one} (${id})`));
  }

  function effectWritten(id: string, after: Item | undefined, touched: Set<Lane>): void {
    const [, what, name = ""] = /^(count|put|log) (.*)$/.exec(id) ?? [];
    if (what === "log") {
      const lane = lanes.get(name);
      if (!lane) return;
      lane.log = (after?.["places"]?.L ?? []).map(({ N }) => Number(N));
      touched.add(lane);
      return;
    }
    const message = what === undefined ? undefined : messages.get(name);
    if (!message) return;
    if (what === "put") message.logged = after?.["logged"]?.BOOL === true;
    if (what === "count") done(message, Number(after?.["n"]?.N ?? 0));
    touched.add(message.lane);
  }

  function done(message: Sent, times: number): void {
    message.times = times;
    message.doneMs ??= nowMs();
    if (times > 1) complaints.push(`I1: the effects of ${message.body.key} happened ${times} times`);
  }

  function moved(lane: Lane, item: Item | undefined, touched: Set<Lane>): void {
    const position = BigInt(item?.["position"]?.S ?? NOTHING);
    if (position < lane.position) complaints.push(`I5: the position of ${lane.id} went back to ${position}`);
    lane.position = position;
    lane.newer ||= item?.["formatVersion"]?.N === NEWER;
    lane.listed = new Set((item?.["passedOver"]?.L ?? []).map(({ M }) => BigInt(M?.["position"]?.S ?? 0)));
    touched.add(lane);
  }

  type Pair = Pick<Change, "before" | "after">;

  function recordWritten(pk: string, { before, after }: Pair, writer: number, touched: Set<Lane>): void {
    about(complaintsAboutWrite(before, after, writer), pk);
    const message = byRecord.get(pk);
    if (!message) return;
    message.status = after?.["status"]?.S;
    touched.add(message.lane);
  }

  function stateWritten(group: string, { before, after }: Pair, writer: number, touched: Set<Lane>): void {
    const { attemptId, origins } = after?.["semel"]?.M ?? {};
    if (makerOf(attemptId?.S ?? "") !== writer)
      complaints.push(`I4: p${writer} wrote the state of ${group} in another's name`);
    const [old, now] = [foldedIn(before), foldedIn(after)];
    if (old.some((key, index) => now[index] !== key)) complaints.push(`I5: the state of ${group} lost what was folded`);
    const count = after?.["state"]?.M?.["count"]?.B?.[0] ?? 0;
    if (count !== now.length % 256) complaints.push(`SS1: the state of ${group} counts ${count} of ${now.length}`);
    for (const key of now.slice(old.length)) {
      const message = messages.get(key);
      if (message?.lane.group !== group) complaints.push(`I1: ${key} is folded into ${group}`);
      if (message) done(message, message.times + 1);
    }
    for (const lane of lanes.values()) if (lane.group === group) moved(lane, origins?.M?.[lane.origin]?.M, touched);
  }

  function isGivenUp(message: Sent): boolean {
    return message.lettered || message.status === "REJECTED" || message.lane.listed.has(message.position);
  }

  function predecessorOf({ lane, position }: Sent): Sent | undefined {
    return lane.messages.findLast((one) => one.position < position);
  }

  function judge(lane: Lane): void {
    let gap: Sent | undefined;
    for (const message of lane.messages) {
      const { key } = message.body;
      const [isDone, givenUp] = [message.times > 0, isGivenUp(message)];
      const isPassed = strategy === "commit" ? message.status !== undefined : message.position <= lane.position;
      if (isDone && !isPassed) complaints.push(`I3: the effects of ${key} are there, and it is not passed`);
      if (isPassed && !isDone && !givenUp) complaints.push(`I3: ${key} is passed, and neither done nor given up`);
      if (isDone && givenUp) complaints.push(`P4: ${key} is given up, and its effects are there`);
      if (isDone && gap) complaints.push(`I10: ${key} is done before ${gap.body.key}`);
      if (!isDone && !givenUp) gap ??= message;
      if (givenUp && message.body.kind === "needy" && (predecessorOf(message)?.times ?? 0) > 0)
        complaints.push(`LN4: ${key} is given up for want of the one before it, which is done`);
      if (givenUp && !message.gaveUp && !isHopeless(message.body, strategy))
        complaints.push(`RE1: ${key} is given up, and its handler never said so`);
    }
    if (strategy === "reduce") return;
    const logged = lane.messages.filter(({ times, logged: isLogged }) => times > 0 && isLogged);
    const expected = logged.map(({ body }) => body.n).join(" ");
    if (lane.log.join(" ") !== expected)
      complaints.push(`I10: ${logOf(lane.id)} is ${lane.log.join(" ")}, not ${expected}`);
  }

  return {
    complaints,
    messages,
    written,
    isNext(key) {
      const message = messages.get(key);
      const before = message && predecessorOf(message);
      return before === undefined || before.times > 0;
    },
    send(given, place) {
      const lane = laneAt(place);
      const body: Body = { ...given, lane: lane.id };
      const message: Sent = {
        body,
        lane,
        position: place.position,
        times: 0,
        logged: false,
        gaveUp: false,
        lettered: false,
      };
      lane.messages.push(message);
      messages.set(body.key, message);
      byRecord.set(recordKey(CONSUMER, JSON.stringify(body.key), sha256), message);
      return message;
    },
    deadLettered(key) {
      const message = messages.get(key);
      if (!message) return void complaints.push(`RE1: ${key} is dead-lettered, and nobody sent it`);
      if (!isGivenUp(message)) {
        // The list is that of the last run, whose letters are sent before the next one.
        const isPassed = strategy !== "commit" && message.position <= message.lane.position && message.times === 0;
        if (!isPassed) complaints.push(`RE2: ${key} is dead-lettered, and nothing is recorded`);
      }
      message.lettered = true;
      judge(message.lane);
    },
    acknowledged(message) {
      if (message.times === 0 && !message.lettered)
        complaints.push(`I2: ${message.body.key} left its source, and is neither done nor dead-lettered`);
    },
  };
}

function foldedIn(state: Item | undefined): string[] {
  return (state?.["state"]?.M?.["folded"]?.L ?? []).map(({ S = "" }) => S);
}
