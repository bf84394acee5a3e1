// What is different between chaos runs: what is sent, which faults come, and what must be there afterwards.

import type { SQSClient } from "@aws-sdk/client-sqs";
import type { FaultPlan, LocalCloud, LogLine } from "semel/local";
import type { Random } from "../demo/random.ts";
import type { RelayFigures } from "../demo/relay-figures.ts";
import type { Ledger } from "./ledger.ts";

/** One message as the producer sends it. */
export interface Parcel {
  readonly key: string;
  readonly body: string;
}

export interface Scenario {
  readonly messages: readonly Parcel[];
  /** Share of messages that are sent twice. */
  readonly repetitions: number;
  readonly plan: FaultPlan;
  /** A message's key, of its body; undefined for what is none of ours. */
  keyOf(body: string): string | undefined;
  /** Whether a message that leaves the queue of this function is through. */
  isEnd(functionName: string): boolean;
  /** To be told of every line of log. */
  line?(line: LogLine): void;
  open(cloud: LocalCloud): Store;
}

/** A scenario's stack, running. */
export interface Store {
  readonly sqs: SQSClient;
  /** Where messages are sent. */
  readonly queueUrl: string;
  /** How many effects are there; undefined where that would be too much to look at once a second. */
  readonly look?: () => Promise<number>;
  /** When the faults are over and the queues are empty: what is left otherwise gets its chance. */
  recover(): Promise<void>;
  /** At the end. */
  conclude(): Promise<Conclusion>;
  close(): void;
}

export interface Conclusion {
  readonly ledger: Ledger;
  /** Keys that were applied exactly once. */
  readonly once: readonly string[];
  readonly relay?: RelayFigures;
}

/** Makes the messages. */
export type MakeScenario = (random: Random) => Scenario;
