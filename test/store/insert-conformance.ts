// What strategy insert must do, whatever engine stands behind its `send`, under answers that go wrong.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Item } from "../../lib/aws/dynamodb.ts";
import { type Host, systemHost } from "../../lib/host.ts";
import type { CommitOutcome } from "../../lib/protocol/commit.ts";
import { MARK } from "../../lib/protocol/insert.ts";
import type { DynamoDbRequest, Send, SendOptions } from "../../lib/store/send.ts";
import { named } from "../support/faulty-send.ts";
import { STATEMENT_FAULTS, type StatementFault } from "../support/statement-faults.ts";
import type { Engine } from "./conformance.ts";
import { control, kinds, type Message, operations, rejectionOf, setup, three } from "./inserts.ts";

/** The engine has the tables Records (pk) and Ledger (id; a string). */
export function describeInserts(name: string, startEngine: () => Promise<Engine>): void {
  describe.concurrent(`strategy insert on ${name}`, () => {
    let engine: Engine;
    let runs = 0;
    const host: Host = { ...systemHost, random: () => 0 };
    beforeAll(async () => {
      engine = await startEngine();
    });
    afterAll(() => engine.stop());
    /** Keys of its own for every test. */
    const fresh = (): string => `-${++runs}`;
    const find = async (key: string): Promise<Item | undefined> => {
      const input = { TableName: "Ledger", Key: { id: { S: key } }, ConsistentRead: true };
      return (await engine.send({ operation: "GetItem", input }, {})).Item;
    };
    const attemptOf = (item: Item | undefined): string | undefined => item?.[MARK]?.M?.["attemptId"]?.S;

    it("many go in one call, and each is its own record", async () => {
      const attempt = fresh();
      const { commit, requests } = setup(engine.send, host);
      expect(kinds(await commit(...three(attempt)))).toEqual(["committed", "committed", "committed"]);
      expect(operations(requests)).toEqual(["BatchExecuteStatement"]);
      for (const { key } of three(attempt)) {
        expect(await find(key)).toMatchObject({ id: { S: key }, by: { S: attempt } });
        expect(attemptOf(await find(key))).toBe(attempt);
      }
    });

    it("one goes by PutItem", async () => {
      const attempt = fresh();
      const { commit, requests } = setup(engine.send, host);
      expect(kinds(await commit({ key: attempt, attempt }))).toEqual(["committed"]);
      expect(operations(requests)).toEqual(["PutItem"]);
    });

    it("every type of attribute arrives as it is, either way", async () => {
      const attempt = fresh();
      const item: Item = {
        text: { S: "" },
        number: { N: "1.5" },
        binary: { B: new Uint8Array([0, 255]) },
        map: { M: { "it's": { L: [{ NULL: true }, { BOOL: false }] } } },
        strings: { SS: ["a", "b"] },
        numbers: { NS: ["1"] },
        "two words, a dot. and #:?": { S: "x" },
      };
      const { commit, requests } = setup(engine.send, host);
      await commit({ key: `a${attempt}`, item }, { key: `b${attempt}`, item });
      await commit({ key: `c${attempt}`, item });
      expect(operations(requests)).toEqual(["BatchExecuteStatement", "PutItem"]);
      for (const key of ["a", "b", "c"]) expect(await find(`${key}${attempt}`)).toMatchObject(item);
    });

    it("a name that a statement cannot carry for sure, and a statement that is too long, go by PutItem", async () => {
      const attempt = fresh();
      const { commit, requests } = setup(engine.send, host);
      const names = Array.from({ length: 600 }, (_, index): [string, Item[string]] => [
        `attribute${index}`,
        { N: "1" },
      ]);
      const outcomes = await commit(
        ...three(attempt),
        { key: `q${attempt}`, item: { "it's": { S: "x" } } },
        { key: `l${attempt}`, item: Object.fromEntries(names) },
      );
      expect(new Set(kinds(outcomes))).toEqual(new Set(["committed"]));
      expect(operations(requests).toSorted()).toEqual(["BatchExecuteStatement", "PutItem", "PutItem"]);
      expect(await find(`q${attempt}`)).toMatchObject({ "it's": { S: "x" } });
    });

    it("what is done already is judged by one strong read: duplicate, other payload, somebody else's", async () => {
      const attempt = fresh();
      const [x, y, z] = three(attempt) as [Message, Message, Message];
      await setup(engine.send, host).commit(x, y);
      await engine.send({ operation: "PutItem", input: { TableName: "Ledger", Item: { id: { S: z.key } } } }, {});
      const { commit, requests } = setup(engine.send, host);
      const again = [x, { ...y, payload: "1:other" }, z, { key: `new${attempt}` }];
      const outcomes = await commit(...again.map((one) => ({ ...one, attempt: "a-2" })));
      expect(kinds(outcomes)).toEqual(["duplicate", "payloadMismatch", "invalid", "committed"]);
      expect(outcomes[2]).toMatchObject({ error: { code: "SEMEL_INSERT", retryable: false } });
      expect(operations(requests)).toEqual(["BatchExecuteStatement", "BatchGetItem"]);
      expect(requests[1]).toMatchObject({ input: { RequestItems: { Ledger: { ConsistentRead: true } } } });
      expect(attemptOf(await find(x.key))).toBe(attempt); // nothing was overwritten
      expect(await find(z.key)).toEqual({ id: { S: z.key } });
    });

    it("alone, the failed condition brings the item: nothing is read", async () => {
      const attempt = fresh();
      await setup(engine.send, host).commit({ key: attempt });
      const { commit, requests } = setup(engine.send, host);
      expect(kinds(await commit({ key: attempt, attempt: "a-2" }))).toEqual(["duplicate"]);
      expect(operations(requests)).toEqual(["PutItem"]);
    });

    it.each(STATEMENT_FAULTS)(
      "%s, at the write of three and at that of one: each is there once, and known",
      async (fault) => {
        for (const faults of [[fault], [fault, fault], [fault, "none", fault]] as const) {
          const attempt = fresh();
          const many = setup(engine.send, host, faults);
          expect(kinds(await many.commit(...three(attempt)))).toEqual(["committed", "committed", "committed"]);
          const one = setup(engine.send, host, faults);
          expect(kinds(await one.commit({ key: `one${attempt}`, attempt }))).toEqual(["committed"]);
          await new Promise((resolve) => setTimeout(resolve, 40)); // what comes later
          for (const key of [...three(attempt).map((message) => message.key), `one${attempt}`]) {
            expect(attemptOf(await find(key))).toBe(attempt);
          }
        }
      },
    );

    it("only the statement that was throttled, or in conflict, goes again", async () => {
      for (const fault of ["one-throttled", "one-conflicts"] as const) {
        const attempt = fresh();
        const { commit, requests } = setup(engine.send, host, [fault]);
        await commit(...three(attempt));
        expect(operations(requests)).toEqual(["BatchExecuteStatement", "PutItem"]);
      }
    });

    it("a refused statement fails its message alone", async () => {
      const attempt = fresh();
      const { commit } = setup(engine.send, host, ["one-refused"]);
      const outcomes = await commit(...three(attempt));
      expect(kinds(outcomes)).toEqual(["refused", "committed", "committed"]);
      expect(outcomes[0]).toMatchObject({ cause: { name: "AccessDenied" } });
      expect(await find(three(attempt)[0]?.key ?? "")).toBeUndefined();
    });

    it("a message that makes the whole call refused fails alone", async () => {
      const attempt = fresh();
      const [x, y, z] = three(attempt) as [Message, Message, Message];
      const outcomes = await setup(engine.send, host).commit(x, { ...y, item: { n: { N: "not a number" } } }, z);
      expect(kinds(outcomes)).toEqual(["committed", "refused", "committed"]);
    });

    it("an engine without PartiQL, which is remembered: one by one", async () => {
      const size = {};
      const without: Send = async (request, options) => {
        if (request.operation === "BatchExecuteStatement") throw named("UnknownOperationException", "");
        return engine.send(request, options);
      };
      for (const expected of [["BatchExecuteStatement", ...Array(3).fill("PutItem")], Array(3).fill("PutItem")]) {
        const { commit, requests } = setup(without, host, [], { size });
        expect(kinds(await commit(...three(fresh())))).toEqual(["committed", "committed", "committed"]);
        expect(operations(requests)).toEqual(expected);
      }
    });

    it("a function that may not use PartiQL: one by one", async () => {
      const denied: Send = async (request, options) => {
        if (request.operation === "BatchExecuteStatement") throw named("AccessDeniedException", "");
        return engine.send(request, options);
      };
      expect(kinds(await setup(denied, host).commit(...three(fresh())))).toEqual([
        "committed",
        "committed",
        "committed",
      ]);
    });

    it("IC3: two keys that mean one item: one is committed, the other is told", async () => {
      const attempt = fresh();
      const shared = { appendOnlyTable: "Ledger", primaryKey: () => ({ id: `same${attempt}` }) };
      const { commit, requests } = setup(engine.send, host, [], { target: shared });
      const outcomes = await commit(...three(attempt));
      expect(kinds(outcomes).toSorted()).toEqual(["committed", "invalid", "invalid"]);
      expect(operations(requests)).toEqual(["PutItem", "PutItem", "PutItem"]);
    });

    it("packs at most 25 statements into a call", async () => {
      const attempt = fresh();
      const { commit, requests } = setup(engine.send, host);
      await commit(...Array.from({ length: 60 }, (_, index) => ({ key: `${index}${attempt}`, attempt })));
      const sizes = requests.map((request) =>
        request.operation === "BatchExecuteStatement" ? request.input.Statements.length : 0,
      );
      expect(sizes).toEqual([25, 25, 10]);
    });

    it("one call a message where that is asked for", async () => {
      const { commit, requests } = setup(engine.send, host, [], { together: false });
      await commit(...three(fresh()));
      expect(operations(requests)).toEqual(["PutItem", "PutItem", "PutItem"]);
    });

    it("an item that was in the way and is gone: not done, and not done again", async () => {
      const attempt = fresh();
      const [x, y] = three(attempt) as [Message, Message];
      await setup(engine.send, host).commit(x);
      const emptied: Send = async (request, options) => {
        const answer = await engine.send(request, options);
        return request.operation === "BatchGetItem" ? ({ Responses: { Ledger: [] } } as typeof answer) : answer;
      };
      const outcomes = await setup(emptied, host).commit({ ...x, attempt: "a-2" }, y);
      expect(kinds(outcomes)).toEqual(["invalid", "committed"]);
      expect(outcomes[0]).toMatchObject({ error: { code: "SEMEL_INSERT", retryable: false } });
      expect(attemptOf(await find(x.key))).toBe(attempt);
    });

    it("keys that are left unprocessed are asked for again", async () => {
      const attempt = fresh();
      await setup(engine.send, host).commit(...three(attempt));
      let reads = 0;
      const partial = async (request: DynamoDbRequest, options: SendOptions): Promise<unknown> => {
        if (request.operation !== "BatchGetItem" || ++reads > 2) return engine.send(request, options);
        const [first, ...rest] = request.input.RequestItems["Ledger"]?.Keys ?? [];
        const Keys = first ? [first] : [];
        const RequestItems = { Ledger: { Keys, ConsistentRead: true } };
        const answer = await engine.send({ operation: "BatchGetItem", input: { RequestItems } }, options);
        return { ...answer, UnprocessedKeys: rest.length > 0 ? { Ledger: { Keys: rest } } : {} };
      };
      const again = three(attempt).map((message) => ({ ...message, attempt: "a-2" }));
      expect(kinds(await setup(partial as Send, host).commit(...again))).toEqual([
        "duplicate",
        "duplicate",
        "duplicate",
      ]);
      expect(reads).toBe(3);
    });

    it("a read that fails leaves the outcome open", async () => {
      const attempt = fresh();
      await setup(engine.send, host).commit(...three(attempt));
      const blind: Send = async (request, options) => {
        if (request.operation === "BatchGetItem") throw named("AccessDeniedException", "no");
        return engine.send(request, options);
      };
      const again = three(attempt).map((message) => ({ ...message, attempt: "a-2" }));
      expect(kinds(await setup(blind, host).commit(...again))).toEqual(["unknown", "unknown", "unknown"]);
    });

    describe("IC4: a rejection", () => {
      const reject = (message: Message, faults: readonly StatementFault[] = []): Promise<CommitOutcome> =>
        setup(engine.send, host, faults).committer.commit(rejectionOf(message), control);
      const recorded = async (key: string): Promise<string | undefined> => {
        const input = { TableName: "Records", Key: { pk: { S: `orders#${key}` } }, ConsistentRead: true };
        return (await engine.send({ operation: "GetItem", input }, {})).Item?.["status"]?.S;
      };

      it("is recorded where the item is not there", async () => {
        for (const fault of ["none", "answer-lost", "server-error", "throttled"] as const) {
          const key = fresh();
          expect(await reject({ key, attempt: "r-1" }, [fault])).toMatchObject({ kind: "committed" });
          expect(await recorded(key)).toBe("REJECTED");
          expect(await find(key)).toBeUndefined();
        }
      });

      it("of what was inserted is none: a duplicate", async () => {
        const key = fresh();
        await setup(engine.send, host).commit({ key });
        expect(await reject({ key, attempt: "r-1" })).toMatchObject({ kind: "duplicate" });
        expect(await recorded(key)).toBeUndefined();
      });

      it("of another payload of what was inserted is a mismatch", async () => {
        const key = fresh();
        await setup(engine.send, host).commit({ key });
        expect(await reject({ key, attempt: "r-1", payload: "1:o" })).toMatchObject({ kind: "payloadMismatch" });
        expect(await recorded(key)).toBeUndefined();
      });

      it("is recorded beside somebody else's item, which stays", async () => {
        const key = fresh();
        await engine.send({ operation: "PutItem", input: { TableName: "Ledger", Item: { id: { S: key } } } }, {});
        expect(await reject({ key, attempt: "r-1" })).toMatchObject({ kind: "committed" });
        expect(await recorded(key)).toBe("REJECTED");
        expect(await find(key)).toEqual({ id: { S: key } });
      });

      it("of a message that was rejected before is told", async () => {
        const key = fresh();
        await reject({ key, attempt: "r-1" });
        expect(await reject({ key, attempt: "r-2" })).toMatchObject({ kind: "rejected" });
      });
    });
  });
}
