// The way of a request from a process to AWS: when it takes effect, when its answer is heard, and what goes wrong.
//
//   L1. No commit is sent by an invocation that is over, or whose gate is closed. It names, in its ids, the invocation.

import type { SqsAnswerOf, SqsRequest, SqsSend } from "../../../lib/consumer/sqs-send.ts";
import type { AnswerOf, DynamoDbRequest, Send } from "../../../lib/store/send.ts";
import { named } from "../../support/faulty-send.ts";
import { heard, type Outcome } from "../seeded/answer.ts";
import { type AwsRequest, applyUnder, drawCourse, type Fault, faultError } from "../seeded/faults.ts";
import type { SandboxProcess } from "../seeded/process.ts";
import type { Body } from "./messages.ts";
import { LATER_MS_MAX } from "./setup.ts";
import type { Invocation, World } from "./world.ts";

const NEVER = new Promise<never>(() => {});

export function connect(process: SandboxProcess, world: World): { readonly send: Send; readonly sqsSend: SqsSend } {
  const { chance, figures, ledger, note, queues, setup, store, timeline, weather } = world;
  const habits = { faults: setup.faults, laterMsMax: LATER_MS_MAX, latencyMs: setup.latencyMs };

  function request(given: AwsRequest, signal: AbortSignal | undefined): Promise<unknown> {
    if (process.dead) return NEVER;
    judgeMoment(given);
    if (signal?.aborted) return Promise.reject(named("AbortError", "aborted"));
    const { outage, quiet } = weather;
    const inOutage = outage !== undefined && !quiet && timeline.nowMs() < outage.untilMs;
    const climate = { faultRate: quiet ? 0 : setup.faultRate, outage: inOutage ? outage.faults : [], habits };
    const { fault, effectMs, answerMs } = drawCourse(given, climate, chance);
    const invocation = world.invocations.get(process.invocation);
    if (fault !== "none") {
      figures.count(`fault ${fault}`);
      invocation?.faults.push(fault);
    }
    if (invocation && commits(given)) invocation.commits++;
    figures.count(`request ${given.operation}`);
    const about = namesIn(given);
    const line = (what: string): void => note(`p${process.number} ${given.operation}${about} ${what}`);
    line(`sent, ${fault}`);
    if (fault === "dies-before") process.kill();
    const failure = faultError(fault, given);
    let outcome: Outcome = { error: failure };
    if (failure && fault.startsWith("conflict-on")) store.cancel(given as DynamoDbRequest, failure);
    if (effectMs !== undefined)
      timeline.after(effectMs, () => {
        outcome = outcomeOf(given, fault, invocation);
        line("error" in outcome ? `refused: ${(outcome.error as Error).name}` : "applied");
        const said = faultError(fault, given);
        if (said) outcome = { error: said };
        if (fault === "dies-after") process.kill();
      });
    return heard(process, { answerMs, signal, timeline }, () => outcome);
  }

  function outcomeOf(given: AwsRequest, fault: Fault, invocation: Invocation | undefined): Outcome {
    try {
      return { answer: apply(given, fault) };
    } catch (error) {
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
        const answer = queues.act("SendMessage", { ...given.input });
        ledger.deadLettered((JSON.parse(given.input.MessageBody) as Body).key);
        return answer;
      }
      case "ChangeMessageVisibilityBatch":
      case "GetQueueUrl":
        return queues.act(given.operation, { ...given.input });
      default:
        return applyUnder(fault, given, (one) => store.apply(one, process.number % 1000));
    }
  }

  /** L1. */
  function judgeMoment(given: AwsRequest): void {
    if (!commits(given)) return;
    const ids = idsOf(given);
    for (const id of ids) {
      const invocation = world.invocations.get(process.madeIn(id) ?? 0);
      if (!invocation || (timeline.nowMs() <= invocation.gateMs && !invocation.over)) continue;
      ledger.complaints.push(
        `L1: p${process.number} sends a commit of its invocation ${invocation.number}, which is over`,
      );
      return;
    }
  }

  return {
    send: <R extends DynamoDbRequest>(given: R, { signal }: { signal?: AbortSignal }) =>
      request(given, signal) as Promise<AnswerOf<R>>,
    sqsSend: <R extends SqsRequest>(given: R, { signal }: { signal?: AbortSignal }) =>
      request(given, signal) as Promise<SqsAnswerOf<R>>,
  };
}

function commits({ operation }: AwsRequest): boolean {
  return operation === "TransactWriteItems" || operation === "PutItem";
}

/** What messages have effects in it, for people. */
function namesIn({ input }: AwsRequest): string {
  const names = JSON.stringify(input).match(/(?<=put )e\d+/g) ?? [];
  return names.length === 0 ? "" : ` of ${names.join(" ")}`;
}

/** Of a put, not those of the state that it goes on from. */
function idsOf({ operation, input }: AwsRequest): string[] {
  const text = JSON.stringify(operation === "PutItem" ? input.Item : input);
  return text.match(/00000000-0000-4000-8\d{3}-\d{12}/g) ?? [];
}
