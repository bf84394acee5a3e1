// Invocations: a batch from the queue or a direct call, in a sandbox that is new or was used before; what Lambda does with
// their answers; and the budget of one that met no trouble.
//
//   I12. An invocation that met neither fault nor refusal sends at most one transaction (or call of statements) and one read
//        of records for each of its messages; under claim the few writes more of acquisition, step and renewals.

import type { SqsBatchResponse, SqsRecord } from "../../../lib/aws/lambda.ts";
import { createExactlyOnce } from "../../../lib/middleware/exactly-once.ts";
import { CONSUMER, handle, JOURNAL, type Order, RECORDS } from "./messages.ts";
import { connect } from "./network.ts";
import { createProcess, type SandboxProcess } from "./process.ts";
import { MARGIN_MS, SKEW_MS_MAX, TIMEOUT_MS, WORKERS_MAX } from "./setup.ts";
import type { Sandbox, World } from "./world.ts";

export interface Invocation {
  readonly number: number;
  readonly messages: number;
  /** When nothing is committed any more. */
  readonly gateMs: number;
  over: boolean;
  /** A fault, a freeze, a clock that jumped. */
  troubled: boolean;
  jumped: boolean;
  refusals: number;
  readonly requests: Record<string, number>;
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };

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
  const { chance, setup, sandboxes, timeline, weather } = world;
  const number = world.nextNumber("process");
  const process = createProcess({
    number,
    version: weather.version,
    skewMs: weather.quiet || chance.happens(0.6) ? 0 : chance.below(2 * SKEW_MS_MAX) - SKEW_MS_MAX,
    timeline,
    chance,
    nextId: () => world.nextNumber("id"),
    onDeath: () => sandboxes.delete(sandbox),
  });
  const { strategy } = setup;
  const consumer = createExactlyOnce(
    {
      consumer: CONSUMER,
      table: RECORDS,
      retentionDays: setup.retentionDays,
      key: "key",
      strategy,
      groupCommit: setup.groupCommit,
      concurrency: setup.concurrency,
      lanes: setup.lanes,
      backoff: setup.backoff,
      deadlineMarginMs: MARGIN_MS,
      deadLetterQueueUrl: world.queues.deadUrl,
      logger: silent,
      ...(setup.storeResult ? { storeResult: true } : {}),
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

/** The effect outside DynamoDB. ST1, ST3 */
function charger(process: SandboxProcess, world: World): (key: string, idempotencyKey: string) => string {
  return (key, idempotencyKey) => {
    const state = world.ledger.keys.get(key);
    const { attemptId, steps } = world.ledger.records.get(state?.pk ?? "") ?? {};
    const own = process.madeIn(attemptId?.S ?? "") !== undefined;
    if (own && steps?.M?.["charge"]) world.ledger.complaints.push(`ST1: the step of ${key} is kept, and runs again`);
    if (state && (state.stepKey ?? idempotencyKey) !== idempotencyKey) {
      world.ledger.complaints.push(`ST3: the step of ${key} has two idempotency keys`);
    }
    if (state) state.stepKey = idempotencyKey;
    world.figures.count("steps run");
    return idempotencyKey;
  };
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
  const handler = sandbox.consumer.lambda((message, tx) => handle(message.body as Order, tx, meansOf(sandbox, world)));
  run(sandbox, { messages: records.length, start: (context) => handler(event, context) }, world, (answer) => {
    const failed = new Set((answer as SqsBatchResponse).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const record of records) {
      if (failed.has(record.messageId)) {
        world.note(`${record.messageId} is reported failed`, [record.body]);
        figures.count("deliveries reported failed");
      } else acknowledge(record, world, chance.happens(world.faultRate()));
    }
  });
}

/** A delete may be lost: then the message comes again. What it means was judged all the same. */
function acknowledge({ messageId, receiptHandle, body }: SqsRecord, world: World, lost: boolean): void {
  const { figures, ledger, queues } = world;
  const copy = ledger.copies.get(messageId);
  if (!copy) return void ledger.complaints.push(`Q1: ${messageId} was acknowledged, and never sent`);
  ledger.acknowledged(copy);
  world.note(`${messageId} is acknowledged${lost ? ", and its deletion lost" : ""}`, [body]);
  figures.count(ledger.isCommitted(body) ? "acknowledged as done" : "acknowledged as rejected");
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
  const handler = sandbox.consumer.once(async (message, tx) => {
    await handle(message.body as Order, tx, meansOf(sandbox, world));
    return { receipt: chance.below(1_000_000_000), key: order.key };
  });
  const event = { key: order.key, payload: order.payload };
  run(sandbox, { messages: 1, start: (context) => handler(event, context) }, world, (answer) => {
    world.note(`${order.key} is answered ${JSON.stringify(answer)}`, [order.key]);
    ledger.answered(order, JSON.stringify(answer));
  });
}

interface Start {
  readonly messages: number;
  readonly start: (context: { awsRequestId: string; getRemainingTimeInMillis: () => number }) => Promise<unknown>;
}

function run(sandbox: Sandbox, { messages, start }: Start, world: World, answered: (answer: unknown) => void): void {
  const { chance, figures, invocations, timeline, weather } = world;
  const { process } = sandbox;
  const endMs = timeline.nowMs() + TIMEOUT_MS;
  const invocation: Invocation = {
    number: world.nextNumber("invocation"),
    messages,
    gateMs: endMs - MARGIN_MS,
    over: false,
    troubled: false,
    jumped: false,
    refusals: 0,
    requests: {},
  };
  invocations.set(invocation.number, invocation);
  sandbox.busy = invocation;
  process.invocation = invocation.number;
  process.thaw(); // what is left of an earlier invocation goes on
  const end = (): boolean => {
    if (invocation.over) return false;
    invocation.over = true;
    sandbox.busy = undefined;
    return true;
  };
  const cancel = timeline.after(TIMEOUT_MS, () => {
    if (!end()) return;
    world.note(`p${process.number} runs into its time limit`);
    figures.count("time limits reached");
    if (weather.quiet || chance.happens(0.7)) process.kill();
    else world.sandboxes.delete(sandbox); // nobody ends it; it goes on as far as it gets
  });
  const answer = (act: () => void): void => {
    if (process.dead || !end()) return;
    cancel();
    act();
    judgeBudget(invocation, world);
    process.frozen = true;
  };
  start({ awsRequestId: `r${invocation.number}`, getRemainingTimeInMillis: () => endMs - timeline.nowMs() }).then(
    (value) => answer(() => answered(value)),
    (error: unknown) =>
      answer(() => {
        world.note(`p${process.number} throws ${String(error).slice(0, 120)}`);
        figures.count("invocations that threw");
      }),
  );
}

/** I12. */
function judgeBudget({ messages, requests, troubled, refusals }: Invocation, { ledger, setup }: World): void {
  if (troubled || refusals > 0) return;
  const { TransactWriteItems = 0, BatchGetItem = 0, PutItem = 0, UpdateItem = 0, BatchExecuteStatement = 0 } = requests;
  const isInsert = setup.strategy === "insert";
  const commits = TransactWriteItems + BatchExecuteStatement + (isInsert ? PutItem : 0);
  const others = isInsert ? 0 : PutItem + UpdateItem;
  const sound = commits <= messages && BatchGetItem <= messages && others <= CLAIM_WRITES_MAX * messages;
  if (!sound) ledger.complaints.push(`I12: ${messages} messages took ${JSON.stringify(requests)}`);
}

/** Acquire, step, release, and renewals under the shortest lease, which is renewed every quarter of it. */
const CLAIM_WRITES_MAX = 3 + (4 * TIMEOUT_MS) / 1000;

function meansOf({ process }: Sandbox, world: World): Parameters<typeof handle>[2] {
  return {
    strategy: world.setup.strategy,
    host: process.host,
    chance: world.chance,
    version: process.version,
    isQuiet: () => world.weather.quiet,
    charge: charger(process, world),
  };
}
