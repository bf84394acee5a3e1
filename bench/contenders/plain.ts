// No protection at all: each effect is written by itself, and a message that comes twice counts twice.

import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { SQSHandler } from "aws-lambda";
import { increment } from "./increment.ts";
import { settle } from "./settle.ts";

const client = new DynamoDBClient();

export const handler: SQSHandler = ({ Records }) => settle(Records, ({ body }) => increment(client, body));
