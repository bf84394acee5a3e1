// One chaos run: the local cloud with one scenario, messages at a steady rate, all faults at once, and then the ledger.

import { setTimeout as sleep } from "node:timers/promises";
import { type LocalCloud, type LogLine, startLocal } from "semel/local";
import { withDuplicates } from "../demo/producer.ts";
import { seededRandom } from "../demo/random.ts";
import { type ScenarioName, STACK } from "./app.ts";
import { createHistory, type History } from "./history.ts";
import type { Ledger } from "./ledger.ts";
import { pipeline } from "./pipeline.ts";
import { sendSteadily } from "./producer.ts";
import { type ChaosResult, latencyOf, type Moment, type Story } from "./result.ts";
import type { MakeScenario, Store } from "./scenario.ts";
import { singleStage } from "./single-stage.ts";

export interface ChaosInput {
  readonly contender: ScenarioName;
  /** The cloud assembly. */
  readonly assembly: string;
  readonly messages: number;
  readonly minutes: number;
  readonly seed: number;
  /** Files of order lines, of the pipeline. @default - made from the seed */
  readonly files?: readonly string[];
  readonly onProgress: (acknowledged: number) => void;
  readonly logger: (line: LogLine) => void;
}

export type ChaosOutcome = Omit<ChaosResult, "command" | "versions">;

/** Of the time with faults, so that the last messages meet some too. */
const SENDING_SHARE = 0.9;
const DRAIN_TIMEOUT_MS = 60 * 60_000;
const LOOK_EVERY_MS = 1_000;
/** For people: so many of each kind are told at length. */
const STORIES_MAX = 20;

export async function runChaos(input: ChaosInput): Promise<ChaosOutcome> {
  const random = seededRandom(input.seed);
  const scenario = scenarioOf(input)(random);
  const sends = withDuplicates(scenario.messages, scenario.repetitions, random);
  const { keyOf, isEnd } = scenario;
  const history = createHistory({ startMs: Date.now(), keyOf, isEnd });
  const cloud = await startLocal({
    assembly: input.assembly,
    stacks: [STACK],
    logger(line) {
      scenario.line?.(line);
      input.logger(line);
    },
    faults: scenario.plan,
    observer(event) {
      history.observe(event);
      input.onProgress(history.acknowledged());
    },
  });
  const store = scenario.open(cloud);
  const sending = new AbortController();
  const curve = watchEffects(store, history);
  try {
    const sent = sendSteadily(store.sqs, sends, {
      queueUrl: store.queueUrl,
      overMs: input.minutes * 60_000 * SENDING_SHARE,
      onSent: (some) => {
        for (const { key } of some) history.sent(key);
      },
      signal: sending.signal,
    });
    await Promise.race([
      sleep(input.minutes * 60_000),
      sent.then(() => sleep(input.minutes * 60_000), Promise.reject.bind(Promise)),
    ]);
    const faultSeconds = history.elapsedMs() / 1_000;
    cloud.faults.clear();
    await sent;
    // Without faults: what is in a dead-letter queue by bad luck comes through, what is hopeless goes back there.
    await cloud.idle({ timeoutMs: DRAIN_TIMEOUT_MS });
    await store.recover();
    await cloud.idle({ timeoutMs: DRAIN_TIMEOUT_MS });
    return await conclude({
      input,
      messages: scenario.messages.length,
      sends: sends.length,
      cloud,
      store,
      history,
      faultSeconds,
      curve,
    });
  } finally {
    sending.abort();
    curve.stop();
    store.close();
    await cloud.stop();
  }
}

function scenarioOf({ contender, messages, seed, files = [] }: ChaosInput): MakeScenario {
  if (contender === "pipeline") return pipeline({ count: messages, seed, files });
  return singleStage(contender, messages, seed);
}

interface Ending {
  readonly input: ChaosInput;
  readonly messages: number;
  readonly sends: number;
  readonly cloud: LocalCloud;
  readonly store: Store;
  readonly history: History;
  readonly faultSeconds: number;
  readonly curve: Curve;
}

async function conclude(ending: Ending): Promise<ChaosOutcome> {
  const { input, messages, sends, cloud, store, history, faultSeconds, curve } = ending;
  const { ledger, once, relay } = await store.conclude();
  const troubled = history.troubled();
  const seconds = history.seconds();
  return {
    contender: input.contender,
    messages,
    sends,
    seed: input.seed,
    faultSeconds,
    seconds: seconds.length,
    invocations: history.invocations(),
    deliveries: history.deliveries(),
    faults: history.faults(),
    kills: history.kills(),
    ledger,
    recovered: once.filter((key) => troubled.has(key)).length,
    requests: sum(Object.values(cloud.dynamodbRequests())),
    latency: latencyOf(history.latenciesMs()),
    ...(relay && { relay }),
    moments: seconds.map((second, index): Moment => ({ ...second, applied: curve.at(index) })),
    stories: storiesOf(ledger, once, history),
  };
}

function storiesOf(ledger: Ledger, once: readonly string[], history: History): Story[] {
  const tell = (keys: readonly string[], verdict: Story["verdict"]): Story[] =>
    keys.slice(0, STORIES_MAX).map((key) => ({ key, verdict, happenings: history.happenings(key) }));
  const busiest = [...once].sort((a, b) => history.happenings(b).length - history.happenings(a).length);
  return [
    ...tell(ledger.lost, "lost"),
    ...tell(ledger.doubled, "doubled"),
    ...tell(ledger.unexpected, "unexpected"),
    ...tell(ledger.deadLettered, "dead-lettered"),
    ...tell(busiest, "applied once"),
  ];
}

interface Curve {
  /** Effects in the store at the end of this second, since the first send. */
  at(second: number): number | undefined;
  stop(): void;
}

/** Looks once a second; engines that are just restarting are asked again the next time. */
function watchEffects({ look }: Store, history: History): Curve {
  const seen = new Map<number, number>();
  if (!look) return { at: () => undefined, stop() {} };
  const note = async (): Promise<void> => {
    const second = Math.floor(history.elapsedMs() / 1_000);
    seen.set(second, await look());
  };
  const timer = setInterval(() => void note().catch(() => {}), LOOK_EVERY_MS);
  return { at: (second) => seen.get(second), stop: () => clearInterval(timer) };
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0);
}
