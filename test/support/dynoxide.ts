// Starts the embedded DynamoDB engine (dynoxide) for a test, in memory, on a free port of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";

export interface Dynoxide {
  readonly endpoint: string;
  readonly client: DynamoDBClient;
  stop(): Promise<void>;
}

const BINARY = resolve(import.meta.dirname, "../../node_modules/@dynoxide/linux-x64/dynoxide");
/** The engine in place of the shell, with a watcher that ends it when our end of stdin closes: however we die. */
const SCRIPT = 'exec 3<&0; (cat <&3 >/dev/null; kill $$ 2>/dev/null) & exec "$0" --port "$1" 3<&-';
/** Between finding a free port and taking it, another process may have taken it. */
const ATTEMPTS_MAX = 5;

export async function startDynoxide(): Promise<Dynoxide> {
  for (let attempt = 1; ; attempt++) {
    const port = await freePort();
    const engine = spawn("sh", ["-c", SCRIPT, BINARY, String(port)], { stdio: ["pipe", "ignore", "pipe"] });
    engine.once("exit", () => engine.stdin.destroy());
    const failure = await listening(engine);
    if (failure === undefined) return running(engine, `http://127.0.0.1:${port}`);
    if (attempt === ATTEMPTS_MAX) throw new Error(`dynoxide did not start on port ${port}: ${failure}`);
  }
}

function running(engine: ChildProcess, endpoint: string): Dynoxide {
  const client = new DynamoDBClient({
    endpoint,
    region: "eu-west-1",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    maxAttempts: 1,
  });
  return {
    endpoint,
    client,
    async stop() {
      client.destroy();
      if (engine.exitCode !== null || engine.signalCode !== null) return;
      const exited = once(engine, "exit");
      engine.kill("SIGTERM");
      await exited;
    },
  };
}

/** Resolves when the engine listens, or with its last words. */
function listening(engine: ChildProcess): Promise<string | undefined> {
  let words = "";
  return new Promise((done) => {
    engine.stderr?.on("data", (chunk: Buffer) => {
      words += chunk.toString();
      if (words.includes("listening")) done(undefined);
    });
    engine.once("error", (error) => done(error.message));
    engine.once("exit", (code) => done(`exit ${code}: ${words}`));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}
