// The embedded SQS engine: our own, in this process.
import { localError, reason } from "../local-error.ts";
import type { SqsEngine } from "../sqs/engine.ts";
import { type SqsServer, startSqsServer } from "../sqs/server.ts";
import type { Engine } from "./engine.ts";

export type EmbeddedSqs = Engine & { readonly engine: SqsEngine };

export async function startSqsEngine(region: string): Promise<EmbeddedSqs> {
  const server = await start(region);
  let stopping = false;
  let restarting: Promise<void> = Promise.resolve();
  return {
    endpoint: server.endpoint,
    engine: server.engine,
    restart(down) {
      restarting = server.restart(down);
      return restarting;
    },
    onFailure(listener) {
      server.onClosed(() => {
        if (!stopping) listener(localError("The embedded SQS engine closed its port by itself"));
      });
    },
    async stop() {
      stopping = true;
      await restarting.catch(() => {});
      await server.stop();
    },
  };
}

async function start(region: string): Promise<SqsServer> {
  try {
    return await startSqsServer({ region });
  } catch (thrown) {
    throw localError(
      `Cannot start the embedded SQS engine: ${reason(thrown)}; set AWS_ENDPOINT_URL_SQS to an engine that runs already`,
      thrown,
    );
  }
}
