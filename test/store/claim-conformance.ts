// What strategy claim must do, whatever engine stands behind its `send`.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Item } from "../../lib/aws/dynamodb.ts";
import { type Host, systemHost } from "../../lib/host.ts";
import type { ClaimedRecord, CompletedRecord, RejectedRecord } from "../../lib/protocol/record.ts";
import { type AcquireInput, type Claims, claims } from "../../lib/store/claims.ts";
import { type CallControl, type RecordStore, recordStore } from "../../lib/store/record-store.ts";
import type { Engine } from "./conformance.ts";

const control: CallControl = { timeLeftMs: () => 10_000, signal: new AbortController().signal };
const LEASE_MS = 1_000;

export function describeClaims(name: string, startEngine: () => Promise<Engine>): void {
  describe(`claims on ${name}`, () => {
    let engine: Engine;
    let store: RecordStore;
    let claimed: Claims;
    let [ids, nowMs] = [0, 100_000];
    const host: Host = { ...systemHost, nowMs: () => nowMs };
    beforeAll(async () => {
      engine = await startEngine();
      store = recordStore({ table: "Records", send: engine.send, host });
      claimed = claims(store, host);
    });
    afterAll(() => engine.stop());

    const unique = (): string => `c${++ids}`;
    const input = (pk: string, attemptId: string, rest: Partial<AcquireInput> = {}): AcquireInput => ({
      pk,
      attemptId,
      messageId: "m-1",
      fingerprint: "1:a",
      leaseMs: LEASE_MS,
      ownerDeadlineMs: nowMs + 10_000,
      expiresAtSeconds: 777,
      ...rest,
    });
    async function acquired(pk: string, attemptId: string, rest: Partial<AcquireInput> = {}): Promise<ClaimedRecord> {
      const outcome = await claimed.acquire(input(pk, attemptId, rest), control);
      if (outcome.kind !== "acquired") throw new Error(`not acquired: ${JSON.stringify(outcome)}`);
      return outcome.record;
    }
    /** The store of one that has looked, and writes after another did something. */
    const afterALook = (act: () => Promise<unknown>): RecordStore => ({
      ...store,
      sendInTime: async (request, given) => {
        if (request.operation === "UpdateItem") await act();
        return store.sendInTime(request, given);
      },
    });
    const lapse = (): void => {
      nowMs += LEASE_MS;
    };
    const ended = ({ pk, attemptId, fencingToken }: ClaimedRecord): CompletedRecord => ({
      pk,
      attemptId,
      fencingToken,
      status: "COMPLETED",
      messageId: "m-1",
      fingerprint: "1:a",
      committedAtMs: nowMs,
      expiresAtSeconds: 888,
    });
    const commit = (record: CompletedRecord | RejectedRecord, counter: string) =>
      store.commit(
        {
          record,
          effects: [{ kind: "increment", tableName: "Data", key: { id: { S: counter } }, amounts: { n: "1" } }],
          guards: [],
        },
        control,
      );
    const count = async (counter: string): Promise<number> =>
      Number((await store.get({ TableName: "Data", Key: { id: { S: counter } } }, control))?.["n"]?.N ?? 0);
    const item = async (pk: string): Promise<Item> =>
      (await store.get({ TableName: "Records", Key: { pk: { S: pk } } }, control)) ?? {};

    it("acquires, keeps steps, renews, commits with its effects, and leaves a record without the claim's own", async () => {
      const pk = unique();
      const lease = await acquired(pk, "a");
      expect(lease).toMatchObject({
        fencingToken: 1,
        status: "IN_PROGRESS",
        leaseUntilMs: nowMs + LEASE_MS,
        steps: {},
      });
      expect(await claimed.saveStep(lease, "charge it!", '{"id":1}', control)).toEqual({ kind: "done" });
      expect(await claimed.saveStep(lease, "no result", null, control)).toEqual({ kind: "done" });
      expect((await item(pk))["steps"]).toEqual({
        M: { "charge it!": { S: '{"id":1}' }, "no result": { NULL: true } },
      });
      expect(await claimed.renew(lease, nowMs + 5_000, control)).toEqual({ kind: "done" });
      expect((await item(pk))["leaseUntil"]).toEqual({ N: String(nowMs + 5_000) });
      expect(await commit(ended(lease), pk)).toEqual({ kind: "committed" });
      expect(Object.keys(await item(pk)).sort()).toEqual(
        ["attemptId", "claimedAt", "committedAt", "expiresAt", "fencingToken", "fingerprint", "formatVersion"]
          .concat(["messageId", "pk", "status"])
          .sort(),
      );
      expect(await count(pk)).toBe(1);
    });

    it("CL1, I4: a commit that is sent again changes nothing, and is told from another's", async () => {
      const pk = unique();
      const lease = await acquired(pk, "a");
      await commit(ended(lease), pk);
      expect(await commit(ended(lease), pk)).toMatchObject({ kind: "committed", record: { attemptId: "a" } });
      expect(await commit({ ...ended(lease), attemptId: "b" }, pk)).toMatchObject({ kind: "duplicate" });
      expect(await count(pk)).toBe(1);
    });

    it("CL3: nobody else acquires while the lease lasts; a renewal makes it last", async () => {
      const pk = unique();
      const lease = await acquired(pk, "a");
      const inUse = { kind: "inUse", untilMs: lease.ownerDeadlineMs };
      expect(await claimed.acquire(input(pk, "b"), control)).toEqual(inUse);
      await claimed.renew(lease, nowMs + LEASE_MS + 500, control);
      lapse();
      expect(await claimed.acquire(input(pk, "b"), control)).toEqual(inUse);
    });

    it("CL2: the one who takes over has the next token, and of two only one does", async () => {
      const pk = unique();
      await acquired(pk, "a");
      lapse();
      const outcomes = await Promise.all(["b", "c"].map((one) => claimed.acquire(input(pk, one), control)));
      expect(outcomes.map(({ kind }) => kind).sort()).toEqual(["acquired", "inUse"]);
      expect((await item(pk))["fencingToken"]).toEqual({ N: "2" });
    });

    it.each(["taken over", "released", "committed", "rejected", "deleted"] as const)(
      "I4, Z4: an owner that comes late changes nothing: %s",
      async (how) => {
        const pk = unique();
        const late = await acquired(pk, "late");
        await claimed.saveStep(late, "one", "1", control);
        lapse();
        const next = await acquired(pk, "next");
        if (how === "released") await claimed.release(next, control);
        if (how === "committed") await commit(ended(next), pk);
        if (how === "rejected") {
          await commit({ ...ended(next), status: "REJECTED", code: "SEMEL_PERMANENT", reason: "no" }, unique());
        }
        if (how === "deleted") {
          await store.transact(
            [{ Delete: { TableName: "Records", Key: { pk: { S: pk } } } }],
            systemHost.randomId(),
            control,
          );
        }
        const before = await item(pk);
        expect(await claimed.renew(late, nowMs + 9_000, control)).toEqual({ kind: "lost" });
        expect(await claimed.saveStep(late, "two", "2", control)).toEqual({ kind: "lost" });
        expect(await claimed.release(late, control)).toEqual({ kind: "lost" });
        const outcome = await commit(ended(late), pk);
        expect(outcome.kind).toBe({ committed: "duplicate", rejected: "rejected" }[how as string] ?? "claimed");
        const rejection: RejectedRecord = { ...ended(late), status: "REJECTED", code: "C", reason: "r" };
        expect((await commit(rejection, pk)).kind).not.toBe("committed");
        expect(await item(pk)).toEqual(before);
        expect(await count(pk)).toBe(how === "committed" ? 1 : 0);
      },
    );

    it("CL1: each of the three terms counts: status, token, attempt", async () => {
      const pk = unique();
      const lease = await acquired(pk, "a");
      for (const wrong of [
        { ...lease, fencingToken: 2 },
        { ...lease, attemptId: "b" },
      ]) {
        expect((await commit(ended(wrong), pk)).kind).toBe("claimed");
        expect((await claimed.renew(wrong, nowMs, control)).kind).toBe("lost");
      }
      await claimed.release(lease, control);
      expect((await commit(ended(lease), pk)).kind).toBe("claimed");
      expect(await claimed.saveStep(lease, "one", "1", control)).toEqual({ kind: "lost" });
      expect(await count(pk)).toBe(0);
    });

    it("CL2: an owner that renews between the look and the takeover keeps its key", async () => {
      const pk = unique();
      const alive = await acquired(pk, "alive");
      lapse();
      const racing = afterALook(() => claimed.renew(alive, nowMs + LEASE_MS, control));
      const outcome = await claims(racing, host).acquire(input(pk, "new"), control);
      expect(outcome).toEqual({ kind: "inUse", untilMs: alive.ownerDeadlineMs });
      expect(await commit(ended(alive), pk)).toEqual({ kind: "committed" });
    });

    it("CL4: a release keeps token and steps, may be sent again, and frees the key at once", async () => {
      const pk = unique();
      const lease = await acquired(pk, "a");
      await claimed.saveStep(lease, "one", "1", control);
      expect(await claimed.release(lease, control)).toEqual({ kind: "done" });
      expect(await claimed.release(lease, control)).toEqual({ kind: "done" });
      expect(await item(pk)).toMatchObject({ status: { S: "RELEASED" }, fencingToken: { N: "1" } });
      expect(await acquired(pk, "b")).toMatchObject({ fencingToken: 2, steps: { one: "1" } });
    });

    it("a release after the commit went through tells so, and changes nothing", async () => {
      const pk = unique();
      const lease = await acquired(pk, "a");
      await commit(ended(lease), pk);
      const before = await item(pk);
      expect(await claimed.release(lease, control)).toMatchObject({ kind: "ended", record: { status: "COMPLETED" } });
      expect(await item(pk)).toEqual(before);
    });

    it("after a release no commit of that claim succeeds: what was left open is settled", async () => {
      const pk = unique();
      const lease = await acquired(pk, "a");
      await claimed.release(lease, control);
      expect(await commit(ended(lease), pk)).toMatchObject({ kind: "claimed", record: { status: "RELEASED" } });
      expect(await count(pk)).toBe(0);
    });

    it("CL5: a payload does not take over the step that the owner of another kept after it was seen", async () => {
      const pk = unique();
      const old = await acquired(pk, "old");
      lapse();
      const racing = afterALook(() => claimed.saveStep(old, "late", "1", control));
      const other = input(pk, "new", { fingerprint: "1:b" });
      const outcome = await claims(racing, host).acquire(other, control);
      expect(outcome).toMatchObject({ kind: "settled", verdict: { kind: "payloadMismatch" } });
      expect(await item(pk)).toMatchObject({ attemptId: { S: "old" }, steps: { M: { late: { S: "1" } } } });
    });

    it.each(["IN_PROGRESS", "REJECTED"])("CL5: another payload takes over what has no steps: %s", async (status) => {
      const pk = unique();
      const old = await acquired(pk, "old");
      if (status === "REJECTED") await commit({ ...ended(old), status, code: "C", reason: "r" }, unique());
      lapse();
      const other = await acquired(pk, "new", { messageId: "m-2", fingerprint: "1:b" });
      expect(other).toMatchObject({ fingerprint: "1:b", fencingToken: 2, steps: {} });
    });

    it("CL4, ST1: a takeover sees the step that its old owner kept after it was seen", async () => {
      const pk = unique();
      const old = await acquired(pk, "old");
      lapse();
      const racing = afterALook(() => claimed.saveStep(old, "late", "1", control));
      const outcome = await claims(racing, host).acquire(input(pk, "new"), control);
      expect(outcome).toMatchObject({ kind: "acquired", record: { fencingToken: 2, steps: { late: "1" } } });
    });

    it("P4, CL4: a rejection of the holder stops its message; a redrive takes over with the steps and the next token", async () => {
      const pk = unique();
      const lease = await acquired(pk, "a");
      await claimed.saveStep(lease, "one", "1", control);
      const rejection: RejectedRecord = { ...ended(lease), status: "REJECTED", code: "SEMEL_PERMANENT", reason: "no" };
      expect(await store.commit({ record: rejection, effects: [], guards: [] }, control)).toEqual({
        kind: "committed",
      });
      expect(await claimed.acquire(input(pk, "b"), control)).toMatchObject({
        kind: "settled",
        verdict: { kind: "rejected" },
      });
      const redriven = await acquired(pk, "c", { messageId: "m-2" });
      expect(redriven).toMatchObject({ fencingToken: 2, steps: { one: "1" } });
      // A copy of the rejected message does not run, whoever holds the key, or held it.
      const verdict = { kind: "rejected", messageId: "m-1", code: "SEMEL_PERMANENT", reason: "no" };
      expect(await claimed.acquire(input(pk, "d"), control)).toEqual({ kind: "settled", verdict });
      await claimed.release(redriven, control);
      expect(await claimed.acquire(input(pk, "e"), control)).toEqual({ kind: "settled", verdict });
      const again = await acquired(pk, "f", { messageId: "m-3" });
      expect(await claimed.acquire(input(pk, "g"), control)).toEqual({ kind: "settled", verdict });
      await commit(ended(again), pk);
      for (const name of ["reason", "code", "rejectedMessageId"]) expect(await item(pk)).not.toHaveProperty(name);
    });

    it("takes over a rejection that was never claimed", async () => {
      const pk = unique();
      const { fencingToken: _, ...rest } = ended({ pk, attemptId: "x" } as ClaimedRecord);
      const record: RejectedRecord = { ...rest, status: "REJECTED", code: "SEMEL_KEY", reason: "no" };
      await store.commit({ record, effects: [], guards: [] }, control);
      expect(await acquired(pk, "a", { messageId: "m-2" })).toMatchObject({ fencingToken: 1, steps: {} });
    });

    it("C4: a condition of an effect that fails leaves the claim as it is", async () => {
      const pk = unique();
      const lease = await acquired(pk, "a");
      const check = {
        kind: "check",
        tableName: "Data",
        key: { id: { S: "absent" } },
        expressions: { condition: "attribute_exists(id)", names: {}, values: {} },
      } as const;
      const outcome = await store.commit({ record: ended(lease), effects: [check], guards: [] }, control);
      expect(outcome).toMatchObject({ kind: "conditionFailed", openTries: false });
      expect(await commit(ended(lease), pk)).toEqual({ kind: "committed" });
    });

    it("without a claim, a commit is refused while the owner works, and passes after it; a rejection does not", async () => {
      for (const free of ["released", "lapsed"]) {
        const pk = unique();
        const lease = await acquired(pk, "a");
        const plain = (): CompletedRecord => {
          const { fencingToken: _, ...rest } = ended({ ...lease, attemptId: "other" });
          return rest;
        };
        expect(await commit(plain(), pk)).toMatchObject({ kind: "claimed", record: { status: "IN_PROGRESS" } });
        if (free === "released") await claimed.release(lease, control);
        else lapse();
        const rejection: RejectedRecord = { ...plain(), status: "REJECTED", code: "C", reason: "r" };
        expect(await commit(rejection, pk)).toMatchObject({ kind: "claimed" });
        expect(await commit(plain(), pk)).toEqual({ kind: "committed" });
        expect(await commit(ended(lease), pk)).toMatchObject({ kind: "duplicate" }); // I4: its owner comes late
        expect(await count(pk)).toBe(1);
      }
    });
  });
}
