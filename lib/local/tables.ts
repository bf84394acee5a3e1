// Creates the tables of the templates, with keys, indexes, TTL and streams. Capacity is on demand, whatever it says.
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DeleteTableCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  ResourceInUseException,
  type TableDescription,
  UpdateTimeToLiveCommand,
  waitUntilTableExists,
} from "@aws-sdk/client-dynamodb";
import { TABLE_NAME_LENGTH_MAX } from "../aws/names.ts";
import { localError, reason } from "./local-error.ts";
import { physicalName } from "./physical-names.ts";
import type { TemplateResource } from "./resources.ts";
import type { StackRun } from "./stack-run.ts";
import { resolve } from "./template.ts";
import type { LocalTable } from "./types.ts";
import { isObject, type JsonObject, listAt, objectAt, optionalTextAt, textAt } from "./values.ts";

/** AWS takes seconds, an engine here none. */
const ACTIVE_SECONDS_MAX = 60;
/** A global table with replicas has a stream even where the template says nothing. */
const REPLICATION_VIEW = "NEW_AND_OLD_IMAGES";

export async function createTables(runs: readonly StackRun[], client: DynamoDBClient): Promise<LocalTable[]> {
  const tables: LocalTable[] = [];
  for (const run of runs) {
    for (const resource of run.resources("AWS::DynamoDB::Table", "AWS::DynamoDB::GlobalTable")) {
      tables.push(await createTable(run, resource, client));
    }
  }
  return tables;
}

async function createTable(run: StackRun, resource: TemplateResource, client: DynamoDBClient): Promise<LocalTable> {
  const { logicalId } = resource;
  const properties = objectAt(resolve(tableProperties(resource), run.scope), logicalId);
  const given = optionalTextAt(properties["TableName"], `TableName of ${logicalId}`);
  const name = run.rename(given ?? physicalName(run.name, logicalId, TABLE_NAME_LENGTH_MAX), TABLE_NAME_LENGTH_MAX);
  let table: TableDescription | undefined;
  try {
    table = await createOrFind(toCreateTable(name, properties), client);
    await setTimeToLive(name, properties, client);
  } catch (thrown) {
    throw localError(`Cannot create table "${name}" (${logicalId}): ${reason(thrown)}`, thrown);
  }
  const attributes: Record<string, string> = { Arn: textAt(table.TableArn, `the ARN of table ${name}`) };
  if (table.LatestStreamArn !== undefined) attributes["StreamArn"] = table.LatestStreamArn;
  if (table.TableId !== undefined) attributes["TableId"] = table.TableId;
  run.provide(logicalId, { ref: name, attributes });
  return { name, logicalId, stackName: run.name };
}

/** Those of a copy, which nobody else uses. */
export async function deleteTables(tables: readonly LocalTable[], client: DynamoDBClient): Promise<void> {
  await Promise.all(tables.map(({ name }) => client.send(new DeleteTableCommand({ TableName: name }))));
}

/** Only what matters here: other properties may refer to what does not run (a KMS key). */
function tableProperties({ properties }: TemplateResource): JsonObject {
  const { TableName, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, LocalSecondaryIndexes } = properties;
  const { TimeToLiveSpecification, StreamSpecification, Replicas } = properties;
  const keys = { TableName, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes, LocalSecondaryIndexes };
  const replicas = Array.isArray(Replicas) ? Replicas.length : 0;
  return { ...keys, TimeToLiveSpecification, StreamSpecification, ReplicaCount: replicas };
}

/** CloudFormation's shapes are those of the API, but for capacity (left out) and the stream's switch. */
export function toCreateTable(name: string, properties: JsonObject): CreateTableCommandInput {
  const indexes = (key: string) => {
    const list = listAt(properties[key], key).map((index) => {
      const { IndexName, KeySchema, Projection } = objectAt(index, key);
      return { IndexName, KeySchema, Projection };
    });
    return list.length === 0 ? {} : { [key]: list };
  };
  const view = streamView(properties);
  return {
    TableName: name,
    AttributeDefinitions: properties["AttributeDefinitions"],
    KeySchema: properties["KeySchema"],
    BillingMode: "PAY_PER_REQUEST",
    ...indexes("GlobalSecondaryIndexes"),
    ...indexes("LocalSecondaryIndexes"),
    ...(view === undefined ? {} : { StreamSpecification: { StreamEnabled: true, StreamViewType: view } }),
  } as CreateTableCommandInput; // the engine checks what the template says
}

function streamView(properties: JsonObject): string | undefined {
  const stream = properties["StreamSpecification"];
  if (isObject(stream)) return textAt(stream["StreamViewType"], "StreamViewType");
  return Number(properties["ReplicaCount"] ?? 0) > 1 ? REPLICATION_VIEW : undefined;
}

async function createOrFind(input: CreateTableCommandInput, client: DynamoDBClient): Promise<TableDescription> {
  try {
    await client.send(new CreateTableCommand(input));
  } catch (thrown) {
    if (!(thrown instanceof ResourceInUseException)) throw thrown; // there already: taken as it is
  }
  const name = { TableName: input.TableName };
  await waitUntilTableExists({ client, maxWaitTime: ACTIVE_SECONDS_MAX, minDelay: 1, maxDelay: 2 }, name);
  const { Table: table } = await client.send(new DescribeTableCommand(name));
  if (table === undefined) throw localError(`no description of table "${input.TableName}"`);
  return table;
}

async function setTimeToLive(name: string, properties: JsonObject, client: DynamoDBClient): Promise<void> {
  const wanted = properties["TimeToLiveSpecification"];
  if (!isObject(wanted) || String(wanted["Enabled"]) !== "true") return;
  const { TimeToLiveDescription: now } = await client.send(new DescribeTimeToLiveCommand({ TableName: name }));
  if (now?.TimeToLiveStatus === "ENABLED" || now?.TimeToLiveStatus === "ENABLING") return; // setting it again is an error
  const attribute = textAt(wanted["AttributeName"], "AttributeName");
  const specification = { AttributeName: attribute, Enabled: true };
  await client.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification: specification }));
}
