// The memory store as a table of items: what is refused before anything, all or nothing (M1, M2, M3), request tokens (M4),
// no shared memory (M5).

import { describe, expect, test } from "vitest";
import type { AttributeValue, CancellationReason, Item, TransactWriteItem } from "../../../lib/aws/dynamodb.ts";
import { itemBytes } from "../../../lib/protocol/item-size.ts";
import { type MemoryDynamoDb, memoryDynamoDb } from "../../../lib/store/memory/memory-dynamodb.ts";

const S = (text: string): AttributeValue => ({ S: text });
const N = (text: string): AttributeValue => ({ N: text });
const put = (Item: Item, more: object = {}): TransactWriteItem => ({ Put: { TableName: "t", Item, ...more } });
const remove = (Key: Item, TableName = "t"): TransactWriteItem => ({ Delete: { TableName, Key } });
const fresh = (): MemoryDynamoDb =>
  memoryDynamoDb({ t: { partitionKey: "pk" }, sorted: { partitionKey: "pk", sortKey: "sk", sortKeyType: "N" } });

function write(store: MemoryDynamoDb, TransactItems: TransactWriteItem[], ClientRequestToken?: string): void {
  const token = ClientRequestToken === undefined ? {} : { ClientRequestToken };
  store.send({ operation: "TransactWriteItems", input: { TransactItems, ...token } });
}

interface Refusal {
  name: string;
  message: string;
  reasons: CancellationReason[] | undefined;
}
function refusal(act: () => unknown): Refusal | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    const {
      name,
      message,
      CancellationReasons: reasons,
    } = error as Error & { CancellationReasons?: CancellationReason[] };
    return { name, message, reasons };
  }
}

describe("refused before anything", () => {
  const many = (count: number, bytes = 1): TransactWriteItem[] =>
    Array.from({ length: count }, (_, index) => put({ pk: S(String(index)), a: S("x".repeat(bytes)) }));
  const nested = (levels: number): AttributeValue => (levels === 1 ? N("1") : { M: { a: nested(levels - 1) } });

  test.each<[string, TransactWriteItem[], string, string]>([
    ["no action", [], "ValidationException", "greater than or equal to 1"],
    ["101 actions", many(101), "ValidationException", "less than or equal to 100"],
    [
      "two actions in one entry",
      [{ ...put({ pk: S("a") }), ...remove({ pk: S("b") }) }],
      "ValidationException",
      "only contain one of",
    ],
    ["an entry with no action", [{}], "ValidationException", "only contain one of"],
    [
      "one item twice",
      [put({ pk: S("a") }), remove({ pk: S("a") })],
      "ValidationException",
      "Transaction request cannot include multiple operations on one item",
    ],
    [
      "one number key written in two ways",
      [remove({ pk: S("a"), sk: N("1") }, "sorted"), remove({ pk: S("a"), sk: N("1.0") }, "sorted")],
      "ValidationException",
      "multiple operations",
    ],
    [
      "an unknown table",
      [{ Put: { TableName: "u", Item: {} } }],
      "ResourceNotFoundException",
      "Requested resource not found",
    ],
    [
      "a syntax error ahead of an unknown table",
      [{ Put: { TableName: "u", Item: {} } }, put({ pk: S("a") }, { ConditionExpression: "a =" })],
      "ValidationException",
      "Syntax error",
    ],
    ["an empty key", [remove({ pk: S("") })], "ValidationException", "cannot contain an empty string value. Key: pk"],
    [
      "an item over 400 KB",
      [put({ pk: S("a"), a: S("x".repeat(409_600 - 3)) })],
      "ValidationException",
      "Item size has exceeded",
    ],
    ["over 4 MB", many(11, 400_000), "ValidationException", "too large"],
    [
      "a null that is false",
      [put({ pk: S("a"), a: { NULL: false } })],
      "ValidationException",
      "must have the value of true",
    ],
    ["an empty set", [put({ pk: S("a"), a: { NS: [] } })], "ValidationException", "set  may not be empty"],
    [
      "a set with duplicates",
      [put({ pk: S("a"), a: { NS: ["1", "1.0"] } })],
      "ValidationException",
      "contains duplicates",
    ],
    ["33 levels", [put({ pk: S("a"), a: nested(33) })], "ValidationException", "Nesting Levels"],
  ])("%s", (_, actions, name, message) => {
    const store = fresh();
    const before = store.fingerprint();
    expect(refusal(() => write(store, actions))).toEqual({
      name,
      message: expect.stringContaining(message),
      reasons: undefined,
    });
    expect(store.fingerprint()).toBe(before);
  });

  test("just within the limits", () => {
    const store = fresh();
    write(store, many(100));
    write(store, [put({ pk: S("a"), a: S("x".repeat(409_600 - 4)) })]);
    write(store, [put({ pk: S("b"), a: nested(32) })]);
    expect(itemBytes(store.items("t").find((item) => item["pk"]?.S === "a") ?? {})).toBe(409_600);
  });
});

describe("all or nothing", () => {
  test("one reason per action, in order, the old item only where asked for", () => {
    const store = fresh();
    write(store, [put({ pk: S("a"), n: N("1") }), put({ pk: S("b"), n: N("2") })]);
    const before = store.fingerprint();
    const missing = { ConditionExpression: "attribute_not_exists(pk)" };
    const failed = refusal(() =>
      write(store, [
        put({ pk: S("new") }, missing),
        put({ pk: S("a") }, { ...missing, ReturnValuesOnConditionCheckFailure: "ALL_OLD" }),
        put({ pk: S("b") }, missing),
        put({ pk: N("3") }),
        { Delete: { TableName: "t", Key: { pk: S("c"), x: S("") } } },
        put({ x: S("") }),
      ]),
    );
    expect(failed).toEqual({
      name: "TransactionCanceledException",
      message:
        "Transaction cancelled, please refer cancellation reasons for specific reasons " +
        "[None, ConditionalCheckFailed, ConditionalCheckFailed, ValidationError, ValidationError, ValidationError]",
      reasons: [
        { Code: "None" },
        { Code: "ConditionalCheckFailed", Message: "The conditional request failed", Item: { pk: S("a"), n: N("1") } },
        { Code: "ConditionalCheckFailed", Message: "The conditional request failed" },
        {
          Code: "ValidationError",
          Message: "One or more parameter values were invalid: Type mismatch for key pk expected: S actual: N",
        },
        { Code: "ValidationError", Message: "The provided key element does not match the schema" },
        {
          Code: "ValidationError",
          Message: "One or more parameter values were invalid: Missing the key pk in the item",
        },
      ],
    });
    expect(store.fingerprint()).toBe(before);
  });

  test("keys that are too long, items that grow too big", () => {
    const store = fresh();
    const message = (actions: TransactWriteItem[]) => refusal(() => write(store, actions))?.reasons?.[0]?.Message;
    expect(message([put({ pk: S("x".repeat(2049)) })])).toContain("Size of hashkey has exceeded");
    const Update = {
      TableName: "t",
      Key: { pk: S("a") },
      UpdateExpression: "SET a = :v",
      ExpressionAttributeValues: { ":v": S("x".repeat(409_597)) },
    };
    expect(message([{ Update }])).toBe("Item size to update has exceeded the maximum allowed size");
  });

  test("conditions see the state before", () => {
    const store = fresh();
    const exists = { TableName: "t", ConditionExpression: "attribute_exists(pk)" };
    const failed = refusal(() =>
      write(store, [put({ pk: S("a") }), { ConditionCheck: { ...exists, Key: { pk: S("b") } } }]),
    );
    expect(failed?.reasons?.map((reason) => reason.Code)).toEqual(["None", "ConditionalCheckFailed"]);
    expect(store.items("t")).toEqual([]);
  });
});

describe("request tokens", () => {
  const increment = (by: string): TransactWriteItem[] => [
    {
      Update: {
        UpdateExpression: "ADD n :v",
        ExpressionAttributeValues: { ":v": N(by) },
        Key: { pk: S("a") },
        TableName: "t",
      },
    },
  ];
  const n = (store: MemoryDynamoDb) => store.items("t")[0]?.["n"]?.N;

  test("the same parameters succeed without effect, whatever the order of their keys", () => {
    const store = fresh();
    write(store, increment("1"), "token");
    const [{ Update } = {}] = increment("1");
    write(
      store,
      [{ Update: { TableName: "t", ...Update, Key: { pk: S("a") } } as NonNullable<typeof Update> }],
      "token",
    );
    expect(n(store)).toBe("1");
    write(store, increment("1"), "another");
    expect(n(store)).toBe("2");
  });

  test("other parameters are refused", () => {
    const store = fresh();
    write(store, increment("1"), "token");
    expect(refusal(() => write(store, increment("2"), "token"))?.name).toBe("IdempotentParameterMismatchException");
    expect(n(store)).toBe("1");
  });

  test("a cancelled attempt is judged again", () => {
    const store = fresh();
    const guarded = [put({ pk: S("b") }, { ConditionExpression: "attribute_not_exists(pk)" })];
    write(store, [put({ pk: S("b") })]);
    expect(refusal(() => write(store, guarded, "token"))?.name).toBe("TransactionCanceledException");
    write(store, [remove({ pk: S("b") })]);
    write(store, guarded, "token");
    expect(store.items("t")).toHaveLength(1);
  });

  test("the window ends when told so; tokens have 1 to 36 characters", () => {
    const store = fresh();
    write(store, increment("1"), "token");
    store.forgetTokens();
    write(store, increment("1"), "token");
    expect(n(store)).toBe("2");
    for (const token of ["", "x".repeat(37)]) {
      expect(refusal(() => write(store, increment("1"), token))?.name).toBe("ValidationException");
    }
  });
});

describe("reads", () => {
  test("items come by partition key, then sort key, numbers as numbers", () => {
    const store = fresh();
    for (const [pk, sk] of [
      ["b", "1"],
      ["a", "10"],
      ["a", "9"],
      ["a", "-1"],
    ] as const) {
      write(store, [{ Put: { TableName: "sorted", Item: { pk: S(pk), sk: N(sk) } } }]);
    }
    expect(store.items("sorted").map((item) => `${item["pk"]?.S}${item["sk"]?.N}`)).toEqual(["a-1", "a9", "a10", "b1"]);
  });

  test("GetItem answers like AWS, and numbers come back in DynamoDB's form", () => {
    const store = fresh();
    write(store, [put({ pk: S("a"), n: N("0042.1200"), set: { NS: ["1E2"] } })]);
    const get = (Key: Item, TableName = "t") => store.send({ operation: "GetItem", input: { TableName, Key } });
    expect(get({ pk: S("a") })).toEqual({ Item: { pk: S("a"), n: N("42.12"), set: { NS: ["100"] } } });
    expect(get({ pk: S("b") })).toEqual({});
    expect(refusal(() => get({ pk: N("1") }))?.message).toBe("The provided key element does not match the schema");
    expect(refusal(() => get({ pk: S("") }))?.name).toBe("ValidationException");
    expect(refusal(() => get({ pk: S("a") }, "u"))?.name).toBe("ResourceNotFoundException");
  });

  test("DescribeTable tells the key schema", () => {
    expect(fresh().send({ operation: "DescribeTable", input: { TableName: "sorted" } })).toEqual({
      Table: {
        KeySchema: [
          { AttributeName: "pk", KeyType: "HASH" },
          { AttributeName: "sk", KeyType: "RANGE" },
        ],
      },
    });
  });
});

describe("state", () => {
  test("a clone and its original go separate ways, tokens included", () => {
    const store = fresh();
    write(store, [put({ pk: S("a") })], "token");
    const copy = store.clone();
    expect(copy.fingerprint()).toBe(store.fingerprint());
    write(copy, [put({ pk: S("b") })], "second");
    copy.forgetTokens();
    expect(store.items("t")).toEqual([{ pk: S("a") }]);
    expect(refusal(() => write(store, [put({ pk: S("c") })], "token"))?.name).toBe(
      "IdempotentParameterMismatchException",
    );
  });

  test("an update of one leaves the items of the other alone", () => {
    const store = fresh();
    write(store, [put({ pk: S("a"), m: { M: { x: N("1") } } })]);
    const copy = store.clone();
    const Update = { TableName: "t", Key: { pk: S("a") }, UpdateExpression: "SET m.x = m.x + m.x" };
    write(store, [{ Update }]);
    expect(store.items("t")[0]?.["m"]).toEqual({ M: { x: N("2") } });
    expect(copy.items("t")[0]?.["m"]).toEqual({ M: { x: N("1") } });
  });

  test("placeholders pass where there is no expression", () => {
    const store = fresh();
    write(store, [put({ pk: S("a") }, { ExpressionAttributeNames: { "#x": "x" } })]);
    expect(store.items("t")).toHaveLength(1);
  });

  test("the fingerprint depends on the state and not on the way to it", () => {
    const [left, right] = [fresh(), fresh()];
    write(left, [put({ pk: S("a"), x: N("1"), y: { SS: ["p", "q"] } }), put({ pk: S("b") })]);
    write(right, [put({ pk: S("b"), old: S("") })]);
    write(right, [put({ y: { SS: ["q", "p"] }, x: N("1.0"), pk: S("a") }), put({ pk: S("b") })]);
    expect(right.fingerprint()).toBe(left.fingerprint());
    write(right, [put({ pk: S("b"), x: S("1") })]);
    expect(right.fingerprint()).not.toBe(left.fingerprint());
    const before = left.fingerprint();
    write(left, [remove({ pk: S("none") })], "token");
    expect(left.fingerprint()).not.toBe(before);
  });

  test("what comes in or goes out is not shared", () => {
    const store = fresh();
    const bytes = Uint8Array.of(1);
    const given: Item = { pk: S("a"), b: { B: bytes }, l: { L: [S("x")] } };
    write(store, [put(given)]);
    const before = store.fingerprint();
    bytes[0] = 9;
    given["l"]?.L?.push(S("y"));
    const taken = store.items("t")[0] ?? {};
    taken["l"]?.L?.pop();
    taken["b"]?.B?.fill(7);
    const { Item: read = {} } = store.send({ operation: "GetItem", input: { TableName: "t", Key: { pk: S("a") } } });
    read["l"]?.L?.pop();
    const old = { ConditionExpression: "attribute_not_exists(pk)", ReturnValuesOnConditionCheckFailure: "ALL_OLD" };
    refusal(() => write(store, [put({ pk: S("a") }, old)]))?.reasons?.[0]?.Item?.["l"]?.L?.pop();
    expect(store.clone().items("t")).toEqual([{ pk: S("a"), b: { B: Uint8Array.of(1) }, l: { L: [S("x")] } }]);
    expect(store.fingerprint()).toBe(before);
  });
});
