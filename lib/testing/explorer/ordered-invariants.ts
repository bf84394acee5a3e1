// What must hold where order is kept by positions: under a watermark, and of keyed states. Pure: tells what does not, in words
// that begin with the invariant.
//
// A message is done where its effects are; it is passed where the watermark of its ordering key is at or above it; it is given
// up where it is on the watermark's list, or in the dead-letter queue.

import type { Item } from "../../aws/dynamodb.ts";
import { systemHost } from "../../host.ts";
import { watermarkKey } from "../../protocol/watermark.ts";
import type { QueueState } from "./invariants.ts";
import { makerOf } from "./sandbox.ts";

/** A message and its place. */
export interface PlacedState extends Pick<QueueState, "messageId" | "key" | "deleted"> {
  readonly origin: string;
  readonly group: string;
  readonly position: number;
}

export interface LanesSnapshot {
  readonly consumer: string;
  readonly records: ReadonlyMap<string, Item>;
  readonly effects: ReadonlyMap<string, Item>;
  /** By ordering key; undefined: messages have effects. */
  readonly states: ReadonlyMap<string, Item> | undefined;
  /** In the order in which they were sent. */
  readonly messages: readonly PlacedState[];
  readonly deadLetters: ReadonlyMap<string, string>;
}

interface Lane {
  /** 0: nothing is passed. */
  readonly position: number;
  readonly listed: readonly number[];
}

interface Fate extends PlacedState {
  readonly times: number;
  readonly isPassed: boolean;
  readonly isGivenUp: boolean;
}

export function complaintsAboutLanes(snapshot: LanesSnapshot): string[] {
  const lanes = Map.groupBy(snapshot.messages, ({ origin, group }) => `${group} of ${origin}`);
  const all = [...lanes].flatMap(([name, messages]) => {
    const fates = messages.map((message) => fateOf(message, snapshot));
    return [...fates.flatMap((one) => aboutMessage(one, snapshot)), ...aboutOrder(name, fates, snapshot)];
  });
  return [...all, ...aboutTotal(snapshot)];
}

function fateOf(message: PlacedState, snapshot: LanesSnapshot): Fate {
  const { position, listed } = laneOf(message, snapshot);
  return {
    ...message,
    times: timesOf(message, snapshot),
    isPassed: message.position <= position,
    isGivenUp: listed.includes(message.position) || snapshot.deadLetters.has(message.messageId),
  };
}

/** I1: at most once. I3: passed exactly where done, or given up. P4: never both. RE2: no letter before. I2: deleted only then. */
function aboutMessage(fate: Fate, { deadLetters }: LanesSnapshot): string[] {
  const { messageId, key, times, isPassed, isGivenUp, deleted } = fate;
  const complaints: string[] = [];
  if (times > 1) complaints.push(`I1: the effects of ${messageId} (${key}) happened ${times} times`);
  if (times > 0 && !isPassed) complaints.push(`I3: the effects of ${messageId} are there, and it is not passed`);
  if (isPassed && times === 0 && !isGivenUp)
    complaints.push(`I3: ${messageId} is passed, and it is neither done nor given up`);
  if (times > 0 && isGivenUp) complaints.push(`P4: ${messageId} is given up, and its effects are there`);
  if (deadLetters.has(messageId) && !isPassed)
    complaints.push(`RE2: ${messageId} was dead-lettered, but nothing is recorded`);
  if (deleted && times === 0 && !deadLetters.has(messageId))
    complaints.push(`I2: ${messageId} left its source, but is neither done nor dead-lettered`);
  return complaints;
}

/** I10: done, or given up, without a gap; one after the other, as each found what the one before it left; deleted so, too. */
function aboutOrder(name: string, fates: readonly Fate[], snapshot: LanesSnapshot): string[] {
  const complaints: string[] = [];
  let [gap, kept]: (Fate | undefined)[] = [];
  const done = fates.filter(({ times }) => times > 0);
  for (const one of fates) {
    if (one.times > 0 && gap) complaints.push(`I10: ${one.messageId} is done before ${gap.messageId}`);
    if (one.deleted && kept) complaints.push(`I10: ${one.messageId} left its source before ${kept.messageId}`);
    if (one.times === 0 && !one.isGivenUp) gap ??= one;
    if (!one.deleted) kept ??= one;
  }
  const found = placesOf(done, snapshot);
  if (found.some((place, index) => place <= (found[index - 1] ?? 0)))
    complaints.push(`I10: the effects of ${name} came in the order ${found.join(", ")}`);
  return complaints;
}

/** When each took effect, as the state or the handler's own read has it. */
function placesOf(done: readonly Fate[], { effects, states }: LanesSnapshot): number[] {
  if (states) return done.map((one) => 1 + foldedIn(states.get(one.group)).indexOf(one.key));
  return done.flatMap(({ key }) => {
    const n = effects.get(`put ${key}`)?.["n"]?.N;
    return n === undefined ? [] : [Number(n)];
  });
}

/** I1: nothing takes effect that nobody sent, and what all add to is what they added. */
function aboutTotal({ effects, states, messages }: LanesSnapshot): string[] {
  if (states) {
    const strangers = [...states.values()].flatMap(foldedIn).filter((key) => !messages.some((one) => one.key === key));
    return strangers.map((key) => `I1: nobody sent ${key}, and it is folded`);
  }
  const done = messages.filter(({ key }) => effects.has(`put ${key}`)).length;
  const shared = Number(effects.get("shared")?.["n"]?.N ?? 0);
  return shared === done ? [] : [`I1: the item that all add to says ${shared}, done are ${done}`];
}

function timesOf({ key, group }: PlacedState, { effects, states }: LanesSnapshot): number {
  if (states) return foldedIn(states.get(group)).filter((one) => one === key).length;
  const count = Number(effects.get(`count ${key}`)?.["n"]?.N ?? 0);
  return effects.has(`put ${key}`) ? Math.max(1, count) : count;
}

function laneOf({ origin, group }: PlacedState, { consumer, records, states }: LanesSnapshot): Lane {
  const { sha256 } = systemHost;
  const item = states
    ? states.get(group)?.["semel"]?.M?.["origins"]?.M?.[sha256(origin)]?.M
    : records.get(watermarkKey(consumer, { origin, orderingKey: group }, sha256));
  const listed = item?.["passedOver"]?.L ?? [];
  return {
    position: Number(item?.["position"]?.S ?? 0),
    listed: listed.map(({ M }) => Number(M?.["position"]?.S)),
  };
}

function foldedIn(state: Item | undefined): string[] {
  return (state?.["state"]?.M?.["folded"]?.L ?? []).map(({ S = "" }) => S);
}

/** I5: a state goes on from what it was, and no position goes back. I4: nobody writes in another's name. */
export function complaintsAboutState(
  before: ReadonlyMap<string, Item>,
  after: ReadonlyMap<string, Item>,
  writer: number,
): string[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((group) => {
    const [was, is] = [before.get(group), after.get(group)];
    if (JSON.stringify(was) === JSON.stringify(is)) return [];
    if (is === undefined) return [`I5: the state of ${group} was deleted`];
    const maker = makerOf(is["semel"]?.M?.["attemptId"]?.S ?? "");
    if (maker !== writer) return [`I4: sandbox ${writer} wrote the state of ${group} in the name of sandbox ${maker}`];
    const [old, now] = [foldedIn(was), foldedIn(is)];
    if (old.some((key, index) => now[index] !== key)) return [`I5: the state of ${group} lost ${old.join(", ")}`];
    const gone = Object.entries(was?.["semel"]?.M?.["origins"]?.M ?? {}).filter(([origin, { M }]) => {
      const moved = is["semel"]?.M?.["origins"]?.M?.[origin]?.M?.["position"]?.S ?? "";
      return moved < (M?.["position"]?.S ?? "");
    });
    return gone.length > 0 ? [`I5: a position of the state of ${group} went back`] : [];
  });
}
