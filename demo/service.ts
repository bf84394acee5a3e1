// What a service of the demo brings: its stack under several handlers, its input, how that is sent, and what must come of it.

import type { SQSClient } from "@aws-sdk/client-sqs";
import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import type { App } from "aws-cdk-lib";
import type { Random } from "./random.ts";

/** The service's stack, running. */
export interface Place {
  readonly sqs: SQSClient;
  readonly dynamodb: DynamoDBDocumentClient;
  /** An output of the stack. */
  output(name: string): string;
  has(name: string): boolean;
  /** All items of the table whose name is this output. */
  scan(name: string): Promise<Record<string, unknown>[]>;
  /** How many items that table has. */
  count(name: string): Promise<number>;
}

export interface InputOptions {
  readonly seed: number;
  /** Messages to take; undefined: all. */
  readonly limit: number | undefined;
  /** A file of them; undefined: made from the seed. */
  readonly input: string | undefined;
}

/** The messages of a trial, in the order in which they are sent, repetitions among them. */
export interface Sends {
  readonly count: number;
  /** How many of them reach the function at least once each. */
  readonly deliveriesMin: number;
  sendTo(place: Place): Promise<void>;
}

/** An input, and what must come of it. */
export interface Work {
  readonly messages: number;
  /** With this share of the messages sent twice. */
  sends(duplicates: number, random: Random): Sends;
  /** What has to be there before the first message is sent. */
  prepare?(place: Place): Promise<void>;
  /** By the names of the service's figures. */
  check(place: Place): Promise<Readonly<Record<string, number>>>;
}

/** One figure of what came of the input. */
export interface Figure {
  readonly name: string;
  readonly title: string;
  /** What is wrong where it is not 0; undefined: nothing, it is told for interest. */
  readonly complaint?: (value: number) => string;
}

export interface HandlerInfo {
  /** Of the handler's column. */
  readonly title: string;
  /** Its entry file. */
  readonly entry: string;
  /** The name of its stack. */
  readonly stack: string;
}

export interface Service {
  readonly name: string;
  /** Keys are what --handlers takes. The one that is called "plain" is not protected, and nothing is expected of it. */
  readonly handlers: Readonly<Record<string, HandlerInfo>>;
  readonly figures: readonly Figure[];
  /** What to say when no figure is wrong. */
  readonly praise: string;
  /** It takes --input. */
  readonly readsFiles: boolean;
  /** Of the local cloud: transactions that share an item at a time conflict. */
  readonly transactionConflicts: boolean;
  /** What comes again after a crash waits for a visibility timeout. */
  readonly hasVisibility: boolean;
  addStack(app: App, handler: HandlerInfo): void;
  /** Throws an Error that names what is wrong in the input. */
  load(options: InputOptions): Work;
}
