// npm run bench:sqs: our SQS engine and fauxqs on the same work, in turn, in one run. The client is plain HTTP: an SDK's costs more
// than either engine, and would hide the difference.

import { once } from "node:events";
import { Agent, request } from "node:http";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { ratios, summary } from "./statistics.ts";

const ENGINES = ["fauxqs", "semel"] as const;
type EngineName = (typeof ENGINES)[number];

const SINGLE = 4_000;
/** Longer than most queues in tests get: what an engine does per message must not grow with it. */
const LONG = 100_000;
const BATCH = 10;
const FIFO = 10_000;
const FIFO_GROUPS = 500;
const AT_ONCE = 16;
const BODY = JSON.stringify({ id: "order-1", text: "x".repeat(200) });

interface Connection {
  post(action: string, input: object): Promise<Answer>;
  /** CPU time of the engine's thread so far. */
  cpuMs(): Promise<number>;
  close(): Promise<void>;
}

interface Answer {
  readonly QueueUrl?: string;
  readonly Messages?: readonly { readonly ReceiptHandle: string }[];
}

async function open(engine: EngineName): Promise<Connection> {
  const worker = new Worker(new URL("./sqs-engine-worker.ts", import.meta.url), { workerData: engine });
  const endpoint = new URL(await reply<string>(worker));
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  const headersOf = (action: string, text: string) => ({
    "content-type": "application/x-amz-json-1.0",
    "content-length": Buffer.byteLength(text),
    "x-amz-target": `AmazonSQS.${action}`,
    // fauxqs asks the signature for the region.
    authorization:
      "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0",
  });
  return {
    post: (action, input) =>
      new Promise((resolve, reject) => {
        const text = JSON.stringify(input);
        const { hostname: host, port } = endpoint;
        const sent = request({ host, port, method: "POST", path: "/", agent, headers: headersOf(action, text) });
        sent.on("error", reject).on("response", (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("end", () => {
            const body = Buffer.concat(chunks).toString();
            if (response.statusCode === 200) resolve(body === "" ? {} : JSON.parse(body));
            else reject(new Error(`${engine} answers ${action} with ${response.statusCode}: ${body}`));
          });
        });
        sent.end(text);
      }),
    async cpuMs() {
      worker.postMessage("cpu");
      return (await reply<number>(worker)) / 1000;
    },
    async close() {
      agent.destroy();
      await worker.terminate();
    },
  };
}

async function reply<T>(worker: Worker): Promise<T> {
  const [value] = await once(worker, "message");
  return value as T;
}

/** Messages a second: of the clock, and of the engine's CPU, which other work on the machine disturbs less. */
interface Rate {
  readonly perSecond: number;
  readonly perCpuSecond: number;
}
type Rates = Record<string, Rate>;

async function rate(connection: Connection, messages: number, run: () => Promise<void>): Promise<Rate> {
  const [startMs, startCpuMs] = [performance.now(), await connection.cpuMs()];
  await run();
  const [ms, cpuMs] = [performance.now() - startMs, (await connection.cpuMs()) - startCpuMs];
  return { perSecond: (messages * 1000) / ms, perCpuSecond: (messages * 1000) / cpuMs };
}

/** That many calls, some at once. */
async function repeat(calls: number, run: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < calls) await run(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

async function singles(connection: Connection): Promise<Rates> {
  const { post } = connection;
  const { QueueUrl } = await post("CreateQueue", { QueueName: "singles" });
  const handles: string[] = [];
  const receive = async (): Promise<void> => {
    const { Messages = [] } = await post("ReceiveMessage", { QueueUrl, MessageSystemAttributeNames: ["All"] });
    handles.push(...Messages.map(({ ReceiptHandle }) => ReceiptHandle));
  };
  const each = (run: (index: number) => Promise<unknown>) => rate(connection, SINGLE, () => repeat(SINGLE, run));
  return {
    "send, one by one": await each(() => post("SendMessage", { QueueUrl, MessageBody: BODY })),
    "receive, one by one": await each(receive),
    "delete, one by one": await each((index) => post("DeleteMessage", { QueueUrl, ReceiptHandle: handles[index] })),
  };
}

async function batches(connection: Connection, messages: number, isFifo: boolean): Promise<Rates> {
  const { post } = connection;
  const name = isFifo ? "FIFO" : `queue of ${messages.toLocaleString("en")}`;
  const { QueueUrl } = await post("CreateQueue", {
    QueueName: isFifo ? "batches.fifo" : "batches",
    Attributes: { VisibilityTimeout: "600", ...(isFifo ? { FifoQueue: "true" } : {}) },
  });
  const entry = (batch: number, index: number) => {
    const number = batch * BATCH + index;
    const fifo = { MessageGroupId: `g${number % FIFO_GROUPS}`, MessageDeduplicationId: `d${number}` };
    return { Id: `e${index}`, MessageBody: BODY, ...(isFifo ? fifo : {}) };
  };
  const send = (batch: number) =>
    post("SendMessageBatch", { QueueUrl, Entries: Array.from({ length: BATCH }, (_, index) => entry(batch, index)) });
  let received = 0;
  const receive = async (): Promise<void> => {
    const { Messages = [] } = await post("ReceiveMessage", { QueueUrl, MaxNumberOfMessages: BATCH });
    if (Messages.length === 0) return;
    received += Messages.length;
    await post("DeleteMessageBatch", {
      QueueUrl,
      Entries: Messages.map(({ ReceiptHandle }, index) => ({ Id: `e${index}`, ReceiptHandle })),
    });
  };
  const sendAll = () => repeat(messages / BATCH, send);
  const receiveAll = async (): Promise<void> => {
    // Some receives find all groups locked, and give nothing.
    for (let tries = 0; received < messages && tries < 1_000; tries++) {
      await repeat(Math.ceil((messages - received) / BATCH), receive);
    }
    if (received !== messages) throw new Error(`${name}: received ${received} of ${messages} messages`);
  };
  return {
    [`send, batches of ${BATCH}, ${name}`]: await rate(connection, messages, sendAll),
    [`receive and delete, batches of ${BATCH}, ${name}`]: await rate(connection, messages, receiveAll),
  };
}

async function measure(engine: EngineName, long: number): Promise<Rates> {
  const connection = await open(engine);
  try {
    // Warm.
    for (const isFifo of [false, true]) {
      await batches(connection, 5_000, isFifo);
      const { QueueUrl } = await connection.post("GetQueueUrl", { QueueName: isFifo ? "batches.fifo" : "batches" });
      await connection.post("DeleteQueue", { QueueUrl });
    }
    return {
      ...(await singles(connection)),
      ...(await batches(connection, long, false)),
      ...(await batches(connection, FIFO, true)),
    };
  } finally {
    await connection.close();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: "string", default: "5" }, messages: { type: "string", default: String(LONG) } },
  });
  const samples: Record<EngineName, Rates[]> = { fauxqs: [], semel: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    const order = round % 2 === 0 ? ENGINES : [...ENGINES].reverse();
    for (const engine of order) samples[engine].push(await measure(engine, Number(values.messages)));
    console.error(`round ${round + 1} of ${values.rounds}`);
  }
  const shown = (value: number): string => Math.round(value).toLocaleString("en");
  for (const unit of ["perSecond", "perCpuSecond"] as const) {
    const of = (engine: EngineName, name: string) => samples[engine].map((rates) => rates[name]?.[unit] ?? 0);
    const rows = Object.keys(samples.semel[0] ?? {}).map((name) => {
      const ratio = ratios(of("semel", name), of("fauxqs", name));
      const row = {
        fauxqs: shown(summary(of("fauxqs", name)).median),
        semel: shown(summary(of("semel", name)).median),
        "semel / fauxqs": ratio && `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)} to ${ratio.max.toFixed(2)})`,
      };
      return [name, row] as const;
    });
    console.log(unit === "perSecond" ? "Messages a second" : "Messages a second of the engine's CPU");
    console.table(Object.fromEntries(rows));
  }
}

await main();
