// One chaos run: the local cloud with one contender, messages at a steady rate, all faults at once, and then the ledger.

import { setTimeout as sleep } from "node:timers/promises";
import { type LocalCloud, type LogLine, startLocal } from "semel/local";
import { withDuplicates } from "../demo/producer.ts";
import { seededRandom } from "../demo/random.ts";
import { type Contender, STACK } from "./app.ts";
import { createHistory, type History } from "./history.ts";
import { checkLedger, type Ledger } from "./ledger.ts";
import { ChaosMessage } from "./message.ts";
import { chaosPlan } from "./plan.ts";
import { makeMessages, REPETITIONS, sendSteadily } from "./producer.ts";
import { type ChaosResult, latencyOf, type Moment, type Story } from "./result.ts";
import { openStore, type Store } from "./store.ts";

export interface ChaosInput {
  readonly contender: Contender;
  /** The cloud assembly. */
  readonly assembly: string;
  readonly messages: number;
  readonly minutes: number;
  readonly seed: number;
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
/** Contenders with a hot counter, and those that charge. */
const COUNTS_ACCOUNTS: ReadonlySet<Contender> = new Set(["commit", "claim", "plain", "powertools"]);
const CHARGES: ReadonlySet<Contender> = new Set(["claim"]);

export async function runChaos(input: ChaosInput): Promise<ChaosOutcome> {
  const random = seededRandom(input.seed);
  const messages = makeMessages(input.messages, random);
  const sends = withDuplicates(messages, REPETITIONS, random);
  const history = createHistory(Date.now(), keyOf);
  const cloud = await startLocal({
    assembly: input.assembly,
    stacks: [STACK],
    logger: input.logger,
    faults: chaosPlan(input.seed),
    observer(event) {
      history.observe(event);
      input.onProgress(history.acknowledged());
    },
  });
  const store = openStore(cloud);
  const sending = new AbortController();
  const curve = watchEffects(store, history, accountsOf(input, messages));
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
    await drain(cloud, store);
    return await conclude({ input, messages, sends: sends.length, cloud, store, history, faultSeconds, curve });
  } finally {
    sending.abort();
    curve.stop();
    store.close();
    await cloud.stop();
  }
}

/** Without faults: what is in the dead-letter queue by bad luck comes through, what is hopeless goes back there. */
async function drain(cloud: LocalCloud, store: Store): Promise<void> {
  await cloud.idle({ timeoutMs: DRAIN_TIMEOUT_MS });
  await store.redrive();
  await cloud.idle({ timeoutMs: DRAIN_TIMEOUT_MS });
}

interface Ending {
  readonly input: ChaosInput;
  readonly messages: readonly ChaosMessage[];
  readonly sends: number;
  readonly cloud: LocalCloud;
  readonly store: Store;
  readonly history: History;
  readonly faultSeconds: number;
  readonly curve: Curve;
}

async function conclude(ending: Ending): Promise<ChaosOutcome> {
  const { input, messages, sends, cloud, store, history, faultSeconds, curve } = ending;
  const { contender } = input;
  const deadLetters = new Set((await store.takeDeadLetters()).flatMap((body) => keyOf(body) ?? []));
  const found = { ...(await store.effects()), charges: await store.charges(), deadLetters };
  const options = { accounts: COUNTS_ACCOUNTS.has(contender), charges: CHARGES.has(contender) };
  const ledger = checkLedger(messages, found, options);
  const troubled = history.troubled();
  const once = messages.filter(({ key }) => found.applied.get(key) === 1).map(({ key }) => key);
  const seconds = history.seconds();
  return {
    contender,
    messages: messages.length,
    sends,
    seed: input.seed,
    faultSeconds,
    seconds: seconds.length,
    invocations: history.invocations(),
    deliveries: history.deliveries(),
    faults: history.faults(),
    ledger,
    recovered: once.filter((key) => troubled.has(key)).length,
    requests: sum(Object.values(cloud.dynamodbRequests())),
    latency: latencyOf(history.latenciesMs()),
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
function watchEffects(store: Store, history: History, accounts: readonly string[]): Curve {
  const seen = new Map<number, number>();
  const look = async (): Promise<void> => {
    const second = Math.floor(history.elapsedMs() / 1_000);
    seen.set(second, await store.appliedInAccounts(accounts));
  };
  const timer = setInterval(() => void look().catch(() => {}), LOOK_EVERY_MS);
  if (accounts.length === 0) clearInterval(timer);
  return { at: (second) => seen.get(second), stop: () => clearInterval(timer) };
}

function accountsOf({ contender }: ChaosInput, messages: readonly ChaosMessage[]): string[] {
  return COUNTS_ACCOUNTS.has(contender) ? [...new Set(messages.map(({ account }) => account))] : [];
}

function keyOf(body: string): string | undefined {
  try {
    return ChaosMessage.parse(JSON.parse(body)).key;
  } catch {
    return undefined;
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0);
}
