// What must hold of each invocation.
//
//   I12. One that met neither fault nor refusal sends at most one transaction (or call of statements) and one read of records
//        for each of its messages; under claim the few writes more of acquisition, step and renewals.
//   I14. A message whose handler is done is not reported failed for a fault or two that another try mends, while there is time
//        for that, and nobody else has its key.
//   A3.  No request is made that AWS refuses whatever the time, and no other failure is taken for that.
//   CL6. A key is given back when its handler has ended, and not before.
//   C2.  Nobody is told that nothing was committed where it was, or still may be.
//   CL3. Nobody takes a key over while its handler runs undisturbed. LE1. A lease is lost only to somebody else.
//   L2.  Its time limit is never reached by what it waits for. L3. No handler starts after the gate closed.
//   X3.  A handler that declares effects when its time is over is told so.
//   Q1.  The response names ids of its batch only. R3. A handler runs 4 times a delivery at most.
//   O1.  A direct invocation whose key is committed is answered. O2. What its handler threw is thrown as it was.

import type { Item } from "../../../lib/aws/dynamodb.ts";
import type { SqsBatchResponse, SqsRecord } from "../../../lib/aws/lambda.ts";
import type { Logger } from "../../../lib/consumer/observe.ts";
import { judgeKept } from "./charges.ts";
import type { Fault } from "./faults.ts";
import type { Invocation } from "./invocation.ts";
import { kindOf, type Order, orderOf } from "./messages.ts";
import type { SandboxProcess } from "./process.ts";
import { MARGIN_MS, strategyOf, TIMEOUT_MS } from "./setup.ts";
import type { Sandbox, World } from "./world.ts";

/** I12. */
export function judgeBudget({ messages, requests, faults, disturbed, refusals }: Invocation, world: World): void {
  if (faults.length > 0 || disturbed || refusals > 0) return;
  const { TransactWriteItems = 0, BatchGetItem = 0, PutItem = 0, UpdateItem = 0, BatchExecuteStatement = 0 } = requests;
  if (world.setup.changesStrategy) return; // what a claim leaves costs a commit more, and the other way round
  const isInsert = world.setup.strategy === "insert";
  const commits = TransactWriteItems + BatchExecuteStatement + (isInsert ? PutItem : 0);
  const others = isInsert ? 0 : PutItem + UpdateItem;
  const sound = commits <= messages && BatchGetItem <= messages && others <= CLAIM_WRITES_MAX * messages;
  if (!sound) world.ledger.complaints.push(`I12: ${messages} messages took ${JSON.stringify(requests)}`);
}

/** Acquire, step, release, and renewals under the shortest lease, which is renewed every quarter of it. */
const CLAIM_WRITES_MAX = 3 + (4 * TIMEOUT_MS) / 1000;

/** CL3: while a handler runs undisturbed, its lease is renewed, and nobody takes its key. */
export function judgeTakeover(seen: Item | undefined, taker: SandboxProcess, world: World): void {
  if (seen?.["status"]?.S !== "IN_PROGRESS" || taker.skewMs !== 0) return;
  for (const { busy, process } of world.sandboxes) {
    if (!busy || process.skewMs !== 0 || busy.disturbed || busy.leaseTrouble) continue;
    const messageId = seen["messageId"]?.S ?? "";
    const isRunning =
      busy.runs.has(messageId) &&
      !busy.ended.has(messageId) &&
      !busy.finished.has(messageId) &&
      !busy.codes.has(messageId);
    if (!isRunning || process.madeIn(seen["attemptId"]?.S ?? "") !== busy.number) continue;
    world.ledger.complaints.push(`CL3: p${taker.number} took the key of ${messageId} over while its handler ran`);
  }
}

/** CL2: not by the taker's own clock, what is still held. CL5: nor steps of another payload. */
export function judgeTaken(
  before: Item | undefined,
  after: Item | undefined,
  taker: SandboxProcess,
  world: World,
): void {
  const { invocations, ledger } = world;
  const messageId = before?.["messageId"]?.S ?? "";
  const leftMs = Number(before?.["leaseUntil"]?.N) - taker.host.nowMs();
  const isJumped = invocations.get(taker.invocation)?.jumped !== false;
  if (before?.["status"]?.S === "IN_PROGRESS" && leftMs > 0 && leftMs < TIME_MS && !isJumped) {
    ledger.complaints.push(`CL2: p${taker.number} took over the key of ${messageId}, whose lease was renewed`);
  }
  const hasSteps = Object.keys(before?.["steps"]?.M ?? {}).length > 0;
  if (hasSteps && before?.["fingerprint"]?.S !== after?.["fingerprint"]?.S) {
    ledger.complaints.push(`CL5: p${taker.number} took over the steps of ${messageId} for another payload`);
  }
}

/** L2. */
export function judgeTimeLimit({ number, disturbed }: Invocation, { ledger }: World): void {
  if (!disturbed) ledger.complaints.push(`L2: invocation ${number} ran into its time limit`);
}

/** L3, R3. */
export function handlerStarted(
  { messageId, order }: { readonly messageId: string; readonly order: Order },
  own: Invocation | undefined,
  { ledger, timeline }: World,
): void {
  if (!own) return;
  const rejectedMs = ledger.rejectedAtMs(messageId, order.key);
  const before = rejectedMs !== undefined && rejectedMs < own.gateMs + MARGIN_MS - TIMEOUT_MS;
  const again =
    before &&
    own.faults.length < 2 && // the rest of a read is asked for again
    own.faults.every((fault) => fault === "half-unread") &&
    (ledger.copies.get(messageId)?.deliveries ?? 0) > 1;
  if (again && !own.fresh.has(messageId))
    ledger.complaints.push(`P4: ${messageId} was rejected, and its handler runs again`);
  const runs = (own.runs.get(messageId) ?? 0) + 1;
  own.runs.set(messageId, runs);
  own.handled.add(order.key);
  if (order.payload < 0) ledger.complaints.push(`R3: the handler of ${messageId} got what an earlier run had changed`);
  if (own.answered) ledger.complaints.push(`L3: the handler of ${messageId} started when its invocation was answered`);
  const late = timeline.nowMs() > own.gateMs && !own.disturbed;
  if (late) ledger.complaints.push(`L3: the handler of ${messageId} started after the gate closed`);
  if (runs > RUNS_MAX) ledger.complaints.push(`R3: the handler of ${messageId} ran ${runs} times in one invocation`);
}

/** A message fresh in a batch runs fresh where its first delivery was rejected. */
const RUNS_MAX = 8;

interface Answered {
  readonly invocation: Invocation;
  readonly world: World;
}

/** Q1, and for each message that failed I14. */
export function judgeResponse(
  response: Partial<SqsBatchResponse> | undefined,
  records: readonly SqsRecord[],
  { invocation, world }: Answered,
): void {
  const { complaints } = world.ledger;
  if (!Array.isArray(response?.batchItemFailures)) {
    complaints.push(`Q1: the answer is ${JSON.stringify(response)}`);
    return;
  }
  judgeKept(invocation, world);
  const failed = new Set(response.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  const unknown = [...failed].filter((id) => !records.some(({ messageId }) => messageId === id));
  if (unknown.length > 0) complaints.push(`Q1: the answer names ${unknown.join(", ")}, which it did not get`);
  for (const { messageId, body } of records) {
    judgeGivenBack(messageId, body, { invocation, world });
    if (failed.has(messageId)) judgeLearnt(messageId, body, { invocation, world });
    if (failed.has(messageId) && isWithoutReason(messageId, body, { invocation, world })) {
      const faults = invocation.faults.join(", ") || "no fault";
      const code = invocation.codes.get(messageId);
      complaints.push(`I14: ${messageId} is reported failed (${code}) for ${faults}: ${body}`);
    }
  }
}

/** C2: not what its own release was told to be committed. */
function judgeLearnt(messageId: string, body: string, { invocation, world }: Answered): void {
  const key = orderOf(body)?.key ?? "";
  const record = world.ledger.records.get(world.ledger.keys.get(key)?.pk ?? "");
  if (!invocation.learnt.has(key) || record?.["messageId"]?.S !== messageId) return;
  world.ledger.complaints.push(`C2: ${messageId} is reported failed, and its release was told that it is committed`);
}

/** B3: of the last responses, each says what it said. */
export function judgeResponses({ ledger, responses }: World): void {
  for (const { again, said } of responses) {
    const now = JSON.stringify(again());
    if (now !== said) ledger.complaints.push(`B3: a response said ${said}, and says now ${now}`);
  }
  responses.splice(0, responses.length - RESPONSES_MAX);
}

const RESPONSES_MAX = 20;

/** CL6: a key whose handler has ended in good time is nobody's when its delivery is over. */
function judgeGivenBack(messageId: string, body: string, { invocation, world }: Answered): void {
  const { disturbed, ended, faults, gateMs, number } = invocation;
  const { ledger, sandboxes, timeline } = world;
  if (disturbed || faults.length > 0 || !ended.has(messageId) || timeline.nowMs() > gateMs) return;
  const record = ledger.records.get(ledger.keys.get(orderOf(body)?.key ?? "")?.pk ?? "");
  const own = [...sandboxes].some(({ process }) => process.madeIn(record?.["attemptId"]?.S ?? "") === number);
  if (!own || record?.["status"]?.S !== "IN_PROGRESS" || record["messageId"]?.S !== messageId) return;
  ledger.complaints.push(`CL6: the key of ${messageId} is still held when its delivery is over`);
}

/** CL6: nor is it given back while its handler runs. */
export function judgeRelease(
  record: Item | undefined,
  { invocations, ledger }: World,
  number: number | undefined,
): void {
  const own = invocations.get(number ?? 0);
  const messageId = record?.["messageId"]?.S ?? "";
  if (!own?.runs.has(messageId) || own.ended.has(messageId)) return;
  ledger.complaints.push(`CL6: the key of ${messageId} is given back while its handler runs`);
}

/** After these another try at once may do, and within the time of a pause or two. */
const MENDED: ReadonlySet<Fault> = new Set<Fault>([
  "answer-lost",
  "never-applied",
  "server-error",
  "server-error-applied",
  "throttled",
  "conflict",
  "conflict-on-record",
  "conflict-on-effect",
  "in-progress",
  "in-progress-applied",
  "one-throttled",
  "one-conflicts",
  "one-failed-applied",
  "answer-short",
  "half-applied",
  "half-unread",
  "without-items",
]);
/** After these, once the caller has given the request up. */
const MENDED_ALONE: ReadonlySet<Fault> = new Set<Fault>(["hangs", "applied-later", "reset-then-applied"]);
const FAULTS_MAX = 3;
const TIME_MS = 6_000;

function isWithoutReason(messageId: string, body: string, { invocation, world }: Answered): boolean {
  const { codes, contended, disturbed, faults, finished, gateMs } = invocation;
  const order = orderOf(body);
  const finishedMs = finished.get(messageId);
  if (codes.get(messageId) === "SEMEL_DEAD_LETTER") return false; // its own client tries that again, not the runtime
  if (!order || finishedMs === undefined || disturbed || contended.has(order.key)) return false;
  const alone = faults.length === 1 && faults.every((fault) => MENDED_ALONE.has(fault));
  if (!alone && (faults.length > FAULTS_MAX || !faults.every((fault) => MENDED.has(fault)))) return false;
  const state = world.ledger.keys.get(order.key);
  const format = world.ledger.records.get(state?.pk ?? "")?.["formatVersion"]?.N ?? "1";
  const isPlain = kindOf(order.key) === "plain" && state?.newer !== true && state?.foreign !== true && format === "1";
  const isSlow = Object.keys(world.habits.latencyMs).length > 0;
  const isOwnFault = world.habits.loose > 0 && codes.get(messageId) === "SEMEL_EFFECT"; // a step that it left
  return isPlain && !isOwnFault && !isSlow && gateMs - finishedMs > TIME_MS;
}

interface Thrown extends Answered {
  readonly order: Order;
  /** Before it began. */
  readonly wasDone: boolean;
}

/** O1, O2. */
export function judgeThrown(error: Error, { order, wasDone, invocation, world }: Thrown): void {
  const { complaints } = world.ledger;
  const isHandlers = error.message === "this time" || error.name === "RetryLater";
  const { code } = error as { code?: string };
  if (code === "SEMEL_HANDLER") complaints.push(`O2: the call for ${order.key} threw ${error.message}`);
  if (wasDone && isHandlers && invocation.faults.length === 0 && !invocation.disturbed) {
    complaints.push(`O1: ${order.key} is done, and the call for it threw ${error.message}`);
  }
}

/** Longer than an invocation, by the time of one. */
const ABSURD_MS = 16 * 60_000;

/** Codes that say that nothing was committed. */
const NOTHING_DONE: ReadonlySet<string> = new Set([
  "SEMEL_REFUSED",
  "SEMEL_CONTENTION",
  "SEMEL_CONDITION",
  "SEMEL_HANDLER",
  "SEMEL_RETRY_LATER",
  "SEMEL_DEADLINE",
]);

/** C2. Hears what is told of a message when it is told. */
export function listener(sandbox: () => Sandbox, world: World): Logger {
  const { ledger, onTheirWay, setup } = world;
  const error = (_: string, { messageId, key, code }: Record<string, unknown> = {}): void => {
    const own = sandbox().busy;
    if (!own || typeof code !== "string" || typeof key !== "string") return;
    own.codes.set(String(messageId), code);
    const state = ledger.keys.get(key);
    const {
      attemptId = { S: state?.attemptId ?? "" },
      messageId: holder,
      status,
    } = ledger.records.get(state?.pk ?? "") ?? {};
    const isMine = sandbox().process.madeIn(attemptId.S ?? "") === own.number;
    if (
      code === "SEMEL_CONTENTION" &&
      status?.S === "IN_PROGRESS" &&
      isMine &&
      holder?.S === messageId &&
      !own.runs.has(String(messageId))
    ) {
      ledger.complaints.push(`C2: ${messageId} was told that its key is not acquired, and it is`);
    }
    judgeInsert(String(messageId), code, own);
    if (code === "SEMEL_HANDLER" && !own.handled.has(key))
      ledger.complaints.push(`B2: ${messageId} was told that its handler failed, which never ran`);
    if (code === "SEMEL_LEASE_LOST" && isMine) {
      ledger.complaints.push(`LE1: ${messageId} was told that its lease is lost, and nobody else has its key`);
    }
    // Nothing here is refused as it is: a request that was is one that should not have been made.
    if (code === "SEMEL_REFUSED" && own.faults.length === 0)
      ledger.complaints.push(`A3: a request for ${messageId} was refused, or taken for refused`);
    if (!NOTHING_DONE.has(code)) return;
    const isOwn = isMine && (status?.S === "COMPLETED" || state?.attemptId !== undefined);
    if (isOwn) ledger.complaints.push(`C2: ${messageId} was told to have failed (${code}), and is committed`);
    if (strategyOf(setup, sandbox().process.version) === "claim") return; // a release settles what is on its way
    const open = [...onTheirWay].some(({ invocation, keys }) => invocation === own.number && keys.includes(key));
    if (open) ledger.complaints.push(`C2: ${messageId} was told to have failed (${code}), and may be applied yet`);
  };
  /** IN3: what is gone is not inserted again, and what was not seen is not gone. */
  function judgeInsert(messageId: string, code: string, own: Invocation): void {
    if (setup.strategy !== "insert") return;
    const contends = own.faults.some((fault) => /conflict|throttled/.test(fault));
    if (code === "SEMEL_CONTENTION" && !contends)
      ledger.complaints.push(`IN3: ${messageId} goes back for a conflict that nobody had`);
    if (code === "SEMEL_INSERT" && !own.sawItems)
      ledger.complaints.push(`IN3: ${messageId} is rejected for an item that nobody saw`);
  }

  /** CL3: a lease of a clock that goes far ahead is not waited for. */
  const debug = (text: string, { messageId, key }: Record<string, unknown> = {}): void => {
    const record = text.includes("deferred") ? ledger.records.get(ledger.keys.get(String(key))?.pk ?? "") : undefined;
    const leftMs = Number(record?.["leaseUntil"]?.N) - sandbox().process.host.nowMs();
    if (record?.["status"]?.S !== "IN_PROGRESS" || !(leftMs > ABSURD_MS) || sandbox().busy?.disturbed) return;
    ledger.complaints.push(`CL3: ${messageId} waits for a lease of ${leftMs} ms`);
  };
  const silent = (): void => {};
  return { debug, info: silent, warn: silent, error };
}

/** X3. */
export function judgeDeclared(messageId: string, own: Invocation | undefined, { ledger, timeline }: World): void {
  if (!own || own.disturbed || timeline.nowMs() <= own.gateMs + MARGIN_MS) return;
  ledger.complaints.push(`X3: the handler of ${messageId} declared effects after its time, and was not told`);
}
