// One suite for our engine, for fauxqs, and for any endpoint of SEMEL_TEST_SQS_ENDPOINT (AWS's own among them, with the caller's
// credentials; region from AWS_REGION).

import { buildApp } from "fauxqs";
import { startSqsServer } from "../../../lib/local/sqs/server.ts";
import { describeSqs } from "./conformance.ts";
import { FAUXQS_SKIPS } from "./fauxqs-skips.ts";
import type { Target } from "./scene.ts";

describeSqs("ours", async () => startSqsServer({ region: "us-east-1" }));

async function startFauxqs(): Promise<Target> {
  const app = buildApp({ logger: false, defaultRegion: "us-east-1" });
  const endpoint = await app.listen({ port: 0, host: "127.0.0.1" });
  return { endpoint, stop: () => app.close() };
}
describeSqs("fauxqs", startFauxqs, FAUXQS_SKIPS);

const given = process.env["SEMEL_TEST_SQS_ENDPOINT"];
if (given !== undefined && given !== "") {
  const region = process.env["AWS_REGION"];
  describeSqs(given, async () => ({ endpoint: given, ...(region ? { region } : {}), stop: async () => {} }));
}
