// semel's default strategy, as a Middy middleware.

import middy from "@middy/core";
import type { SQSHandler } from "aws-lambda";
import { exactlyOnce } from "semel";
import { BACKOFF, ChaosMessage } from "../message.ts";
import { apply } from "./apply.ts";

const messages = exactlyOnce({ schema: ChaosMessage, key: "key", backoff: BACKOFF });

export const handler: SQSHandler = middy()
  .use(messages)
  .handler(messages.each(({ body }, tx) => apply(body, tx)));
