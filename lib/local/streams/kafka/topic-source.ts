// A topic that is read at an endpoint, as a member of its group for as long as the endpoint lets it; then as another one.
//
//   TS1. What is assigned is read from its committed offset on: after a rebalance, a failure or a restart what was under way comes again.
//   TS2. Before partitions are read anew, the batches of the assignment before are over: no record is handed out twice at a time here.
import type { KafkaRecord } from "../../../aws/lambda.ts";
import { SemelError } from "../../../errors.ts";
import { localError } from "../../local-error.ts";
import type { Warn } from "../../stack-run.ts";
import type { LanesOptions } from "../lanes.ts";
import { pause } from "../pause.ts";
import type { StreamSource } from "../source.ts";
import type { KafkaMapping } from "./kafka-topic.ts";
import { type GroupOptions, joinGroup, kafkaReason, type Member } from "./member.ts";
import { openSession, type Session } from "./session.ts";

export interface TopicSourceOptions extends LanesOptions<KafkaRecord> {
  readonly mapping: KafkaMapping;
  readonly servers: string;
  readonly warn: Warn;
  /** @default - with the Kafka client */
  readonly join?: (options: GroupOptions) => Promise<Member>;
}

const REMEDY =
  "The broker must run there, have the topic, and take plain connections; or leave out endpoints.kafka and " +
  "KAFKA_BOOTSTRAP_SERVERS, and replay recorded events";
const RETRY_MS = 1_000;
const NOT_ASSIGNED = "has no partitions yet";

/** How it fares. */
interface State {
  readonly signal: AbortSignal;
  session: Session | undefined;
  /** Why there is no session. */
  trouble: string;
  /** Partitions were assigned, once at least. */
  opened(): void;
}

/** Resolves when it is known where the partitions begin: what is written from then on is read. */
export async function startTopicSource(options: TopicSourceOptions): Promise<StreamSource> {
  const { mapping, servers, warn } = options;
  const stopping = new AbortController();
  const { signal } = stopping;
  const opened = Promise.withResolvers<void>();
  let isOpen = false;
  const state: State = {
    signal,
    session: undefined,
    trouble: NOT_ASSIGNED,
    opened() {
      isOpen = true;
      state.trouble = NOT_ASSIGNED;
      opened.resolve();
    },
  };
  const work = async (): Promise<void> => {
    while (!signal.aborted) {
      const failed = await serve(options, state).then(
        () => undefined,
        (thrown: unknown) => ({ thrown }),
      );
      if (failed === undefined || signal.aborted) break;
      const trouble = `cannot be read at ${servers}: ${kafkaReason(failed.thrown)}`;
      if (!isOpen) throw failed.thrown instanceof SemelError ? failed.thrown : unreadable(mapping, trouble);
      if (trouble !== state.trouble) warn(`${mapping.source} ${trouble}`);
      state.trouble = trouble;
      await pause(RETRY_MS, signal);
    }
  };
  const working = work();
  await Promise.race([opened.promise, working]);
  return {
    async whatIsBusy() {
      const busy = state.session === undefined ? state.trouble : await state.session.whatIsBusy();
      return busy === undefined ? undefined : `${mapping.source} ${busy}`;
    },
    async stop() {
      stopping.abort();
      await working;
    },
  };
}

function unreadable({ logicalId, source }: KafkaMapping, trouble: string): Error {
  return localError(`Cannot start event source ${logicalId}: ${source} ${trouble}. ${REMEDY}`);
}

/** One membership: until it fails, or all is stopped. */
async function serve(options: TopicSourceOptions, state: State): Promise<void> {
  const { mapping, servers } = options;
  const { topic, groupId, startAt } = mapping;
  const over = Promise.withResolvers<void>();
  over.promise.catch(() => {}); // it may fail before it is waited for
  const onFailure = over.reject;
  const { join = joinGroup } = options;
  const member = await join({ servers, groupId, topic, startAt, onFailure });
  const open = async (): Promise<void> => {
    await state.session?.ended(false); // TS2
    state.session = undefined;
    const generation = member.generation();
    const from = await member.begin(member.assigned()); // TS1
    if (state.signal.aborted || generation !== member.generation() || !member.isSettled()) return; // a later turn sees to it
    state.session = await openSession(from, { ...options, member, onFailure });
    state.opened();
  };
  let turn = Promise.resolve();
  const renew = (): void => {
    state.session?.end();
    turn = turn.then(open);
    turn.catch(onFailure);
  };
  const stop = (): void => over.resolve();
  state.signal.addEventListener("abort", stop);
  try {
    member.onAssigned(renew);
    renew();
    if (!state.signal.aborted) await over.promise;
  } finally {
    state.signal.removeEventListener("abort", stop);
    state.session?.end();
    await turn.catch(() => {});
    await state.session?.ended(state.signal.aborted);
    state.session = undefined;
    await member.close();
  }
}
