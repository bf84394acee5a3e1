// Facts about dead letters and redrives: S13 to S16; and what can be seen of L15 without Lambda.

import {
  ChangeMessageVisibilityCommand,
  type Message,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
} from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, expect } from "vitest";
import { createScene, pause, type Scene } from "../local/sqs/scene.ts";
import { sqsTarget } from "./engines.ts";
import { fact } from "./fact.ts";
import { givenFor, missing } from "./given.ts";

/** Moves and redrives take their time on AWS. */
const RECEIVES_MAX = 30;
const RECEIVE_SECONDS = 4;
const timeoutMs = 240_000;
const TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793";

const lacking = missing("SQS");
let scene: Scene;
beforeAll(() => {
  if (lacking === undefined) scene = createScene(sqsTarget());
});
afterAll(() => scene?.end());

async function arrival(url: string, VisibilityTimeout: number): Promise<Message> {
  for (let left = RECEIVES_MAX; left > 0; left--) {
    const [message] = await scene.receive(url, { WaitTimeSeconds: RECEIVE_SECONDS, VisibilityTimeout });
    if (message !== undefined) return message;
  }
  throw new Error(`no message came to ${url} in ${RECEIVES_MAX * RECEIVE_SECONDS} s`); // it is lost
}

/** Until the dead-letter queue has what the source gives no more. */
async function deadLetter(url: string, deadUrl: string): Promise<Message> {
  for (let left = RECEIVES_MAX; left > 0; left--) {
    await scene.receive(url, { WaitTimeSeconds: 1, VisibilityTimeout: 0 });
    const [dead] = await scene.receive(deadUrl, { WaitTimeSeconds: 1, VisibilityTimeout: 60 });
    if (dead !== undefined) return dead;
  }
  throw new Error(`no message came to ${deadUrl}`);
}

async function redriven(url: string, deadUrl: string, dead: Message): Promise<Message> {
  const visible = { QueueUrl: deadUrl, ReceiptHandle: dead.ReceiptHandle, VisibilityTimeout: 0 };
  await scene.sqs.send(new ChangeMessageVisibilityCommand(visible));
  await pause(1_000);
  await scene.sqs.send(new StartMessageMoveTaskCommand({ SourceArn: await scene.arn(deadUrl) }));
  return arrival(url, 30);
}

/** Which of the ids that are known it is. */
function nameOf(id: string | undefined, known: Readonly<Record<string, string | undefined>>): string {
  if (id === undefined) return "none";
  return Object.keys(known).find((name) => known[name] === id) ?? `another (${id})`;
}

const kept = (is: boolean): string => (is ? "kept" : "lost");

for (const isFifo of [false, true]) {
  const type = isFifo ? "FIFO" : "standard";
  const question = `what a message of a ${type} queue is on its way to the dead-letter queue and back`;
  fact({ id: "S13-S16", question, missing: lacking, timeoutMs }, async () => {
    const { url, deadUrl } = await scene.pair(1, isFifo);
    const MessageAttributes = { a: { DataType: "String", StringValue: "b" } };
    const MessageSystemAttributes = { AWSTraceHeader: { DataType: "String", StringValue: TRACE } };
    const group = isFifo ? { MessageGroupId: "g", MessageDeduplicationId: "given" } : {};
    const sent = await scene.send(url, "body", { MessageAttributes, MessageSystemAttributes, ...group });
    const dead = await deadLetter(url, deadUrl);
    const back = await redriven(url, deadUrl, dead);

    expect([dead.Body, back.Body]).toEqual(["body", "body"]);
    expect(back.MessageId).not.toBe(sent.MessageId); // P4: a rejection does not stop its own redrive
    const ids = { "the message's id": sent.MessageId, "the given one": "given", "its new id": back.MessageId };
    const told = ({ MessageId, Attributes, MessageAttributes: own }: Message): string =>
      [
        `id ${nameOf(MessageId, { kept: sent.MessageId, new: back.MessageId })}`,
        `receive count ${Attributes?.ApproximateReceiveCount}`,
        `attributes ${kept(own?.["a"]?.StringValue === "b")}`,
        `trace ${kept(Attributes?.AWSTraceHeader === TRACE)}`,
        ...(isFifo ? [`deduplication id: ${nameOf(Attributes?.MessageDeduplicationId, ids)}`] : []),
        ...(isFifo ? [`sequence number ${ordered(sent.SequenceNumber, Attributes?.SequenceNumber)}`] : []),
      ].join(", ");
    return `dead: ${told(dead)}; redriven: ${told(back)}`;
  });
}

function ordered(before: string | undefined, after: string | undefined): string {
  if (before === undefined || after === undefined) return "none";
  const difference = BigInt(after) - BigInt(before); // 128 bits
  return difference === 0n ? "the same" : difference > 0n ? "higher" : "lower";
}

const lackingPolicies =
  givenFor("SQS").kind === "aws" ? undefined : (lacking ?? "no engine but AWS looks at the policies of queues");
const denialQuestion = "a dead-letter queue whose own policy denies StartMessageMoveTask to everybody";
fact({ id: "S18", question: denialQuestion, missing: lackingPolicies, timeoutMs }, async () => {
  const { deadUrl } = await scene.pair(1, true);
  const SourceArn = await scene.arn(deadUrl);
  const denial = { Effect: "Deny", Principal: "*", Action: "sqs:StartMessageMoveTask", Resource: SourceArn };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement: [denial] });
  // redrive "never" of the construct relies on this: a policy that is not taken would fail the deployment.
  await scene.sqs.send(new SetQueueAttributesCommand({ QueueUrl: deadUrl, Attributes: { Policy } }));
  for (let left = RECEIVES_MAX; left > 0; left--) {
    const start = new StartMessageMoveTaskCommand({ SourceArn });
    const answer = await scene.sqs.send(start).then(
      () => "started",
      (error: Error) => error.name,
    );
    if (/AccessDenied/.test(answer)) return "taken, and a move task is denied";
    await pause(RECEIVE_SECONDS * 1_000); // a policy takes up to a minute to hold
  }
  return "taken, and a move task is not denied";
});

fact({ id: "L15", question: "the same id twice in one receive", missing: lacking, timeoutMs }, async () => {
  const [RECEIVES, MESSAGES] = [50, 10];
  const url = await scene.queue();
  await Promise.all(Array.from({ length: MESSAGES }, (_, index) => scene.send(url, `m${index}`)));
  let [twice, received] = [0, 0];
  for (let left = RECEIVES; left > 0; left--) {
    const ids = (await scene.receive(url, { VisibilityTimeout: 0 })).map(({ MessageId }) => MessageId);
    received += ids.length;
    if (new Set(ids).size < ids.length) twice++;
  }
  // Nothing rests on it: messages of one key in one batch run once, and are answered alike.
  return `in ${twice} of ${RECEIVES} receives, ${received} messages in all; batches of Lambda's poller are not seen here`;
});
