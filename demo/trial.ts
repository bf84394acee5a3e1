// One trial: the local cloud with one handler of a service, the input on its way, trouble, and the check of what came of it.

import { type LocalCloud, type LocalEvent, type LogLine, startLocal } from "semel/local";
import { type Crashes, plotCrashes } from "./crashes.ts";
import { placeOf, waitingIn } from "./place.ts";
import type { Progress } from "./progress.ts";
import type { Random } from "./random.ts";
import {
  OUTBOX_OUTPUT,
  RELAY_OUTPUT,
  type RelayFigures,
  type RelayWatch,
  waitUntilRelayed,
  watchRelay,
} from "./relay-figures.ts";
import type { Sends, Service, Work } from "./service.ts";
import { createTimeline, type Timeline } from "./timeline.ts";

export interface TrialInput {
  readonly service: Service;
  /** Of the service. */
  readonly handler: string;
  /** The cloud assembly. */
  readonly assembly: string;
  readonly work: Work;
  readonly sends: Sends;
  readonly crashes: number;
  /** What else is done to the cloud before anything is sent. */
  readonly trouble?: (cloud: LocalCloud) => void;
  readonly random: Random;
  readonly progress: Progress;
  readonly logger: (line: LogLine) => void;
}

/** Figures of one trial, as they go into the JSON. */
export interface TrialResult {
  readonly handler: string;
  readonly messages: number;
  readonly sends: number;
  readonly deliveries: number;
  readonly crashes: number;
  /** By the functions' logical ids. */
  readonly crashesOf: Readonly<Record<string, number>>;
  /** By the names of the service's figures. */
  readonly found: Readonly<Record<string, number>>;
  /** Of a stack with an outbox. */
  readonly relay?: RelayFigures;
  /** In the dead-letter queues, and of a stream in the queue that is told what Lambda gave up. */
  readonly deadLettered: number;
  /** From the first send to the end of the last invocation. */
  readonly seconds: number;
  readonly visibilityWaitSeconds: number;
  readonly messagesPerSecond: number;
  readonly dynamodbRequestsPerMessage: number;
}

/** Outputs of a stack: where messages end that were not handled. A stream has both. */
const DEAD_ENDS = ["", "Shipments", "Notifications", "Outbox"]
  .map((name) => `${name}DeadLetterQueueUrl`)
  .concat("FailureQueueUrl");
const DRAIN_TIMEOUT_MS = 10 * 60_000;

export async function runTrial(input: TrialInput): Promise<TrialResult> {
  const handler = input.service.handlers[input.handler];
  if (!handler) throw new Error(`service ${input.service.name} has no handler ${input.handler}`);
  let crashes: Crashes | undefined;
  const timeline = createTimeline((messages) => crashes?.delivered(messages));
  const relay = watchRelay();
  let relayName: string | undefined;
  const cloud = await startLocal({
    assembly: input.assembly,
    stacks: [handler.stack],
    logger(line) {
      relay.line(line);
      input.logger(line);
    },
    transactionConflicts: input.service.transactionConflicts,
    observer(event) {
      const isRelay = "functionName" in event && event.functionName === relayName;
      timeline.observe(isRelay ? withoutMessages(event) : event);
      input.progress.update(timeline.deleted());
    },
  });
  try {
    relayName = cloud.outputs(handler.stack)[RELAY_OUTPUT];
    const { crashes: wanted, sends, random } = input;
    input.trouble?.(cloud);
    crashes = plotCrashes(cloud.functions, { wanted, messages: sends.deliveriesMin, random });
    return await runOn(cloud, handler.stack, { input, timeline, crashes, relay });
  } finally {
    relay.stop();
    await crashes?.stop();
    await cloud.stop();
  }
}

interface Running {
  readonly input: TrialInput;
  readonly timeline: Timeline;
  readonly crashes: Crashes;
  readonly relay: RelayWatch;
}

async function runOn(cloud: LocalCloud, stack: string, running: Running): Promise<TrialResult> {
  const { input, timeline, crashes, relay } = running;
  const { handler, work, sends } = input;
  const place = placeOf(cloud, stack);
  await work.prepare?.(place);
  const unsent = (): Promise<number> => place.count(OUTBOX_OUTPUT);
  if (place.has(OUTBOX_OUTPUT)) relay.start(unsent);
  const startMs = Date.now();
  await sends.sendTo(place);
  await cloud.idle({ timeoutMs: DRAIN_TIMEOUT_MS });
  if (place.has(OUTBOX_OUTPUT) && (await unsent()) > 0) {
    await waitUntilRelayed(unsent, DRAIN_TIMEOUT_MS);
    await cloud.idle({ timeoutMs: DRAIN_TIMEOUT_MS });
  }
  const seconds = (timeline.lastEndMs() - startMs) / 1000;
  const requests = Object.values(cloud.dynamodbRequests()).reduce((all, count) => all + count, 0);
  const found = await work.check(place);
  const relayed = relay.figures();
  return {
    handler,
    messages: work.messages,
    sends: sends.count,
    deliveries: timeline.deliveries(),
    crashes: crashes.count(),
    crashesOf: crashes.byFunction(),
    found,
    ...(relayed && { relay: relayed }),
    deadLettered: await waitingIn(place, DEAD_ENDS),
    seconds: rounded(seconds),
    visibilityWaitSeconds: rounded(timeline.visibilityWaitSeconds()),
    messagesPerSecond: rounded(work.messages / seconds),
    dynamodbRequestsPerMessage: rounded(requests / work.messages),
  };
}

/** What the relay gets are no messages of a queue: they are counted where they arrive. */
function withoutMessages(event: LocalEvent): LocalEvent {
  if (event.kind === "invocation-started") return { ...event, messages: 0 };
  return event.kind === "invocation-ended" ? { ...event, deleted: 0 } : event;
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
