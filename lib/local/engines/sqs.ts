// The embedded SQS engine: fauxqs, in this process.
import type { AddressInfo } from "node:net";
import { localError, reason } from "../local-error.ts";
import type { Engine } from "./engine.ts";

const PACKAGE = "fauxqs";

export async function startSqsEngine(region: string): Promise<Engine> {
  const { buildApp } = await loadFauxqs();
  const app = buildApp({ logger: false, defaultRegion: region });
  let stopping = false;
  // Not startFauxqs(): that one listens on all of the machine's addresses.
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    embedded: true,
    onFailure(listener) {
      app.server.once("close", () => {
        if (!stopping) listener(localError("The embedded SQS engine closed its port by itself"));
      });
    },
    async stop() {
      stopping = true;
      await app.close();
    },
  };
}

async function loadFauxqs(): Promise<typeof import("fauxqs")> {
  try {
    return await import("fauxqs");
  } catch (thrown) {
    const missing = (thrown as { code?: unknown } | null)?.code === "ERR_MODULE_NOT_FOUND";
    const remedy = missing ? `add the package "${PACKAGE}" (npm install --save-dev ${PACKAGE}), or ` : "";
    throw localError(
      `Cannot start the embedded SQS engine: ${reason(thrown)}; ${remedy}set AWS_ENDPOINT_URL_SQS to an engine that runs already`,
      thrown,
    );
  }
}
