// npm run bench:pipeline: orders through the three functions of functions/pipeline with the outbox, and through the same functions that
// send by themselves after their commit, in turn, on the local cloud. What the outbox costs in throughput; and, at a steady rate that the
// machine can take, how long the relay takes.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sendSteadily } from "../chaos/producer.ts";
import { synthesize } from "../demo/app.ts";
import { generateOrders } from "../demo/pipeline/orders.ts";
import { pipelineService as service } from "../demo/pipeline/service.ts";
import { seededRandom } from "../demo/random.ts";
import type { Sends } from "../demo/service.ts";
import { runTrial, type TrialResult } from "../demo/trial.ts";
import { ratios, type Summary, summary } from "./statistics.ts";

const USAGE = `npm run bench:pipeline -- [options]

  --orders N     orders of each run (default: 1000)
  --rounds N     runs of each of the two, in turn (default: 3)
  --rate N       orders a second of the steady run (default: 20)`;

const OUTBOX = "semel";
const DIRECT = "plain";
const SEED = 7;
const STEADY_SECONDS = 15;

async function main(): Promise<void> {
  const { values } = parseArgs({
    strict: true,
    options: {
      orders: { type: "string", default: "1000" },
      rounds: { type: "string", default: "3" },
      rate: { type: "string", default: "20" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const [orders, rounds, rate] = [values.orders, values.rounds, values.rate].map(Number) as [number, number, number];
  const folder = mkdtempSync(join(tmpdir(), "semel-pipeline-"));
  try {
    const assembly = synthesize(join(folder, "cdk.out"), service, [OUTBOX, DIRECT]);
    const [outbox, direct]: [TrialResult[], TrialResult[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      outbox.push(told(await run(OUTBOX, assembly, orders)));
      direct.push(told(await run(DIRECT, assembly, orders)));
    }
    report(outbox, direct);
    const count = Math.ceil(rate * STEADY_SECONDS);
    const { relay } = await run(OUTBOX, assembly, count, steadily(count));
    const { p50, p99, max } = relay?.latencyMs ?? { p50: Number.NaN, p99: Number.NaN, max: Number.NaN };
    console.log(`relay, ${rate} orders/s: median ${p50} ms, 99 % ${p99} ms, longest ${max} ms (goal: 100 and 1,000)`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Neither repetitions nor crashes: what is wrong then would be waiting for visibility timeouts. */
async function run(handler: string, assembly: string, orders: number, steady?: Sends): Promise<TrialResult> {
  const work = service.load({ seed: SEED, limit: orders, input: undefined });
  const random = seededRandom(SEED);
  const sends = steady ?? work.sends(0, random);
  const progress = { update() {}, stop() {} };
  const result = await runTrial({ service, handler, assembly, work, sends, crashes: 0, random, progress, logger() {} });
  const missing = (result.found["ordersLost"] ?? 0) + (result.found["notificationsLost"] ?? 0);
  if (missing > 0) throw new Error(`${handler}: ${missing} orders or notifications are not there`);
  return result;
}

function told(result: TrialResult): TrialResult {
  console.log(`${service.handlers[result.handler]?.title}: ${throughput(result).toFixed(0)} orders/s`);
  return result;
}

/** The orders of the same seed, spread over the time. */
function steadily(count: number): Sends {
  const orders = generateOrders(seededRandom(SEED), count);
  const parcels = orders.map((order) => ({ key: order.orderId, body: JSON.stringify(order) }));
  const signal = new AbortController().signal;
  return {
    count,
    deliveriesMin: count,
    sendTo: ({ sqs, output }) =>
      sendSteadily(sqs, parcels, { queueUrl: output("QueueUrl"), overMs: STEADY_SECONDS * 1_000, onSent() {}, signal }),
  };
}

/** Without the time in which nothing ran, because all that was left waited for its visibility timeout. */
function throughput({ messages, seconds, visibilityWaitSeconds }: TrialResult): number {
  return messages / (seconds - visibilityWaitSeconds);
}

function report(outbox: readonly TrialResult[], direct: readonly TrialResult[]): void {
  const [own, others] = [outbox.map(throughput), direct.map(throughput)];
  const ratio = ratios(others, own);
  console.log(`with the outbox          ${shown(summary(own))} orders/s`);
  console.log(`sent after the commit    ${shown(summary(others))} orders/s`);
  if (ratio) console.log(`the outbox is slower by  ${shown(ratio, 2)} times (goal: within 2)`);
}

function shown({ median, min, max }: Summary, digits = 0): string {
  return `${median.toFixed(digits)} (${min.toFixed(digits)} to ${max.toFixed(digits)})`;
}

await main();
