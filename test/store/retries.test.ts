// The loop around `send`: what is sent again, when it is given up, what a failed look at the record leaves open.

import { describe, expect, it } from "vitest";
import { COMMIT_TRIES_MAX } from "../../lib/protocol/commit.ts";
import type { IdempotencyRecord } from "../../lib/protocol/record.ts";
import { groupCommitter, initialGroupSize } from "../../lib/store/group-committer.ts";
import { type CallControl, READ_TRIES_MAX, type RecordStore, recordStore } from "../../lib/store/record-store.ts";
import type { DynamoDbRequest, Send, SendOptions } from "../../lib/store/send.ts";
import { named } from "../support/faulty-send.ts";
import { type VirtualHost, virtualHost } from "../support/virtual-host.ts";

const record: IdempotencyRecord = {
  pk: "orders#1",
  status: "COMPLETED",
  messageId: "m-1",
  attemptId: "mine",
  fingerprint: "1:a",
  committedAtMs: 5,
  expiresAtSeconds: 6,
};
const input = { TableName: "T", Key: { id: { S: "1" } } };

interface Scene {
  readonly host: VirtualHost;
  readonly store: RecordStore;
  readonly sent: { readonly operation: string; readonly signal: AbortSignal | undefined }[];
  readonly control: CallControl;
  readonly giveUp: AbortController;
}

function scene(answer: (request: DynamoDbRequest) => Promise<unknown>): Scene {
  const host = virtualHost();
  const sent: Scene["sent"] = [];
  const send = ((request: DynamoDbRequest, { signal }: SendOptions) => {
    sent.push({ operation: request.operation, signal });
    return answer(request);
  }) as Send;
  const giveUp = new AbortController();
  const endMs = host.nowMs() + 60_000;
  const control = { timeLeftMs: () => endMs - host.nowMs(), signal: giveUp.signal };
  return { host, store: recordStore({ table: "Records", send, host }), sent, control, giveUp };
}

describe("a read", () => {
  it("is sent again, a bounded number of times", async () => {
    const { host, store, sent, control } = scene(() => Promise.reject(named("ThrottlingException", "slow")));
    await expect(host.run(store.get(input, control))).rejects.toThrow("slow");
    expect(sent).toHaveLength(READ_TRIES_MAX);
  });

  it("that is refused is not", async () => {
    const { host, store, sent, control } = scene(() => Promise.reject(named("AccessDeniedException", "no")));
    await expect(host.run(store.get(input, control))).rejects.toThrow("no");
    expect(sent).toHaveLength(1);
  });
});

describe("a commit", () => {
  const cancelled = (...codes: string[]): Error =>
    Object.assign(named("TransactionCanceledException", "x"), { CancellationReasons: codes.map((Code) => ({ Code })) });

  it.each([
    ["a failed condition", ["None", "ConditionalCheckFailed"]],
    ["a record without its old item", ["ConditionalCheckFailed", "None"]],
  ])("%s whose look at the record fails is left open", async (_name, codes) => {
    const { host, store, sent, control } = scene(({ operation }) =>
      Promise.reject(operation === "GetItem" ? named("AccessDeniedException", "no") : cancelled(...codes)),
    );
    const outcome = await host.run(store.commit({ record, effects: [], guards: [] }, control));
    expect(outcome.kind).toBe("unknown");
    expect(sent.map(({ operation }) => operation)).toEqual(["TransactWriteItems", "GetItem"]);
  });

  it("is given up at once when nobody waits any more", async () => {
    const { store, sent, control, giveUp } = scene(() => new Promise(() => {}));
    void store.commit({ record, effects: [], guards: [] }, control);
    await new Promise((resolve) => setImmediate(resolve));
    expect(sent[0]?.signal?.aborted).toBe(false);
    giveUp.abort();
    expect(sent[0]?.signal?.aborted).toBe(true);
  });
});

it("a group that is cancelled without a reason goes again a bounded number of times", async () => {
  const { host, store, sent, control } = scene(async (request) => {
    const count = request.operation === "TransactWriteItems" ? request.input.TransactItems.length : 0;
    const CancellationReasons = Array(count).fill({ Code: "None" });
    throw Object.assign(named("TransactionCanceledException", "cancelled"), { CancellationReasons });
  });
  const options = { store, host, control, lanes: 1, size: initialGroupSize(), toCome: () => 0 };
  const { commit } = groupCommitter(options);
  const messages = ["orders#1", "orders#2"].map((pk) => ({ record: { ...record, pk }, effects: [], guards: [] }));
  const outcomes = await host.run(Promise.all(messages.map((message) => commit(message, control))));
  expect(outcomes).toEqual([{ kind: "conflict" }, { kind: "conflict" }]);
  expect(sent).toHaveLength(COMMIT_TRIES_MAX);
});
