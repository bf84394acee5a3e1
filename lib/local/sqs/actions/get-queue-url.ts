// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueUrl.html
import { queueNamed, queueUrl } from "../engine.ts";
import type { Action } from "./action.ts";

export const getQueueUrl: Action = (engine, input) => ({ QueueUrl: queueUrl(engine, queueNamed(engine, input).name) });
