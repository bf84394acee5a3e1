// Whether the actions that the constructs grant are enough, and none too many: the runtime sends every command it has under
// exactly these; then one request for each action is sent again without it.
//
//   IA1. With all grants nothing is denied.
//   IA2. Without any one of them, a request of the runtime is denied.

import {
  DEAD_LETTER_ACTIONS,
  EFFECT_ACTIONS,
  INSERT_ACTIONS,
  RECORD_ACTIONS,
  RETRY_ACTIONS,
  STATE_ACTIONS,
} from "../../lib/constructs/grants.ts";
import type { SqsRequest } from "../../lib/consumer/sqs-send.ts";
import type { BatchExecuteStatementOutput, DynamoDbRequest } from "../../lib/store/send.ts";
import {
  queueUseOf,
  runEffects,
  runInserts,
  runRedeliveries,
  runStates,
  type Surroundings,
  type Use,
  usesOf,
} from "../support/every-command.ts";
import { nameOf } from "./answers.ts";

export const GRANTS = {
  Records: RECORD_ACTIONS,
  Ledger: EFFECT_ACTIONS,
  Journal: INSERT_ACTIONS,
  States: STATE_ACTIONS,
  queue: RETRY_ACTIONS,
  deadLetterQueue: DEAD_LETTER_ACTIONS,
} as const;
export type Resource = keyof typeof GRANTS;
const RESOURCES = Object.keys(GRANTS) as Resource[];

export interface Grant {
  readonly resource: Resource;
  readonly action: string;
}
export const ALL_GRANTS: readonly Grant[] = RESOURCES.flatMap((resource) =>
  GRANTS[resource].map((action) => ({ resource, action })),
);

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export const SESSION_POLICY_CHARACTERS_MAX = 2_048;

/** A session policy with all grants but one. */
export function policyWithout(left: Grant | undefined, arns: Readonly<Record<Resource, string>>): string {
  const Statement = RESOURCES.map((resource) => ({
    Effect: "Allow",
    Action: GRANTS[resource].filter((action) => resource !== left?.resource || action !== left.action),
    Resource: arns[resource],
  })).filter(({ Action }) => Action.length > 0);
  return JSON.stringify({ Version: "2012-10-17", Statement });
}

type Seams = Pick<Surroundings, "send" | "sqsSend">;

export interface Stage {
  readonly around: Omit<Surroundings, "send" | "sqsSend">;
  readonly arns: Readonly<Record<Resource, string>>;
  /** Requests are authorized by this policy. */
  assume(policy: string): Promise<Seams>;
}

interface Sent {
  readonly what: string;
  readonly uses: readonly Use[];
  again(seams: Seams): Promise<unknown>;
}

/** What it found. Throws where IA1 or IA2 does not hold. */
export async function examineGrants(stage: Stage): Promise<string> {
  const sent = await sendEveryCommand(stage);
  const words = new Set<string>();
  for (const grant of ALL_GRANTS) {
    const name = `${grant.action} on ${grant.resource}`;
    const request = sent.find(({ uses }) => uses.some((use) => isOf(use, grant, stage)));
    if (request === undefined) throw new Error(`${name} is granted, but nothing that was sent needs it`);
    const { denied, word } = await outcomeOf(request, await stage.assume(policyWithout(grant, stage.arns)));
    if (!denied) throw new Error(`${name} is granted, but without it ${request.what} comes to ${word}`); // IA2
    words.add(`${request.what}: ${word}`);
  }
  return `${ALL_GRANTS.length} actions are enough, and each is needed; denials are ${[...words].join(", ")}`;
}

function isOf({ resource, action }: Use, grant: Grant, { around }: Stage): boolean {
  return action === grant.action && resourceOf(resource, around.deadLetterQueueUrl) === grant.resource;
}

/** Of a table's name, a queue's name, or the URL of the dead-letter queue. */
function resourceOf(named: string, deadLetterQueueUrl: string): Resource {
  if (named === deadLetterQueueUrl) return "deadLetterQueue";
  return RESOURCES.find((resource) => resource === named) ?? "queue";
}

/** IA1. All that was sent. */
async function sendEveryCommand(stage: Stage): Promise<Sent[]> {
  const seams = await stage.assume(policyWithout(undefined, stage.arns));
  const sent: Sent[] = [];
  const denied: string[] = [];
  async function watched<T>(one: Sent, answer: Promise<T>): Promise<T> {
    sent.push(one);
    const word = await answer.then(deniedStatement, deniedCall);
    if (word !== undefined) denied.push(`${one.what}: ${word}`);
    return answer;
  }
  const around: Surroundings = {
    ...stage.around,
    send: (request, options) => watched(sentToTables(request), seams.send(request, options)),
    sqsSend: (request, options) => watched(sentToQueue(request), seams.sqsSend(request, options)),
  };
  for (const run of [runEffects, runRedeliveries, runInserts, runStates]) await run(around);
  if (denied.length > 0) throw new Error(`denied under all grants: ${denied.join(", ")}`);
  return sent;
}

const sentToTables = (request: DynamoDbRequest): Sent => ({
  what: request.operation,
  uses: usesOf(request),
  again: ({ send }) => send(request, {}),
});
const sentToQueue = (request: SqsRequest): Sent => ({
  what: request.operation,
  uses: [queueUseOf(request)],
  again: ({ sqsSend }) => sqsSend(request, {}),
});

/** What the request comes to, and whether that is a denial. */
async function outcomeOf({ what, again }: Sent, seams: Seams): Promise<{ denied: boolean; word: string }> {
  return again(seams).then(
    (answer) => {
      const word = deniedStatement(answer);
      return { denied: word !== undefined, word: word ?? "success" };
    },
    (error: unknown) => {
      // SQS does not tell who may not ask for a queue's URL from who asks for a queue that is not there.
      const hidden = what === "GetQueueUrl" && nameOf(error) === "QueueDoesNotExist";
      return { denied: hidden || deniedCall(error) !== undefined, word: nameOf(error) };
    },
  );
}

const DENIED = /\bAccessDenied(Exception)?\b/;

function deniedCall(error: unknown): string | undefined {
  return DENIED.test(nameOf(error)) ? nameOf(error) : undefined;
}

/** A statement may be denied while its call is not. */
function deniedStatement(answer: unknown): string | undefined {
  const { Responses } = answer as BatchExecuteStatementOutput;
  if (!Array.isArray(Responses)) return undefined;
  const code = Responses.map(({ Error: error }) => error?.Code ?? "").find((one) => DENIED.test(one));
  return code === undefined ? undefined : `${code} of a statement`;
}
