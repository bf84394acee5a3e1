// What the compiler promises to users of orders.once(). The assertions are types; `npm run check` runs them.

import middy from "@middy/core";
import type {
  ALBHandler,
  APIGatewayProxyEventV2,
  APIGatewayProxyHandler,
  APIGatewayProxyHandlerV2,
  Context,
  EventBridgeHandler,
  LambdaFunctionURLHandler,
  S3Handler,
  SNSHandler,
} from "aws-lambda";
import { expect, expectTypeOf, it } from "vitest";
import { z } from "zod";
import { type DirectHandler, exactlyOnce, KeyInUseError } from "../../lib/index.ts";

const names = { consumer: "orders", table: "Records", retentionDays: 40 };
const Order = z.object({ detail: z.object({ orderId: z.string() }) });

it("lets the result's type through", () => {
  const orders = exactlyOnce(names);
  const asynchronous = orders.once(async () => ({ statusCode: 201, body: "" }));
  expectTypeOf(asynchronous).toEqualTypeOf<DirectHandler<{ statusCode: number; body: string }>>();
  const synchronous = orders.once((_message, tx) => tx.key);
  expectTypeOf(synchronous).toEqualTypeOf<DirectHandler<string>>();
  expectTypeOf(orders.once(() => {})).toEqualTypeOf<DirectHandler<void>>();
  expect([asynchronous, synchronous]).toHaveLength(2);
});

it("infers the body from the schema; of the message there is no more than an event has", () => {
  const orders = exactlyOnce({ ...names, schema: Order, key: ({ body }) => body.detail.orderId });
  const handler = orders.once((message) => {
    expectTypeOf(message.body).toEqualTypeOf<{ detail: { orderId: string } }>();
    expectTypeOf(message.messageId).toEqualTypeOf<string>();
    // @ts-expect-error a direct invocation has no SQS record
    message.record;
    // @ts-expect-error and no receive count
    message.receiveCount;
  });
  exactlyOnce(names).once(({ body }) => {
    expectTypeOf(body).toBeUnknown();
  });
  expect(handler).toBeTypeOf("function");
});

it("gives the handlers of @types/aws-lambda", () => {
  const orders = exactlyOnce(names);
  const answer = orders.once(async () => ({ statusCode: 201, body: "" }));
  const http: [APIGatewayProxyHandler, APIGatewayProxyHandlerV2, LambdaFunctionURLHandler, ALBHandler] = [
    answer,
    answer,
    answer,
    answer,
  ];
  const nothing = orders.once(async () => {});
  const events: [EventBridgeHandler<"OrderPlaced", object, void>, SNSHandler, S3Handler] = [nothing, nothing, nothing];
  const wrong = orders.once(() => 201);
  // @ts-expect-error a number is no answer of a REST API
  const refused: APIGatewayProxyHandler = wrong;
  expect([...http, ...events, refused]).toHaveLength(8);
});

it("gives a handler with Middy, without .use(orders)", () => {
  const orders = exactlyOnce(names);
  const handler: (event: APIGatewayProxyEventV2, context: Context) => Promise<{ statusCode: number }> =
    middy<APIGatewayProxyEventV2>().handler(orders.once(() => ({ statusCode: 201 })));
  expect(handler).toBeTypeOf("function");
});

it("tells a key in use by its type, with the seconds to wait", () => {
  const error: unknown = new KeyInUseError(5);
  if (!(error instanceof KeyInUseError)) throw error;
  expectTypeOf(error.retryAfterSeconds).toEqualTypeOf<number>();
  expect(error.retryAfterSeconds).toBe(5);
});
