// Invocations: a batch in a process that is new or was used before, what Lambda does with the answer, and what must hold of it.
//
//   I12. One that met neither fault nor refusal sends at most one transaction, or write of a state, for each of its messages.
//   I14. With no fault, a message whose handler is done, and before which its lane has no other that is not, is not reported failed
//        where there was time enough.
//   L2.  Its time limit is never reached by what it waits for. LN3. What was done before it began is not reported failed.
//   Q1.  The answer names what it was given, and of each ordering key it names, what comes after.

import type { BatchResponse } from "../../../lib/aws/lambda.ts";
import type { Message } from "../../../lib/consumer/message.ts";
import type { ExactlyOnceOptions } from "../../../lib/consumer/options.ts";
import type { Tx } from "../../../lib/consumer/tx.ts";
import { PermanentError } from "../../../lib/errors.ts";
import { createExactlyOnce } from "../../../lib/middleware/exactly-once.ts";
import { EFFECTS, RECORDS } from "../seeded/messages.ts";
import { createProcess } from "../seeded/process.ts";
import type { Sent } from "./ledger.ts";
import { type Body, type HandlerMeans, handle, logOf, reductionOf } from "./messages.ts";
import { CONSUMER, MARGIN_MS, TIMEOUT_MS, WORKERS_MAX } from "./setup.ts";
import type { Batch } from "./source.ts";
import { changeMood } from "./stock.ts";
import { connect } from "./wire.ts";
import type { Invocation, Sandbox, World } from "./world.ts";

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A sandbox that is idle, or a new one; undefined: all workers are at work. */
export function freeSandbox(world: World): Sandbox | undefined {
  const { chance, sandboxes, weather } = world;
  const idle = [...sandboxes].filter(({ busy }) => !busy);
  if (sandboxes.size - idle.length >= WORKERS_MAX) return undefined;
  const used = chance.happens(weather.quiet ? 1 : 0.7) ? chance.anyOf(idle) : undefined;
  return used ?? startSandbox(world);
}

function startSandbox(world: World): Sandbox {
  const { chance, sandboxes, timeline, weather } = world;
  const number = world.nextNumber("process");
  const process = createProcess({
    number,
    version: weather.version,
    skewMs: 0,
    timeline,
    chance,
    nextId: () => world.nextNumber("id"),
    onDeath() {
      sandboxes.delete(sandbox);
      sandbox.onDeath();
    },
  });
  const { host, version } = process;
  const orders = createExactlyOnce(optionsOf(world), { host, ...connect(process, world), environment: {} });
  const means: HandlerMeans = {
    host,
    version,
    chance,
    setup: world.setup,
    isQuiet: () => weather.quiet,
    isNext: (key) => world.ledger.isNext(key),
    look(lane) {
      const { places } = world.store.item(EFFECTS, logOf(lane)) ?? {};
      return (places?.L ?? []).map(({ N }) => Number(N));
    },
  };
  const sandbox: Sandbox = {
    process,
    busy: undefined,
    onDeath: () => {},
    deliver: world.setup.strategy === "reduce" ? folding(() => sandbox) : running(() => sandbox),
  };

  function running(own: () => Sandbox): Sandbox["deliver"] {
    return orders.lambda(async (message: Message, tx: Tx) => {
      const sent = sentOf(message, world);
      const invocation = own().busy;
      invocation?.finished.delete(sent);
      await watched(sent, () => handle(sent.body, tx, means));
      invocation?.finished.set(sent, timeline.nowMs());
    }) as Sandbox["deliver"];
  }

  function folding(own: () => Sandbox): Sandbox["deliver"] {
    const { apply, ...rest } = reductionOf(means);
    return orders.reduce({
      ...rest,
      apply(state, message, outbox) {
        const sent = sentOf(message, world);
        try {
          return apply(state, message, outbox);
        } catch (error) {
          if (error instanceof PermanentError) sent.gaveUp = true;
          own().busy?.failed.add(sent);
          throw error;
        }
      },
    }) as Sandbox["deliver"];
  }

  sandboxes.add(sandbox);
  world.note(`p${number} starts, version ${version}`);
  return sandbox;
}

async function watched(sent: Sent, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (error instanceof PermanentError) sent.gaveUp = true;
    throw error;
  }
}

function sentOf({ body }: Message, { ledger }: World): Sent {
  const found = ledger.messages.get((body as Body).key);
  if (!found) throw new Error(`Nobody sent ${JSON.stringify(body)}`);
  return found;
}

function optionsOf({ queues, setup, source }: World): ExactlyOnceOptions {
  const { strategy, kind, concurrency, groupCommit, lanes, committedKeysMax, backoff } = setup;
  const epoch = source.epoch();
  const ordered: ExactlyOnceOptions =
    strategy === "commit"
      ? { strategy, key: "key" }
      : {
          strategy: "watermark",
          ...(kind === "fifo" ? { redrive: "never" } : {}),
          ...(epoch === undefined ? {} : { epoch }),
        };
  return {
    ...ordered,
    consumer: CONSUMER,
    table: RECORDS,
    retentionDays: 40,
    concurrency,
    groupCommit,
    lanes,
    committedKeysMax,
    backoff,
    deadlineMarginMs: MARGIN_MS,
    deadLetterQueueUrl: queues.deadUrl,
    logger: silent,
  };
}

/** Runs it side by side with everything else; what becomes of it happens as time passes. */
export function invoke(sandbox: Sandbox, batch: Batch, world: World): void {
  const { chance, figures, invocations, timeline, weather } = world;
  const { process } = sandbox;
  const [startMs, endMs] = [timeline.nowMs(), timeline.nowMs() + TIMEOUT_MS];
  const { messages } = batch;
  const invocation: Invocation = {
    number: world.nextNumber("invocation"),
    messages,
    startMs,
    gateMs: endMs - MARGIN_MS,
    over: false,
    disturbed: false,
    refusals: 0,
    commits: 0,
    faults: [],
    finished: new Map(),
    failed: new Set(),
  };
  invocations.set(invocation.number, invocation);
  sandbox.busy = invocation;
  process.invocation = invocation.number;
  process.thaw();
  figures.count("deliveries", messages.length);
  world.note(`p${process.number} gets ${messages.map(({ body }) => body.key).join(" ")}`);
  const end = (): boolean => {
    if (invocation.over) return false;
    invocation.over = true;
    sandbox.busy = undefined;
    cancel();
    return true;
  };
  for (let moods = weather.quiet ? 0 : world.setup.moods; moods > 0; moods--)
    timeline.after(chance.below(1_000), () => changeMood(world));
  const cancel = timeline.after(TIMEOUT_MS, () => {
    if (!end()) return;
    if (!invocation.disturbed)
      world.ledger.complaints.push(`L2: invocation ${invocation.number} ran into its time limit`);
    figures.count("time limits reached");
    batch.settle(undefined);
    if (weather.quiet || chance.happens(0.6)) process.kill();
    else world.sandboxes.delete(sandbox); // nobody ends it; it goes on as far as it gets
  });
  sandbox.onDeath = () => {
    if (!end()) return;
    timeline.after(20, () => batch.settle(undefined));
  };
  const context = { awsRequestId: `r${invocation.number}`, getRemainingTimeInMillis: () => endMs - timeline.nowMs() };
  sandbox.deliver(batch.event as never, context).then(
    (answer) => {
      if (process.dead || !end()) return;
      process.frozen = true;
      answered(answer as BatchResponse, batch, invocation, world);
    },
    (error: unknown) => {
      world.ledger.complaints.push(`B2: invocation ${invocation.number} threw ${String(error)}`);
    },
  );
}

function answered(response: BatchResponse, batch: Batch, invocation: Invocation, world: World): void {
  const { figures, ledger, note } = world;
  const back = batch.messages.filter((message) => batch.returns(response, message));
  const names = back.map(({ body }) => body.key).join(" ");
  note(`invocation ${invocation.number} gives ${names || "nothing"} back`);
  figures.count("deliveries given back", back.length);
  for (const message of batch.messages) if (!back.includes(message)) ledger.acknowledged(message);
  judge(new Set(back), invocation, world);
  if (!batch.settle(response)) ledger.complaints.push(`Q1: ${JSON.stringify(response)} names what was not delivered`);
}

/** Left of an invocation after a handler, so that what is ready has time to commit. */
const ENOUGH_MS = 6_000;
const SHORT_MS = 1_000;

function judge(back: ReadonlySet<Sent>, own: Invocation, world: World): void {
  const { ledger, setup, timeline } = world;
  const { commits, disturbed, faults, finished, gateMs, messages, number, refusals, startMs } = own;
  if (disturbed || faults.length > 0) return;
  if (refusals === 0 && commits > messages.length)
    ledger.complaints.push(`I12: invocation ${number} sent ${commits} commits for ${messages.length} messages`);
  if (setup.strategy === "reduce" || setup.strategy === "commit" || setup.kind === "stream") return;
  const lanes = Map.groupBy(back, ({ lane }) => lane);
  for (const [lane, some] of lanes) {
    if (lane.newer) continue; // nobody of this version knows what it says
    const first = some.reduce((low, one) => (one.position < low.position ? one : low));
    const isInTime = gateMs - timeline.nowMs() > SHORT_MS; // else its handler may be at work
    if (first.doneMs !== undefined && first.doneMs < startMs && isInTime)
      ledger.complaints.push(`LN3: ${first.body.key} of ${lane.id} was done, and is reported failed`);
    const doneMs = finished.get(first);
    if (refusals > 0 || first.body.kind === "stocked" || doneMs === undefined || gateMs - doneMs < ENOUGH_MS) continue;
    ledger.complaints.push(`I14: ${first.body.key} is reported failed, and its handler was done in time`);
  }
}
