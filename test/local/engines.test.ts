import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findBinary, startDynamoDbEngine } from "../../lib/local/engines/dynamodb.ts";
import { startSqsEngine } from "../../lib/local/engines/sqs.ts";
import { type Reaper, startReaper } from "../../lib/local/reaper.ts";
import { isAlive, until } from "./cloud-fixture.ts";

async function withReaper(use: (reaper: Reaper, folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "semel-engines-"));
  const reaper = startReaper(folder);
  try {
    await use(reaper, folder);
  } finally {
    await reaper.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Stands in for an engine's binary: what it does is what the shell says. */
async function script(folder: string, text: string): Promise<string> {
  const path = join(folder, "engine.sh");
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, 0o755);
  return path;
}

describe("the embedded DynamoDB engine", () => {
  test("a platform without a binary: the error names package and variable", () => {
    expect(() => findBinary("sunos", "sparc")).toThrow(/"@dynoxide\/sunos-sparc".*AWS_ENDPOINT_URL_DYNAMODB/);
  });

  test("starts, answers, stops", async () => {
    await withReaper(async (reaper) => {
      const engine = await startDynamoDbEngine({ reaper });
      expect((await fetch(engine.endpoint)).status).toBe(200);
      let failures = 0;
      engine.onFailure(() => {
        failures += 1;
      });
      await engine.stop();
      expect(await isAlive(engine.pid)).toBe(false);
      expect(failures).toBe(0);
    });
  });

  test("tries another port when one is taken meanwhile", async () => {
    await withReaper(async (reaper, folder) => {
      const real = findBinary(process.platform, process.arch);
      // The first two starts fail as on a lost race; the third is the engine itself.
      const tries = join(folder, "tries");
      const binary = await script(
        folder,
        `echo x >> ${tries}; [ $(wc -l < ${tries}) -lt 3 ] && { echo "Address already in use" >&2; exit 1; }; exec ${real} "$@"`,
      );
      const engine = await startDynamoDbEngine({ reaper, binary });
      expect((await fetch(engine.endpoint)).status).toBe(200);
      await engine.stop();
    });
  });

  test("a binary that doesn't run: the error has its words and the remedy", async () => {
    await withReaper(async (reaper, folder) => {
      const binary = await script(folder, 'echo "no such instruction" >&2; exit 1');
      await expect(startDynamoDbEngine({ reaper, binary })).rejects.toThrow(
        /no such instruction.*AWS_ENDPOINT_URL_DYNAMODB/,
      );
      await expect(startDynamoDbEngine({ reaper, binary: join(folder, "none") })).rejects.toThrow(/ENOENT/);
    });
  });

  test("dies with the reaper's pipe, and so does the folder", async () => {
    const folder = await mkdtemp(join(tmpdir(), "semel-engines-"));
    const reaper = startReaper(folder);
    const engine = await startDynamoDbEngine({ reaper });
    await reaper.close();
    await until(async () => !(await isAlive(engine.pid)));
    await expect(rm(folder, { recursive: true })).rejects.toThrow(/ENOENT/);
  });
});

describe("the embedded SQS engine", () => {
  // Elsewhere there is no 127.0.0.2 to try.
  test.runIf(process.platform === "linux")("listens on this machine only", async () => {
    const engine = await startSqsEngine("us-east-1");
    const { port } = new URL(engine.endpoint);
    // Another listener on the same port fits only beside one that is bound to 127.0.0.1 alone.
    const second = createServer();
    await new Promise<void>((resolve, reject) =>
      second.once("error", reject).listen(Number(port), "127.0.0.2", resolve),
    );
    second.close();
    await engine.stop();
    await expect(fetch(engine.endpoint)).rejects.toThrow();
  });
});
