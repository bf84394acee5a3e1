// Invocations: a batch from the queue or a direct call, in a sandbox that is new or was used before, and what Lambda does with
// their answers. What must hold of each is in verdicts.ts.

import { inspect } from "node:util";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { SqsBatchResponse, SqsEvent, SqsRecord } from "../../../lib/aws/lambda.ts";
import type { Message } from "../../../lib/consumer/message.ts";
import type { Tx } from "../../../lib/consumer/tx.ts";
import { PermanentError } from "../../../lib/errors.ts";
import { createExactlyOnce } from "../../../lib/middleware/exactly-once.ts";
import { chargesOf } from "./charges.ts";
import { type Invocation, meetOthers, newInvocation } from "./invocation.ts";
import { CONSUMER, type HandlerMeans, handle, JOURNAL, type Order, OUTBOX, orderOf, RECORDS } from "./messages.ts";
import { invokeAsMiddy, type Others } from "./middy.ts";
import { connect } from "./network.ts";
import { insertAsAnother } from "./newer.ts";
import { repriceUntil } from "./prices.ts";
import { createProcess, type SandboxProcess } from "./process.ts";
import { MARGIN_MS, SKEW_MS_MAX, strategyOf, TIMEOUT_MS, WORKERS_MAX } from "./setup.ts";
import {
  handlerStarted,
  judgeBudget,
  judgeDeclared,
  judgeResponse,
  judgeThrown,
  judgeTimeLimit,
  listener,
} from "./verdicts.ts";
import type { Sandbox, World } from "./world.ts";

/** A sandbox that is idle, or a new one; undefined: all workers are at work. */
export function freeSandbox(world: World): Sandbox | undefined {
  const { chance, figures, sandboxes, weather } = world;
  if ([...sandboxes].filter(({ busy }) => busy).length >= WORKERS_MAX) return undefined;
  const idle = [...sandboxes].filter(({ busy }) => !busy);
  const used = chance.happens(weather.quiet ? 1 : 0.8) ? chance.anyOf(idle) : undefined;
  if (used) return used;
  figures.count("cold starts");
  return startSandbox(world);
}

function startSandbox(world: World): Sandbox {
  const { chance, habits, setup, sandboxes, timeline, weather } = world;
  const { skewMsMax = SKEW_MS_MAX } = habits;
  const number = world.nextNumber("process");
  const process = createProcess({
    number,
    version: habits.mixedVersions && chance.happens(0.5) ? Math.max(0, weather.version - 1) : weather.version,
    skewMs: weather.quiet || chance.happens(0.6) ? 0 : chance.below(2 * skewMsMax) - skewMsMax,
    timeline,
    chance,
    nextId: () => world.nextNumber("id"),
    onDeath() {
      if (sandbox.busy) sandbox.busy.dead = true;
      sandboxes.delete(sandbox);
    },
  });
  const strategy = strategyOf(setup, process.version);
  const consumer = createExactlyOnce(
    {
      consumer: CONSUMER,
      table: RECORDS,
      retentionDays: setup.retentionDays,
      key: "key",
      schema: schemaOf(process, world),
      strategy,
      groupCommit: setup.groupCommit,
      concurrency: setup.concurrency,
      lanes: setup.lanes,
      backoff: setup.backoff,
      deadlineMarginMs: MARGIN_MS,
      deadLetterQueueUrl: world.queues.deadUrl,
      logger: listener(() => sandbox, world),
      ...(setup.storeResult ? { storeResult: true } : {}),
      ...(world.habits.sends ? { outbox: { table: OUTBOX } } : {}),
      ...(strategy === "claim" ? { leaseSeconds: setup.leaseSeconds } : {}),
      ...(strategy === "insert" ? { insert: { appendOnlyTable: JOURNAL, primaryKey: "id" } } : {}),
    },
    { host: process.host, ...connect(process, world), environment: {} },
  );
  const sandbox: Sandbox = { process, consumer, busy: undefined };
  sandboxes.add(sandbox);
  world.note(`p${number} starts, version ${process.version}, clock ${process.skewMs} ms`);
  return sandbox;
}

/** Adds the time, so that the validated body is another one at every delivery. */
function schemaOf({ host }: SandboxProcess, { chance, habits, weather }: World): StandardSchemaV1<unknown, unknown> {
  const judge = (value: unknown): StandardSchemaV1.Result<unknown> =>
    Array.isArray(value)
      ? { issues: [{ message: "a list is no order" }] }
      : {
          value: Object.assign(habits.schemaInPlace ? (value as Order) : { ...(value as Order) }, {
            seenAtMs: host.nowMs(),
          }),
        };
  const validate = (value: unknown): StandardSchemaV1.Result<unknown> | Promise<StandardSchemaV1.Result<unknown>> => {
    if (habits.schemaMs === 0 || weather.quiet) return judge(value);
    return new Promise((resolve) => host.after(chance.below(habits.schemaMs), () => resolve(judge(value))));
  };
  return { "~standard": { version: 1, vendor: "simulation", validate } };
}

/** Runs it side by side with everything else; what becomes of it happens as time passes. */
export function invokeBatch(sandbox: Sandbox, records: readonly SqsRecord[], world: World): void {
  const { chance, figures, ledger } = world;
  for (const { messageId, body } of records) {
    const copy = ledger.copies.get(messageId);
    if (copy) copy.deliveries++;
    world.note(`p${sandbox.process.number} gets ${messageId}`, [body]);
  }
  figures.count("deliveries", records.length);
  const event = { Records: [...records] };
  const { consumer } = sandbox;
  const { responses } = world;
  meetForeigners(records, world);
  const run = runner(sandbox, world);
  const handler = (message: Message, tx: Tx): Promise<void> => run(message, tx);
  const start: Start = world.setup.middleware
    ? (context) => invokeAsMiddy(consumer, handler, { event, context, others: drawOthers(sandbox, world), responses })
    : (context) => consumer.lambda(handler)(event, context);
  const fresh = records.filter(({ attributes }) => attributes.ApproximateReceiveCount === "1");
  const work: Work = {
    orders: records.map(({ body }) => orderOf(body)),
    start,
    fresh: fresh.map(({ messageId }) => messageId),
  };
  begin(sandbox, work, world, (answer, invocation) => {
    const response = answer as Partial<SqsBatchResponse> | undefined;
    const failed = new Set(response?.batchItemFailures?.map(({ itemIdentifier }) => itemIdentifier));
    judgeResponse(response, records, { invocation, world });
    const lostDeletions = world.weather.quiet ? 0 : world.habits.lostDeletions;
    for (const record of records) {
      if (failed.has(record.messageId)) {
        world.note(`${record.messageId} is reported failed`, [record.body]);
        figures.count("deliveries reported failed");
      } else acknowledge(record, world, chance.happens(Math.max(world.faultRate(), lostDeletions)));
    }
  });
}

/** Another middleware may answer before the handler is called, or throw while it runs. */
function drawOthers(sandbox: Sandbox, world: World): Others {
  const { chance, figures, habits, timeline, weather } = world;
  if (weather.quiet) return {};
  const meddling = habits.meddling > 0 && chance.happens(habits.meddling) ? { change: dropOne } : {};
  if (habits.beside > 0 && chance.happens(habits.beside)) return { ...meddling, beside: besideOf(world) };
  if (chance.happens(0.02)) {
    figures.count("fault answered early");
    return { answer: { batchItemFailures: [] } };
  }
  if (!chance.happens(habits.thrown)) return meddling;
  figures.count("fault thrown around the batch");
  const error = new Promise<never>((_, reject) => {
    const own = sandbox.busy;
    timeline.after(chance.spanMs(1, habits.thrownMsMax), () =>
      sandbox.process.run(() => {
        if (own) own.disturbed = true;
        reject(new Error("another middleware gave up"));
      }),
    );
  });
  return { ...meddling, error };
}

/** As one that has too little time for them all. */
function dropOne({ Records }: SqsEvent): SqsEvent {
  return { Records: Records.length > 1 ? Records.slice(1) : Records };
}

/** Another invocation of the same process, which another middleware answers early: all of it comes again. */
function besideOf({ chance, ledger, queues }: World): Others["beside"] {
  const records = queues.receive(1 + chance.below(2));
  if (records.length === 0) return undefined;
  for (const { messageId } of records) {
    const copy = ledger.copies.get(messageId);
    if (copy) copy.deliveries++;
  }
  const answered = (answer: unknown): void => {
    const said = (answer as Partial<SqsBatchResponse>).batchItemFailures?.map(({ itemIdentifier }) => itemIdentifier);
    const expected = records.map(({ messageId }) => messageId);
    if (String(said) !== String(expected)) ledger.complaints.push(`W1: ${said} are to come again, not ${expected}`);
  };
  return { event: { Records: records }, answered };
}

/** Under insert: at the time when a message is inserted, somebody else's item is there for a moment. */
function meetForeigners(records: readonly SqsRecord[], world: World): void {
  const { chance, habits, timeline, weather } = world;
  if (habits.foreign === 0 || weather.quiet) return;
  for (const { messageId, body } of records) {
    const order = orderOf(body);
    if (!order || !chance.happens(habits.foreign)) continue;
    timeline.after(chance.below(15), () => insertAsAnother(world, { id: messageId, order }));
  }
}

/** A delete may be lost: then the message comes again. What it means was judged all the same. */
function acknowledge({ messageId, receiptHandle, body }: SqsRecord, world: World, lost: boolean): void {
  const { figures, ledger, queues } = world;
  const copy = ledger.copies.get(messageId);
  if (!copy) return void ledger.complaints.push(`Q1: ${messageId} was acknowledged, and never sent`);
  ledger.acknowledged(copy);
  world.note(`${messageId} is acknowledged${lost ? ", and its deletion lost" : ""}`, [body]);
  const state = ledger.isCommitted(body) ? ledger.keys.get(orderOf(body)?.key ?? "") : undefined;
  figures.count(state ? "acknowledged as done" : "acknowledged as rejected");
  if (state?.done) figures.count("duplicates suppressed");
  if (state) state.done = true;
  if (lost) figures.count("fault deletion lost");
  else queues.delete(receiptHandle);
  if (!queues.source().has(messageId) && !queues.dead().has(messageId)) ledger.end(copy, "acknowledged");
}

/** I6: every answer is judged. */
export function invokeOnce(sandbox: Sandbox, order: Order, world: World): void {
  const { chance, figures, ledger } = world;
  ledger.keyState(order);
  figures.count("direct invocations");
  world.note(`p${sandbox.process.number} is called for ${order.key}, payload ${order.payload}`, [order.key]);
  const run = runner(sandbox, world);
  const handler = sandbox.consumer.once(async (message, tx) => {
    await run(message, tx);
    return { receipt: chance.below(1_000_000_000), key: order.key, at: new Date(sandbox.process.host.nowMs()) };
  });
  const wasDone = ledger.keyState(order).committed === order.payload;
  const event = { key: order.key, payload: order.payload };
  begin(sandbox, { orders: [order], start: (context) => handler(event, context) }, world, (answer, invocation) => {
    if (answer instanceof Error) return judgeThrown(answer, { order, wasDone, invocation, world });
    world.note(`${order.key} is answered ${inspect(answer)}`, [order.key]);
    ledger.answered(order, inspect(answer));
  });
}

interface Context {
  readonly awsRequestId: string;
  readonly getRemainingTimeInMillis: () => number;
}
type Start = (context: Context) => Promise<unknown>;

interface Work {
  readonly orders: readonly (Order | undefined)[];
  readonly start: Start;
  /** Ids of what was received for the first time, as far as its receipt says. */
  readonly fresh?: readonly string[];
}

/** `answered` hears what Lambda gets: a value, or the error that was thrown. */
function begin(
  sandbox: Sandbox,
  { orders, start, fresh = [] }: Work,
  world: World,
  answered: (answer: unknown, invocation: Invocation) => void,
): void {
  const { chance, figures, invocations, timeline, weather } = world;
  const { process } = sandbox;
  const endMs = timeline.nowMs() + TIMEOUT_MS;
  const keys = new Set(orders.flatMap((order) => order?.key ?? []));
  const invocation = newInvocation(world.nextNumber("invocation"), orders.length, endMs - MARGIN_MS);
  for (const id of fresh) invocation.fresh.add(id);
  meetOthers(keys, invocation, world);
  invocations.set(invocation.number, invocation);
  sandbox.busy = invocation;
  process.invocation = invocation.number;
  repriceUntil(() => invocation.over || invocation.dead, world);
  process.thaw(); // what is left of an earlier invocation goes on
  const end = (): boolean => {
    if (invocation.over) return false;
    invocation.over = true;
    sandbox.busy = undefined;
    return true;
  };
  const cancel = timeline.after(TIMEOUT_MS, () => {
    if (process.dead || !end()) return;
    judgeTimeLimit(invocation, world);
    world.note(`p${process.number} runs into its time limit`);
    figures.count("time limits reached");
    if (weather.quiet || chance.happens(0.7)) process.kill();
    else world.sandboxes.delete(sandbox); // nobody ends it; it goes on as far as it gets
  });
  const answer = (value: unknown): void => {
    if (process.dead || !end()) return;
    invocation.answered = true;
    cancel();
    answered(value, invocation);
    judgeBudget(invocation, world);
    process.frozen = true;
  };
  const context = {
    awsRequestId: `r${invocation.number}`,
    getRemainingTimeInMillis: () => endMs - timeline.nowMs(),
  };
  start(context).then(answer, (error: unknown) => {
    world.note(`p${process.number} throws ${String(error).slice(0, 120)}`);
    figures.count("invocations that threw");
    answer(error);
  });
}

/** Runs the handler of a message, and keeps when it began and ended. */
function runner(
  sandbox: Sandbox,
  world: World,
): (message: Pick<Message, "body" | "messageId">, tx: Tx) => Promise<void> {
  return async ({ body, messageId }, tx) => {
    const invocation = sandbox.busy;
    invocation?.ended.delete(messageId);
    const onRun = (): void => handlerStarted({ messageId, order: body as Order }, invocation, world);
    const gateLeftMs = (): number => (invocation?.gateMs ?? 0) - world.timeline.nowMs();
    try {
      await handle(body as Order, tx, {
        ...meansOf(sandbox, world),
        charges: chargesOf(sandbox.process, invocation, world),
        onRun,
        gateLeftMs,
      });
    } catch (error) {
      if (error instanceof PermanentError) world.ledger.gaveUp(messageId);
      throw error;
    } finally {
      invocation?.ended.add(messageId);
    }
    invocation?.finished.set(messageId, world.timeline.nowMs());
    judgeDeclared(messageId, invocation, world);
  };
}

function meansOf({ process }: Sandbox, world: World): Omit<HandlerMeans, "onRun" | "gateLeftMs" | "charges"> {
  return {
    strategy: strategyOf(world.setup, process.version),
    host: process.host,
    chance: world.chance,
    version: process.version,
    isQuiet: () => world.weather.quiet,
    habits: world.habits,
  };
}
