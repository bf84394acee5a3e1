// The publisher's types: what a caller may give, and what it gets.

import { SQSClient } from "@aws-sdk/client-sqs";
import { expectTypeOf, it } from "vitest";
import { createPublisher, type OutgoingMessage, type SemelError, type SendResult } from "../../lib/publisher/index.ts";

type Publisher = ReturnType<typeof createPublisher>;

it("the SDK's client and an unset variable are options; what is wrong shows in the editor", () => {
  const options = { queueUrl: process.env["QUEUE"], client: new SQSClient({}) };
  expectTypeOf(createPublisher).toBeCallableWith(options);
  // @ts-expect-error: no queue
  expectTypeOf(createPublisher).toBeCallableWith({});
  expectTypeOf<{ body: Date; attributes: { a: string } }>().toExtend<OutgoingMessage>();
  expectTypeOf<{ key: string }>().not.toExtend<OutgoingMessage>();
  expectTypeOf<{ body: string; key: string[] }>().not.toExtend<OutgoingMessage>();
});

it("a result is sent or an error, told by ok; send gives the first alone", () => {
  expectTypeOf<Awaited<ReturnType<Publisher["sendBatch"]>>>().toEqualTypeOf<readonly SendResult[]>();
  expectTypeOf<Extract<SendResult, { ok: true }>["messageId"]>().toEqualTypeOf<string>();
  expectTypeOf<Extract<SendResult, { ok: false }>["error"]>().toEqualTypeOf<SemelError>();
  expectTypeOf<Awaited<ReturnType<Publisher["send"]>>["key"]>().toEqualTypeOf<string>();
});
