// Kinesis in this process, in memory: kinesalite, which has no types of its own.
import { once } from "node:events";
import type { Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { createJsonCall, type JsonCall } from "../../lib/local/json-call.ts";

const require = createRequire(import.meta.url);
const kinesalite: (options: Record<string, number>) => Server = require("kinesalite");

const REGION = "us-east-1";
const WAIT_MS = 5;

export interface KinesisEngine extends AsyncDisposable {
  readonly endpoint: string;
  readonly call: JsonCall;
  /** "key:value:what it does", one after the other. */
  put(stream: string, ...records: readonly string[]): Promise<void>;
  /** What SplitShard and MergeShards have begun is over. */
  settled(stream: string): Promise<void>;
}

export async function startKinesisEngine(): Promise<KinesisEngine> {
  const [createStreamMs, updateStreamMs, deleteStreamMs] = [WAIT_MS, WAIT_MS, WAIT_MS];
  const server = kinesalite({ createStreamMs, updateStreamMs, deleteStreamMs, shardLimit: 100 });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const service = { service: "kinesis", target: "Kinesis_20131202", contentType: "application/x-amz-json-1.1" };
  const call = createJsonCall({ endpoint, region: REGION }, service);
  return {
    endpoint,
    call,
    async put(stream, ...records) {
      for (const one of records) {
        const [key = "", value = "", act = ""] = one.split(":");
        const data = Buffer.from(JSON.stringify({ value, act })).toString("base64");
        await call("PutRecord", { StreamName: stream, PartitionKey: key, Data: data });
      }
    },
    async settled(stream) {
      for (;;) {
        const answer = await call("DescribeStreamSummary", { StreamName: stream });
        const { StreamStatus: status } = answer["StreamDescriptionSummary"] as { StreamStatus: string };
        if (status === "ACTIVE") return;
        await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
      }
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
