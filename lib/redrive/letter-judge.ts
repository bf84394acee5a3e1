// Looks up what is known of dead letters: their keys by the consumer's own code or by the publisher's stamp, their records in
// one strong read for 100 of them.

import type { Item } from "../aws/dynamodb.ts";
import type { ConsumerDoor, Identified } from "../consumer/door.ts";
import { RECORD_TABLE } from "../contract.ts";
import { SemelError } from "../errors.ts";
import type { Host } from "../host.ts";
import { itemId } from "../protocol/effects.ts";
import { type InsertVerdict, judgeInserted } from "../protocol/insert.ts";
import type { CompletedRecord, FoundRecord } from "../protocol/record.ts";
import { insertTable } from "../store/insert-table.ts";
import { recordReader } from "../store/record-reader.ts";
import { type CallControl, recordStore } from "../store/record-store.ts";
import type { Send } from "../store/send.ts";
import { belongsElsewhere, type Destination, type Evidence, judge, type Verdict } from "./judge.ts";
import { failureOf, type Letter, originalRecord } from "./letter.ts";

/** Verdicts of 100 letters at most, in their order. Rejects with a SemelError where records cannot be read. */
export type LetterJudge = (letters: readonly Letter[]) => Promise<readonly Verdict[]>;

/** Whose records tell what is done. */
export interface Lookup {
  readonly door: ConsumerDoor;
  /** The consumer's module was imported; else its options are assumed. */
  readonly isImported: boolean;
  readonly table: string;
}

export interface LetterJudgeOptions {
  /** Undefined: nothing can be looked up. */
  readonly lookup: Lookup | undefined;
  readonly destination: Destination | undefined;
  /** Of the queue of the letters, in place of a destination. */
  readonly arn: string;
  readonly send: Send;
  readonly host: Host;
}

const CONTROL: CallControl = {
  timeLeftMs: () => Number.POSITIVE_INFINITY,
  signal: new AbortController().signal, // reads are short
};

export function letterJudge({ arn, destination, host, lookup, send }: LetterJudgeOptions): LetterJudge {
  const evidenceOf: EvidenceOf = lookup ? evidenceBy(lookup, { send, host }) : async () => NOT_LOOKED_UP;
  return async (letters) => {
    const evidence = await Promise.all(letters.map((letter) => evidenceOf(letter, destination?.arn ?? arn)));
    return letters.map(
      (letter, index) =>
        (destination && belongsElsewhere(letter, destination)) ?? judge(letter, evidence[index] ?? NOT_LOOKED_UP),
    );
  };
}

const NOT_LOOKED_UP: Evidence = {
  kind: "nothing",
  code: "no records",
  reason: "nobody said where its record is: --table and --consumer, or --handler, tell",
};

type EvidenceOf = (letter: Letter, queueArn: string) => Promise<Evidence>;

function evidenceBy(lookup: Lookup, { host, send }: { host: Host; send: Send }): EvidenceOf {
  const { door, isImported, table } = lookup;
  const store = recordStore({ table, send, host });
  const records = recordReader({ store, host, control: CONTROL });
  const { insert, strategy } = door;
  const items = insert && insertTable({ store, host, target: insert, control: CONTROL, onUnknownOperation: () => {} });

  async function inserted({ key, pk, fingerprint }: IdentifiedLetter): Promise<InsertVerdict | undefined> {
    if (!items) return undefined;
    const own = nobodys(pk, fingerprint);
    const itemKey = await items.keyOf({ key, record: own, effects: [], guards: [] });
    return judgeInserted(await readItem(itemKey), own);
  }

  const readItem = (key: Item): Promise<Item | undefined> => together(itemId("", key), key);
  const together = oneReadOf(host, (keys: readonly Item[]) => items?.read(keys) ?? Promise.resolve([]));

  return async (letter, queueArn) => {
    const failure = failureOf(letter);
    if (failure && failure.consumer !== door.consumer) return ofAnother(failure.consumer, door.consumer);
    if (strategy === "watermark") return WITHOUT_RECORD;
    const identified = await door.identify(originalRecord(letter, queueArn));
    if (identified.kind === "unidentified") return withoutKey(identified, isImported);
    let found: FoundRecord | undefined;
    let item: InsertVerdict | undefined;
    try {
      [found, item] = await Promise.all([records.read(identified.pk), inserted(identified)]);
    } catch (cause) {
      throw unreadable(table, cause);
    }
    return {
      kind: "looked-up",
      found,
      fingerprint: identified.fingerprint,
      exact: isImported && identified.exact,
      ...(item ? { inserted: item } : {}),
      ...(strategy === "insert" && !items ? { absence: INSERTED_SOMEWHERE } : {}),
    };
  };
}

type IdentifiedLetter = Extract<Identified, { kind: "identified" }>;

/** Stands for a run that never was: no attempt has this id. */
function nobodys(pk: string, fingerprint: string): CompletedRecord {
  return { status: "COMPLETED", pk, fingerprint, messageId: "", attemptId: "", committedAtMs: 0, expiresAtSeconds: 0 };
}

/** Reads what is asked for in one tick together, each item once. */
function oneReadOf(host: Host, read: (keys: readonly Item[]) => Promise<readonly (Item | undefined)[]>) {
  let asked = new Map<string, Item>();
  let reading: Promise<ReadonlyMap<string, Item | undefined>> | undefined;
  const readAll = (): Promise<ReadonlyMap<string, Item | undefined>> =>
    new Promise((resolve, reject) => {
      host.endOfTick(() => {
        const some = asked;
        [asked, reading] = [new Map(), undefined];
        read([...some.values()]).then(
          (found) => resolve(new Map([...some.keys()].map((id, at) => [id, found[at]]))),
          reject,
        );
      });
    });
  return async (id: string, key: Item): Promise<Item | undefined> => {
    asked.set(id, key);
    reading ??= readAll();
    return (await reading).get(id);
  };
}

function ofAnother(consumer: string, own: string): Evidence {
  return { kind: "nothing", code: "of another consumer", reason: `consumer ${consumer} rejected it, not ${own}` };
}

const WITHOUT_RECORD: Evidence = {
  kind: "nothing",
  code: "no records",
  reason: 'strategy "watermark" keeps no record of a message',
};
const INSERTED_SOMEWHERE = {
  code: "no record",
  reason: 'under strategy "insert" the item is the record: --handler tells where it is',
};

function withoutKey({ code, reason }: { code: string; reason: string }, isImported: boolean): Evidence {
  const remedy = isImported || code !== "SEMEL_KEY" ? "" : "; --handler finds the key of the consumer's key option";
  return { kind: "nothing", code, reason: reason + remedy };
}

function unreadable(table: string, cause: unknown): SemelError {
  if (cause instanceof SemelError) return cause;
  const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return new SemelError(
    `Cannot read the records of table ${table}: ${why}. See that --table, region and endpoint are right, and that the ` +
      `credentials may dynamodb:BatchGetItem on it (partition key ${RECORD_TABLE.partitionKey})`,
    { code: "SEMEL_REDRIVE", retryable: false, cause },
  );
}
