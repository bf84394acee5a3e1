// The scenario of the pipeline: orders, shipments, notifications, and the relay between them. A message is an order; applied once is one
// that has been taken, shipped and notified of once each.

import type { LocalCloud } from "semel/local";
import { appliedTo, checkPipeline, type PipelineTables } from "../demo/pipeline/check.ts";
import { generateOrders, readOrders } from "../demo/pipeline/orders.ts";
import { tablesOf } from "../demo/pipeline/service.ts";
import { placeOf } from "../demo/place.ts";
import { OUTBOX_OUTPUT, type RelayWatch, waitUntilRelayed, watchRelay } from "../demo/relay-figures.ts";
import type { Order } from "../functions/pipeline/messages.ts";
import { STACK } from "./app.ts";
import { checkLedger, type Ledger } from "./ledger.ts";
import { pipelinePlan } from "./plan.ts";
import type { Conclusion, MakeScenario, Store } from "./scenario.ts";
import { redriveFrom, takeMessages } from "./store.ts";

export const PIPELINE_REPETITIONS = 0.1;
/** Two sweeps and more. */
const RELAY_TIMEOUT_MS = 10 * 60_000;
const CONSUMERS = ["", "Shipments", "Notifications"];

export interface PipelineInput {
  readonly count: number;
  readonly seed: number;
  /** Files of order lines; none: made from the seed. */
  readonly files: readonly string[];
}

export function pipeline({ count, seed, files }: PipelineInput): MakeScenario {
  return (random) => {
    const orders = files.length === 0 ? generateOrders(random, count) : repeated(files.flatMap(readOrders), count);
    const relay = watchRelay();
    return {
      messages: orders.map((order) => ({ key: order.orderId, body: JSON.stringify(order) })),
      repetitions: PIPELINE_REPETITIONS,
      plan: pipelinePlan(seed),
      keyOf,
      isEnd: (functionName) => functionName.includes("Notifications"),
      line: (line) => relay.line(line),
      open: (cloud) => open(cloud, orders, relay),
    };
  };
}

/** Real days have some hundred orders each: they come again as other orders, until there are enough. */
function repeated(orders: readonly Order[], count: number): Order[] {
  const rounds = Array.from({ length: Math.ceil(count / orders.length) }, (_, round) => {
    return orders.map((order) => (round === 0 ? order : { ...order, orderId: `${order.orderId}-${round}` }));
  });
  return rounds.flat().slice(0, count);
}

function open(cloud: LocalCloud, orders: readonly Order[], relay: RelayWatch): Store {
  const place = placeOf(cloud, STACK);
  const { sqs, dynamodb, output } = place;
  const unsent = (): Promise<number> => place.count(OUTBOX_OUTPUT);
  relay.start(unsent);
  return {
    sqs,
    queueUrl: output("QueueUrl"),
    async recover() {
      await waitUntilRelayed(unsent, RELAY_TIMEOUT_MS);
      await cloud.idle({ timeoutMs: RELAY_TIMEOUT_MS });
      for (const name of CONSUMERS) await redriveFrom(cloud, sqs, output(`${name}DeadLetterQueueUrl`));
      await cloud.idle({ timeoutMs: RELAY_TIMEOUT_MS });
      await waitUntilRelayed(unsent, RELAY_TIMEOUT_MS);
    },
    async conclude() {
      const letters: string[] = [];
      for (const name of [...CONSUMERS, "Outbox"]) {
        letters.push(...(await takeMessages(sqs, output(`${name}DeadLetterQueueUrl`))));
      }
      const deadLetters = new Set(letters.flatMap((body) => keyOf(body) ?? []));
      const concluded = conclude(orders, await tablesOf(place), deadLetters);
      const figures = relay.figures();
      return { ...concluded, ...(figures && { relay: figures }) };
    },
    close() {
      relay.stop();
      sqs.destroy();
      dynamodb.destroy();
    },
  };
}

/** Lost is an order that lacks a stage, and doubled one that has any too often. */
export function conclude(
  orders: readonly Order[],
  tables: PipelineTables,
  deadLetters: ReadonlySet<string>,
): Conclusion & { readonly ledger: Ledger } {
  const applied = new Map<string, number>();
  for (const [orderId, stages] of appliedTo(orders, tables)) {
    const times = Object.values(stages);
    if (!times.includes(0)) applied.set(orderId, Math.max(...times));
  }
  const { countsOff, penceOff, strangers, unsent } = checkPipeline(orders, tables);
  const sent = orders.map(({ orderId }) => ({ key: orderId, account: "", pence: 0, hopeless: false }));
  const found = { applied, accounts: new Map(), deadLetters, charges: new Map() };
  const ledger = checkLedger(sent, found, { accounts: false, charges: false });
  const unexpected = strangers === 0 ? [] : [`${strangers} items of no order`];
  return {
    ledger: { ...ledger, unexpected, halves: countsOff + unsent + (penceOff === 0 ? 0 : 1) },
    once: orders.map(({ orderId }) => orderId).filter((orderId) => applied.get(orderId) === 1),
  };
}

function keyOf(body: string): string | undefined {
  try {
    const { orderId } = JSON.parse(body) as { readonly orderId?: unknown };
    return typeof orderId === "string" ? orderId : undefined;
  } catch {
    return undefined;
  }
}
