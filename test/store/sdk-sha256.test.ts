// Attacks SH1 of lib/store/sdk-sha256.ts: digests and signatures, against those of the SDK's own.

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import fc from "fast-check";
import { expect, it } from "vitest";
import { Sha256 } from "../../lib/store/sdk-sha256.ts";

const Theirs = new DynamoDBClient({ region: "eu-west-1" }).config.sha256;

const secret = fc.option(
  fc.oneof(
    fc.string({ minLength: 1, unit: "grapheme" }),
    fc.uint8Array({ minLength: 1 }),
    fc.uint8Array({ minLength: 2 }).map((some) => some.subarray(1)), // not the whole of its buffer
    fc.uint8Array({ minLength: 1 }).map((some) => some.slice().buffer),
  ),
  { nil: undefined },
);

it("SH1: digests what the SDK's own does, in parts and after a reset", async () => {
  const parts = fc.array(fc.uint8Array());
  await fc.assert(
    fc.asyncProperty(secret, parts, parts, async (key, first, second) => {
      const ours = new Sha256(key);
      expect(await digestOf(ours, first)).toEqual(await digestOf(new Theirs(key), first));
      ours.reset();
      expect(await digestOf(ours, second)).toEqual(await digestOf(new Theirs(key), second));
    }),
  );
});

async function digestOf(
  hash: Pick<InstanceType<typeof Theirs>, "update" | "digest">,
  parts: readonly Uint8Array[],
): Promise<readonly number[]> {
  for (const part of parts) hash.update(part);
  return [...(await hash.digest())];
}
