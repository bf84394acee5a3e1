// Runs one SQS engine in a thread of its own, so that the client's work is not counted as the engine's.

import { parentPort, workerData } from "node:worker_threads";
import { startSqsServer } from "../lib/local/sqs/server.ts";

async function start(engine: unknown): Promise<string> {
  if (engine === "semel") return (await startSqsServer({ region: "us-east-1" })).endpoint;
  const { buildApp } = await import("fauxqs");
  return buildApp({ logger: false, defaultRegion: "us-east-1" }).listen({ port: 0, host: "127.0.0.1" });
}

parentPort?.postMessage(await start(workerData));
// Any message asks for the CPU time of this thread so far, in microseconds.
parentPort?.on("message", () => {
  const { user, system } = process.threadCpuUsage();
  parentPort?.postMessage(user + system);
});
