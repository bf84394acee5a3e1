// A running stack, as the services of the demo see it.

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { GetQueueAttributesCommand, SQSClient } from "@aws-sdk/client-sqs";
import { DynamoDBDocumentClient, paginateScan } from "@aws-sdk/lib-dynamodb";
import type { LocalCloud } from "semel/local";
import type { Place } from "./service.ts";

export function placeOf(cloud: LocalCloud, stack: string): Place {
  const outputs = cloud.outputs(stack);
  const dynamodb = DynamoDBDocumentClient.from(new DynamoDBClient(cloud.clientConfig.dynamodb));
  const output = (name: string): string => {
    const value = outputs[name];
    if (value === undefined) throw new Error(`stack ${stack} has no output ${name}`);
    return value;
  };
  return {
    sqs: new SQSClient(cloud.clientConfig.sqs),
    dynamodb,
    output,
    has: (name) => outputs[name] !== undefined,
    async scan(name) {
      const items: Record<string, unknown>[] = [];
      const pages = paginateScan({ client: dynamodb }, { TableName: output(name), ConsistentRead: true });
      for await (const { Items = [] } of pages) items.push(...Items);
      return items;
    },
    async count(name) {
      let count = 0;
      const pages = paginateScan({ client: dynamodb }, { TableName: output(name), Select: "COUNT" });
      for await (const { Count = 0 } of pages) count += Count;
      return count;
    },
  };
}

/** Messages in the queues whose URLs are these outputs, as far as the stack has them. */
export async function waitingIn({ sqs, output, has }: Place, names: readonly string[]): Promise<number> {
  let waiting = 0;
  for (const name of names.filter(has)) {
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: output(name), AttributeNames: ["ApproximateNumberOfMessages"] }),
    );
    waiting += Number(Attributes?.["ApproximateNumberOfMessages"]);
  }
  return waiting;
}
