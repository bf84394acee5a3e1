// A contender's process: one Lambda sandbox. Loads its bundle, and runs batches when told.

import type { KinesisEvent, KinesisRecord, SqsBatchResponse, SqsEvent, SqsRecord } from "../lib/aws/lambda.ts";
import { type Batch, earlierEvent, eventOf } from "./events.ts";
import { answerCalls } from "./ipc.ts";

export type WorkerCall =
  /** Imports the bundle; answers how long it took, ms. */
  | { readonly kind: "load"; readonly bundle: string }
  /** Processes the messages that come before the batches, the first time. */
  | { readonly kind: "prepare"; readonly batches: readonly Batch[] }
  /** Answers a Run. */
  | { readonly kind: "run"; readonly batches: readonly Batch[] }
  /** Delivers again what was given back, until nothing is. */
  | { readonly kind: "settle" }
  /** Answers the most memory that the process ever had, bytes. */
  | { readonly kind: "peak-memory" };

export interface Run {
  /** Of each batch, from the event to the response. */
  readonly batchMs: readonly number[];
  /** User and system time of all of them, microseconds. */
  readonly cpuUs: number;
  /** Messages that the responses name as failed. */
  readonly givenBack: number;
}

type Handler = (event: SqsEvent | KinesisEvent, context: object) => Promise<SqsBatchResponse>;

const FUNCTION_TIMEOUT_MS = 120_000;
const REDELIVERIES_MAX = 20;

let handler: Handler | undefined;
let givenBack: (SqsRecord | KinesisRecord)[] = [];

// The SDK warns of queueing requests, which would be measured too.
console.warn = () => {};

async function answer(call: WorkerCall): Promise<unknown> {
  switch (call.kind) {
    case "load": {
      const startMs = performance.now();
      handler = ((await import(call.bundle)) as { handler: Handler }).handler;
      return performance.now() - startMs;
    }
    case "prepare":
      for (const batch of call.batches) {
        const event = earlierEvent(batch);
        if (event !== undefined) await invoke(event);
      }
      return undefined;
    case "run":
      return run(call.batches);
    case "settle":
      return redeliver();
    case "peak-memory":
      return process.resourceUsage().maxRSS * 1024;
  }
}

async function run(batches: readonly Batch[]): Promise<Run> {
  const events = batches.map(eventOf);
  const batchMs: number[] = [];
  const before = givenBack.length;
  const cpu = process.cpuUsage();
  for (const event of events) {
    const startMs = performance.now();
    await invoke(event);
    batchMs.push(performance.now() - startMs);
  }
  const { user, system } = process.cpuUsage(cpu);
  return { batchMs, cpuUs: user + system, givenBack: givenBack.length - before };
}

async function redeliver(): Promise<void> {
  for (let deliveries = 1; givenBack.length > 0; deliveries++) {
    if (deliveries > REDELIVERIES_MAX) {
      throw new Error(`${givenBack.length} messages were given back ${REDELIVERIES_MAX} times`);
    }
    const again = givenBack;
    givenBack = [];
    const ofQueue = again.filter((record) => "body" in record);
    const received = { ApproximateReceiveCount: String(deliveries + 1) };
    const Records = ofQueue.map((record) => ({ ...record, attributes: { ...record.attributes, ...received } }));
    if (Records.length > 0) await invoke({ Records });
    const ofStream = again.filter((record) => "kinesis" in record);
    if (ofStream.length > 0) await invoke({ Records: ofStream });
  }
}

async function invoke(event: SqsEvent | KinesisEvent): Promise<void> {
  if (handler === undefined) throw new Error("no bundle is loaded");
  const endMs = performance.now() + FUNCTION_TIMEOUT_MS;
  const context = {
    awsRequestId: "00000000-0000-4000-8000-000000000000",
    functionName: "bench",
    getRemainingTimeInMillis: () => endMs - performance.now(),
  };
  const { batchItemFailures } = await handler(event, context);
  const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  const first = event.Records.findIndex((record) => failed.has(idOf(record)));
  const comesAgain = (record: SqsRecord | KinesisRecord, index: number): boolean =>
    "body" in record ? failed.has(record.messageId) : first >= 0 && index >= first; // a stream goes on at its checkpoint
  givenBack.push(...[...event.Records].filter(comesAgain));
}

function idOf(record: SqsRecord | KinesisRecord): string {
  return "body" in record ? record.messageId : record.kinesis.sequenceNumber;
}

answerCalls(answer);
