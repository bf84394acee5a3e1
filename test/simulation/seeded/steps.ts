// The steps of a simulation: what producers, the poller, operators, time and bad luck do next.

import type { SqsRecord } from "../../../lib/aws/lambda.ts";
import { freeSandbox, invokeBatch, invokeOnce } from "./invocations.ts";
import { EFFECTS, type Kind, type Order, RECORDS } from "./messages.ts";
import { commitAsNewer, insertAsAnother } from "./newer.ts";
import { reprice } from "./prices.ts";
import { redrive } from "./redrive.ts";
import { RESEND_WINDOW_MS, SKEW_MS_MAX } from "./setup.ts";
import type { World } from "./world.ts";

const WEIGHTS = {
  poll: 45,
  send: 20,
  resend: 6,
  "other payload": 2,
  poison: 1,
  misfit: 1,
  once: 6,
  time: 10,
  restock: 1,
  pause: 1,
  redrive: 2,
  sweep: 1,
  skew: 2,
  freeze: 5,
  kill: 2,
  deploy: 1,
  newer: 1,
  foreign: 3,
  outage: 2,
  reprice: 6,
} as const;
type Step = keyof typeof WEIGHTS;

const KIND_WEIGHTS: Readonly<Record<Kind, number>> = {
  plain: 6,
  guarded: 3,
  stocked: 1,
  disputed: 1,
  doomed: 1,
  huge: 0.2,
  priced: 2,
  once: 0,
};

const MINUTE_MS = 60_000;
const TIME_MS_MAX = 24 * 60 * MINUTE_MS;
/** Tokens are remembered for 10 minutes. */
const TOKENS_MS = 10 * MINUTE_MS;
/** How late the same delivery may come again, whatever its receipt says. */
const DUPLICATE_MS_MAX = 10 * MINUTE_MS;

/** What producers and callers know of what they sent. */
interface Sent {
  readonly body: string;
  readonly order: Order | undefined;
  readonly firstMs: number;
}

/** The same payload, its fields in another order. */
function inOtherWords({ body, order }: Sent): string {
  return order ? JSON.stringify({ payload: order.payload, key: order.key }) : body;
}

export interface Steps {
  next(): Promise<void>;
}

export function createSteps(world: World): Steps {
  const { chance, figures, ledger, note, queues, store, timeline, weather } = world;
  const { habits, profile } = world;
  const kinds: Readonly<Record<string, number>> = profile?.kinds ?? KIND_WEIGHTS;
  const weights = (profile?.weights ?? WEIGHTS) as Readonly<Record<Step, number>>;
  const sent: Sent[] = [];
  const called: Sent[] = [];
  let recent: { readonly record: SqsRecord; readonly atMs: number }[] = [];

  const isRecent = ({ firstMs }: Sent): boolean => timeline.nowMs() - firstMs < RESEND_WINDOW_MS;

  function send(body: string): void {
    const id = queues.send(body);
    ledger.addCopy(id, body, 0);
    note(`${id} is sent`, [body]);
    figures.count("messages sent");
  }

  function sendNew(): void {
    const kind = chance.weighted(kinds);
    const order: Order = { key: `${kind}-${world.nextNumber("key")}`, payload: chance.below(1000) };
    const body = JSON.stringify(order);
    sent.push({ body, order, firstMs: timeline.nowMs() });
    send(body);
  }

  function sendAgain(otherPayload: boolean): void {
    const one = chance.anyOf(sent.filter(isRecent).slice(-habits.resentOf));
    if (!one) return;
    figures.count(otherPayload ? "other payloads" : "resends");
    if (!otherPayload || !one.order) {
      send(chance.happens(0.5) ? one.body : inOtherWords(one));
      return;
    }
    const order = { ...one.order, payload: one.order.payload + 1 };
    sent.push({ body: JSON.stringify(order), order, firstMs: one.firstMs });
    send(JSON.stringify(order));
  }

  function poll(): void {
    if (weather.paused) return;
    const sandbox = freeSandbox(world);
    if (!sandbox) return;
    const records = queues.receive(chance.happens(habits.largeBatches) ? 100 : 10);
    recent = recent.filter(({ atMs }) => timeline.nowMs() - atMs < DUPLICATE_MS_MAX).slice(-20);
    const again = chance.happens(habits.copies) ? chance.anyOf(recent)?.record : undefined;
    const copy = again ?? (chance.happens(habits.copies) ? chance.anyOf(records) : undefined);
    if (copy) figures.count("fault delivered twice");
    const all = copy ? [...records, copy] : records;
    recent.push(...records.map((record) => ({ record, atMs: timeline.nowMs() })));
    if (all.length > 0) invokeBatch(sandbox, all, world);
    else figures.count("empty receives");
  }

  function callDirectly(): void {
    if (world.setup.strategy === "insert") return;
    const sandbox = freeSandbox(world);
    if (!sandbox) return;
    const before = chance.happens(0.6) ? chance.anyOf(called.filter(isRecent).slice(-20)) : undefined;
    if (before?.order) {
      const other = chance.happens(0.1) ? 1 : 0;
      invokeOnce(sandbox, { ...before.order, payload: before.order.payload + other }, world);
      return;
    }
    const order = { key: `once-${world.nextNumber("key")}`, payload: chance.below(1000) };
    called.push({ body: "", order, firstMs: timeline.nowMs() });
    invokeOnce(sandbox, order, world);
  }

  async function time(): Promise<void> {
    const ms = chance.spanMs(1_000, TIME_MS_MAX);
    await timeline.pass(ms);
    if (ms > TOKENS_MS) store.memory.forgetTokens();
  }

  /** Late, never early; and not all of them. */
  function sweep(): void {
    for (const { pk, expiresAt, status } of store.memory.items(RECORDS)) {
      if (Number(expiresAt?.N) * 1000 > timeline.nowMs() || chance.happens(0.3)) continue;
      const Delete = { TableName: RECORDS, Key: { pk: { S: pk?.S ?? "" } } };
      store.memory.send({ operation: "TransactWriteItems", input: { TransactItems: [{ Delete }] } });
      ledger.swept(pk?.S ?? "");
      figures.count(`records swept, ${status?.S}`);
    }
  }

  function skew(): void {
    const sandbox = chance.anyOf([...world.sandboxes]);
    if (!sandbox) return;
    const skewMsMax = habits.skewMsMax ?? SKEW_MS_MAX;
    sandbox.process.skewMs = chance.below(2 * skewMsMax) - skewMsMax;
    if (sandbox.busy) sandbox.busy.jumped = sandbox.busy.disturbed = true;
    note(`p${sandbox.process.number} has its clock at ${sandbox.process.skewMs} ms`);
    figures.count("fault clock jumped");
  }

  function freeze(): void {
    const sandbox = chance.anyOf([...world.sandboxes].filter(({ busy, process }) => busy && !process.frozen));
    if (!sandbox?.busy) return;
    const ms = chance.spanMs(100, MINUTE_MS);
    sandbox.process.frozen = sandbox.busy.disturbed = true;
    timeline.after(ms, sandbox.process.thaw);
    note(`p${sandbox.process.number} is frozen for ${ms} ms`);
    figures.count("fault frozen");
  }

  function kill(): void {
    const sandbox = chance.anyOf([...world.sandboxes]);
    if (!sandbox) return;
    note(`p${sandbox.process.number} is killed`);
    figures.count("fault killed");
    sandbox.process.kill();
  }

  function deploy(): void {
    weather.version++;
    figures.count("deployments");
    if (chance.happens(0.5)) for (const { busy, process } of [...world.sandboxes]) if (!busy) process.kill();
  }

  function restock(): void {
    const UpdateExpression = "SET stock = stock + :more";
    const ExpressionAttributeValues = { ":more": { N: "2" } };
    const input = { TableName: EFFECTS, Key: { id: { S: "sold" } }, UpdateExpression, ExpressionAttributeValues };
    store.apply({ operation: "UpdateItem", input }, 0);
  }

  function outage(): void {
    const faults = chance.anyOf(habits.outages) ?? [];
    weather.outage = { untilMs: timeline.nowMs() + chance.spanMs(1_000, MINUTE_MS), faults };
    note(`from now on every request meets ${faults.join(" or ")}`);
    figures.count("outages");
  }

  const acts: Readonly<Record<Step, () => Promise<void> | void>> = {
    poll,
    send: () => {
      const many = chance.happens(habits.bursts) ? 120 : 20;
      for (let count = chance.happens(habits.bursts) ? many : 1; count > 0; count--) sendNew();
    },
    resend: () => sendAgain(false),
    "other payload": () => sendAgain(true),
    misfit: () => send(`["misfit ${world.nextNumber("key")}"]`),
    poison: () => send(`{"poison ${world.nextNumber("key")}`),
    once: callDirectly,
    time,
    restock,
    pause: () => {
      weather.paused = !weather.paused;
    },
    redrive: () => redrive(world),
    sweep,
    skew,
    freeze,
    kill,
    deploy,
    foreign: () => insertAsAnother(world),
    outage,
    reprice: () => reprice(world),
    newer: () => commitAsNewer(world),
  };

  return {
    async next() {
      weather.step++;
      if (weather.paused && chance.happens(0.2)) weather.paused = false;
      const step = chance.weighted(weights);
      note(`${step}`);
      await acts[step]();
      await timeline.pass(chance.happens(0.5) ? chance.below(20) : chance.spanMs(20, 5_000));
    },
  };
}
