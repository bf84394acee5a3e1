// What stands between workers and engines: a proxy in front of each, with the faults of calls, and with what the embedded
// DynamoDB engine leaves out.
import { DescribeTableCommand } from "@aws-sdk/client-dynamodb";
import type { Call } from "./call.ts";
import { createConflicts, type ItemsOfCall } from "./differences/conflicts.ts";
import { itemsOf, type KeysOf, SINGLE_WRITES, TRANSACTIONS } from "./differences/items.ts";
import { dropUnchanged } from "./differences/stream-records.ts";
import { type CallFaults, createCallFaults } from "./faults/calls.ts";
import { createRaces } from "./faults/race.ts";
import type { WorkerFaults } from "./faults/workers.ts";
import type { Foundation } from "./foundation.ts";
import { createProxy, type EngineProxy, type ProxyOptions } from "./proxy.ts";
import type { EngineName } from "./types.ts";

export interface Traffic {
  /** Undefined for an https endpoint: the signature of a request covers its host, so it can't be passed on. */
  readonly proxies: Readonly<Record<EngineName, EngineProxy | undefined>>;
  readonly callFaults: CallFaults;
  stop(): Promise<void>;
}

export interface TrafficOptions {
  readonly foundation: Foundation;
  readonly workerFaults: WorkerFaults;
  readonly isQueue: (name: string, url: unknown) => boolean;
  /** Whether transactions that meet conflict, as on AWS. */
  readonly conflicts: boolean;
}

export function createTraffic({ foundation, workerFaults, isQueue, ...options }: TrafficOptions): Traffic {
  const { dynamodb, sqs, embedded } = foundation;
  const makesConflicts = embedded.dynamodb && options.conflicts;
  const keysOf = createKeysOf(foundation);
  const itemsOfCall: ItemsOfCall = (call) => itemsOf(call.operation, call.input(), keysOf);
  const races = createRaces(itemsOfCall);
  const callFaults = createCallFaults({ races, isQueue });
  const conflicts = createConflicts(itemsOfCall);
  const isOn = (): boolean => workerFaults.isOn() || callFaults.isOn();
  const intercept = (call: Call): boolean => workerFaults.intercept(call) || callFaults.intercept(call);

  const around: NonNullable<ProxyOptions["around"]> = async (call, exchange) => {
    const answer = makesConflicts && isItemWise(call.operation) ? await conflicts(call, exchange) : await exchange();
    races.answered(call);
    return embedded.dynamodb && call.operation === "GetRecords" ? dropUnchanged(answer) : answer;
  };
  const toDynamodb = (target: string): ProxyOptions => ({
    service: "dynamodb",
    target,
    reads: (operation) =>
      isOn() || (makesConflicts && isItemWise(operation)) || (embedded.dynamodb && operation === "GetRecords"),
    intercept,
    around,
  });
  const proxies = {
    dynamodb: isHttp(dynamodb.endpoint) ? createProxy(toDynamodb(dynamodb.endpoint)) : undefined,
    sqs: isHttp(sqs.endpoint) ? createProxy({ service: "sqs", target: sqs.endpoint, intercept }) : undefined,
  };
  return {
    proxies,
    callFaults,
    stop: async () => void (await Promise.all([proxies.dynamodb?.stop(), proxies.sqs?.stop()])),
  };
}

function isItemWise(operation: string): boolean {
  return TRANSACTIONS.has(operation) || SINGLE_WRITES.has(operation);
}

function isHttp(endpoint: string): boolean {
  return new URL(endpoint).protocol === "http:";
}

/** Asks the engine once for each table. */
function createKeysOf({ dynamodbClient }: Foundation): KeysOf {
  const known = new Map<string, ReturnType<KeysOf>>();
  const describe = async (table: string): Promise<readonly string[] | undefined> => {
    try {
      const { Table: found } = await dynamodbClient.send(new DescribeTableCommand({ TableName: table }));
      return found?.KeySchema?.map(({ AttributeName: name }) => name ?? "");
    } catch {
      known.delete(table); // it may come
      return undefined;
    }
  };
  return (table) => {
    const keys = known.get(table) ?? describe(table);
    known.set(table, keys);
    return keys;
  };
}
