// The way of a request from a process to AWS: when it takes effect, when its answer is heard, and what goes wrong.
//
//   L1. No commit is sent by an invocation that is over, or whose gate is closed. A commit names, in its ids, the invocation
//       that made them.
//   A3.  No request is made that AWS would refuse at any time. GC3. No item is in two transactions under way of one invocation that commits in groups.
//   A4. No transaction is sent again under a token of whose cancellation its sender was told: it would get the same answer.
//   LE2. No commit is sent while a renewal of the same process is under way for its key.
//   RD1. No message is hidden for longer than SQS takes.
//   I12. Counted for each invocation; judged at its end, see invocations.ts.

import type { Item } from "../../../lib/aws/dynamodb.ts";
import { VISIBILITY_TIMEOUT_SECONDS_MAX } from "../../../lib/aws/limits.ts";
import type { VisibilityEntry } from "../../../lib/aws/sqs.ts";
import type { SqsAnswerOf, SqsRequest, SqsSend } from "../../../lib/consumer/sqs-send.ts";
import { FAILURE_ATTRIBUTE, type Failure } from "../../../lib/protocol/rejection.ts";
import type { AnswerOf, DynamoDbRequest, Send } from "../../../lib/store/send.ts";
import { named } from "../../support/faulty-send.ts";
import { heard, type Outcome } from "./answer.ts";
import { type AwsRequest, applyUnder, type Course, drawCourse, type Fault, faultError } from "./faults.ts";
import type { Invocation } from "./invocation.ts";
import { JOURNAL, orderOf } from "./messages.ts";
import type { SandboxProcess } from "./process.ts";
import { judgeRelease, judgeTaken, judgeTakeover } from "./verdicts.ts";
import { RECORD_KEYS, type World } from "./world.ts";

interface Way {
  readonly signal: AbortSignal | undefined;
  readonly line: (what: string) => void;
  readonly keys: readonly string[];
}

export interface Connection {
  readonly send: Send;
  readonly sqsSend: SqsSend;
}

const NEVER = new Promise<never>(() => {});

export function connect(process: SandboxProcess, world: World): Connection {
  const { chance, figures, ledger, note, timeline } = world;
  const renewing = new Set<string>();
  const underWay = new Set<string>();
  const cancelled = new Set<string>(); // client request tokens

  function request(given: AwsRequest, signal: AbortSignal | undefined): Promise<unknown> {
    if (process.dead) return NEVER;
    judgeMoment(given); // also of what the client then does not send
    if (signal?.aborted) return Promise.reject(named("AbortError", "aborted"));
    const keys = keysIn(given, world);
    judgeRenewals(given, keys);
    const isRelease = given.operation === "UpdateItem" && JSON.stringify(given.input).includes(":semelReleased");
    for (const key of isRelease ? keys : []) {
      const record = ledger.records.get(ledger.keys.get(key)?.pk ?? "");
      judgeRelease(record, world, process.madeIn(record?.["attemptId"]?.S ?? ""));
    }
    const releaser = world.invocations.get(process.madeIn(idIn(given)) ?? 0);
    for (const key of isRelease ? keys : []) {
      if (releaser?.stepping.has(key)) ledger.complaints.push(`ST5: ${key} is given back while its step runs`);
    }
    const token = given.operation === "TransactWriteItems" ? given.input.ClientRequestToken : undefined;
    if (token !== undefined && cancelled.has(token)) ledger.complaints.push(`A4: ${keys} go again under a spent token`);
    const items = itemsOf(given, process.invocation, world);
    const invocation = world.invocations.get(process.invocation);
    const twice = items.find((item) => underWay.has(item));
    // Where the table's key could not be looked up, messages go alone, and may meet each other.
    const unknown = (invocation?.requests["DescribeTable"] ?? 0) > 1;
    if (twice !== undefined && !unknown) ledger.complaints.push(`GC3: ${twice} is in two transactions under way`);
    for (const item of items) underWay.add(item);
    const { outage, quiet } = world.weather;
    const inOutage = outage && !quiet && timeline.nowMs() < outage.untilMs;
    const climate = { faultRate: world.faultRate(), outage: inOutage ? outage.faults : [], habits: world.habits };
    const course = drawCourse(given, climate, chance);
    if (course.fault !== "none") figures.count(`fault ${course.fault}`);
    if (course.fault !== "none") invocation?.faults.push(course.fault);
    const isClaims = given.operation === "PutItem" || given.operation === "UpdateItem";
    if (course.fault !== "none" && invocation && isClaims) invocation.leaseTrouble = true;
    if (invocation) invocation.requests[given.operation] = (invocation.requests[given.operation] ?? 0) + 1;
    figures.count(`request ${given.operation}`);
    const line = (what: string): void => note(`p${process.number} ${given.operation} ${what}`, keys);
    line(`sent, ${course.fault}`);
    if (course.fault === "dies-before") process.kill();
    const answered = travel(given, course, { signal, line, keys });
    const over = (): void => {
      for (const item of items) underWay.delete(item);
    };
    answered.then(over, over);
    answered.then(
      () => see(given, course.fault, invocation),
      () => see(given, course.fault, invocation),
    );
    answered.catch(({ name }: Error) => {
      if (token !== undefined && name === "TransactionCanceledException") cancelled.add(token);
    });
    if (isRelease) answered.catch((error: Error) => learn(error, releaser, keys));
    return answered;
  }

  /** What stands in the way of an insert comes with its answer, or is read. */
  function see({ operation, input }: AwsRequest, fault: Fault, own: Invocation | undefined): void {
    const isRead = operation === "BatchGetItem";
    const several = isRead && Object.values(input.RequestItems).some(({ Keys }) => Keys.length > 1);
    const tells = isRead || operation === "BatchExecuteStatement" || operation === "PutItem";
    const isSilent = fault === "without-items" || (fault === "half-unread" && !several);
    if (own && tells && !isSilent) own.sawItems = true;
  }

  /** A release that is refused tells what became of its key. */
  function learn(error: Error, releaser: Invocation | undefined, keys: readonly string[]): void {
    if (error.name !== "ConditionalCheckFailedException" || !releaser) return;
    for (const key of keys) {
      const { attemptId, status } = ledger.records.get(ledger.keys.get(key)?.pk ?? "") ?? {};
      const isOwn = process.madeIn(attemptId?.S ?? "") === releaser.number;
      if (isOwn && status?.S === "COMPLETED") releaser.learnt.add(key);
    }
  }

  /** LE2: a commit would meet its own renewal. */
  function judgeRenewals({ operation }: AwsRequest, keys: readonly string[]): void {
    const met = operation === "TransactWriteItems" ? keys.find((key) => renewing.has(key)) : undefined;
    if (met !== undefined) ledger.complaints.push(`LE2: ${met} is committed while its lease is being renewed`);
  }

  function travel(
    given: AwsRequest,
    { fault, effectMs, answerMs }: Course,
    { signal, line, keys }: Way,
  ): Promise<unknown> {
    const failure = faultError(fault, given);
    let outcome: Outcome = { error: failure };
    if (failure && fault.startsWith("conflict-on")) world.store.cancel(given as DynamoDbRequest, failure);
    if (effectMs !== undefined) {
      const own = { invocation: process.invocation, keys };
      if (commits(given)) world.onTheirWay.add(own);
      timeline.after(effectMs, () => {
        world.onTheirWay.delete(own);
        outcome = outcomeOf(given, fault);
        line("error" in outcome ? `refused: ${(outcome.error as Error).name}` : "applied");
        const said = faultError(fault, given);
        if (said) outcome = { error: said };
        if (fault === "dies-after") process.kill();
      });
    }
    const renewed = isRenewal(given) ? keys[0] : undefined;
    if (renewed !== undefined) renewing.add(renewed);
    const answered = heard(process, { answerMs, signal, timeline }, () => outcome);
    const over = (): void => void (renewed !== undefined && renewing.delete(renewed));
    answered.then(over, over);
    return answered;
  }

  function outcomeOf(given: AwsRequest, fault: Fault): Outcome {
    try {
      return { answer: apply(given, fault) };
    } catch (error) {
      const invocation = world.invocations.get(process.invocation);
      if (invocation) invocation.refusals++;
      const { name, message } = error as Error;
      if (name === "ValidationException") ledger.complaints.push(`A3: a ${given.operation} was no request: ${message}`);
      return { error };
    }
  }

  function apply(given: AwsRequest, fault: Fault): unknown {
    switch (given.operation) {
      case "SendMessage": {
        if (fault === "no-id") return {}; // somebody answered who is not SQS
        const answer = world.queues.act("SendMessage", { ...given.input });
        const failure = JSON.parse(
          given.input.MessageAttributes?.[FAILURE_ATTRIBUTE]?.StringValue ?? "{}",
        ) as Partial<Failure>;
        ledger.deadLettered(String(answer["MessageId"]), failure, given.input.MessageBody);
        return answer;
      }
      case "ChangeMessageVisibilityBatch": {
        const answer = world.queues.act(given.operation, { ...given.input });
        if (process.skewMs === 0 && fault === "none") judgeHiding(given.input.Entries, world);
        return answer;
      }
      case "GetQueueUrl":
        return world.queues.act(given.operation, { ...given.input });
      default:
        return applyUnder(fault, given, (one) => {
          const taken = acquires(one) ? keysIn(one, world).flatMap((key) => ledger.keys.get(key) ?? []) : [];
          const seen = taken.map(({ pk }) => ledger.records.get(pk));
          const answer = world.store.apply(one, process.number % 1000);
          for (const [index, record] of seen.entries()) {
            judgeTakeover(record, process, world);
            judgeTaken(record, ledger.records.get(taken[index]?.pk ?? ""), process, world);
          }
          return answer;
        });
    }
  }

  /** L1. */
  function judgeMoment(given: AwsRequest): void {
    if (given.operation === "SendMessage") judgeLetter(given.input.MessageBody);
    if (!commits(given) && !acquires(given)) return;
    const { ":semelSeenAttempt": _, ...values } = valuesOf(given);
    const text = JSON.stringify(given.operation === "UpdateItem" ? values : given.input);
    for (const [id] of text.matchAll(/00000000-0000-4000-8\d{3}-\d{12}/g)) {
      const invocation = world.invocations.get(process.madeIn(id) ?? 0);
      if (!invocation || invocation.jumped) continue;
      if (timeline.nowMs() <= invocation.gateMs && !invocation.over) continue;
      ledger.complaints.push(
        `L1: p${process.number} sends a commit of its invocation ${invocation.number}, which is over`,
      );
      return;
    }
  }

  /** RE1: what needs no record goes when it is rejected, so never after the gate; but a try that was left may go again. */
  function judgeLetter(body: string): void {
    const own = world.invocations.get(process.invocation);
    if (!own || own.letters.has(body) || orderOf(body) !== undefined) return;
    own.letters.add(body);
    if (own.disturbed || timeline.nowMs() <= own.gateMs) return;
    ledger.complaints.push(`RE1: p${process.number} dead-letters ${body} after its gate closed`);
  }

  return {
    send: <R extends DynamoDbRequest>(given: R, { signal }: { signal?: AbortSignal }) =>
      request(given, signal) as Promise<AnswerOf<R>>,
    sqsSend: <R extends SqsRequest>(given: R, { signal }: { signal?: AbortSignal }) =>
      request(given, signal) as Promise<SqsAnswerOf<R>>,
  };
}

function idIn({ input }: AwsRequest): string {
  const values = ("ExpressionAttributeValues" in input && input.ExpressionAttributeValues) || {};
  return (values as Item)[":semelAttempt"]?.S ?? "";
}

function commits({ operation, input }: AwsRequest): boolean {
  if (operation === "TransactWriteItems" || operation === "BatchExecuteStatement") return true;
  return operation === "PutItem" && "TableName" in input && input.TableName === JOURNAL;
}

/** Of an update: with the attempt that it takes over, which is not its own. */
function valuesOf({ input }: AwsRequest): Item {
  return ("ExpressionAttributeValues" in input && input.ExpressionAttributeValues) || {};
}

/** RD1: never beyond 12 hours from the receipt, but for the way of the request and the rounding to seconds. */
function judgeHiding(entries: readonly VisibilityEntry[], { ledger, queues, timeline }: World): void {
  for (const { ReceiptHandle, VisibilityTimeout } of entries) {
    const [, id = ""] = Buffer.from(ReceiptHandle, "base64").toString().split(" ");
    const message = queues.source().get(id);
    const ageSeconds = message ? (timeline.nowMs() - message.receivedAtMs) / 1000 : 0;
    if (VisibilityTimeout + ageSeconds <= VISIBILITY_TIMEOUT_SECONDS_MAX + 2) continue;
    ledger.complaints.push(`RD1: ${id} is to be hidden for ${VisibilityTimeout} s after ${ageSeconds} s`);
  }
}

function isRenewal({ operation, input }: AwsRequest): boolean {
  if (operation !== "UpdateItem" || !("UpdateExpression" in input)) return false;
  return input.UpdateExpression === "SET leaseUntil = :semelLease";
}

/** A release and the result of a step may still go out when the gate is closed. */
function acquires({ operation, input }: AwsRequest): boolean {
  if (operation === "PutItem") return true;
  return operation === "UpdateItem" && "UpdateExpression" in input && input.UpdateExpression.includes("if_not_exists");
}

/** What a group commit writes or checks. GC3 */
function itemsOf(request: AwsRequest, invocation: number, { setup }: World): string[] {
  if (request.operation !== "TransactWriteItems" || !setup.groupCommit) return [];
  return request.input.TransactItems.map(({ Put, Update, Delete, ConditionCheck }) => {
    const { TableName = "", Key = {} } = Update ??
      Delete ??
      ConditionCheck ?? { TableName: Put?.TableName, Key: Put?.Item };
    return `${TableName} ${(Key["id"] ?? Key["pk"])?.S} of invocation ${invocation}`;
  });
}

/** For the histories of messages. */
function keysIn(request: AwsRequest, { ledger }: World): string[] {
  if (request.operation === "SendMessage") return [request.input.MessageBody];
  const text = JSON.stringify(request.input);
  return [...new Set(text.match(RECORD_KEYS))].flatMap((pk) => ledger.keyOf(pk) ?? []);
}
