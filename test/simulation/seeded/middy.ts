// Calls a consumer as Middy does: the hooks of the middleware around the handler, over one request.

import type { LambdaContext, SqsEvent } from "../../../lib/aws/lambda.ts";
import type { Handler } from "../../../lib/consumer/run.ts";
import type { ExactlyOnce, MiddlewareRequest } from "../../../lib/middleware/exactly-once.ts";

export interface Call {
  readonly event: SqsEvent;
  readonly context: LambdaContext;
}

/** Another middleware's `onError` gives no answer, so what is not answered is thrown. */
export async function invokeAsMiddy(
  consumer: ExactlyOnce<unknown>,
  handler: Handler<unknown>,
  { event, context }: Call,
): Promise<unknown> {
  const request: MiddlewareRequest = { event, context, response: undefined, error: undefined };
  try {
    consumer.before(request);
    request.response = await consumer.each(handler)(event, context);
    consumer.after(request);
  } catch (error) {
    request.response = undefined;
    request.error = error;
    consumer.onError(request);
    if (request.response === undefined) throw error;
  }
  return request.response;
}
