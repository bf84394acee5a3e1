// Calls a consumer as Middy does: the hooks of the middleware around the handler, over one request.

import type { LambdaContext, SqsEvent } from "../../../lib/aws/lambda.ts";
import type { Handler } from "../../../lib/consumer/run.ts";
import type { ExactlyOnce, MiddlewareRequest } from "../../../lib/middleware/exactly-once.ts";

export interface Call {
  readonly event: SqsEvent;
  readonly context: LambdaContext;
  readonly others: Others;
}

/** What the middleware beside ours does. */
export interface Others {
  /** Answers before the handler is called: Middy then calls nothing more. */
  readonly answer?: unknown;
  /** Throws while the handler runs, which goes on. */
  readonly error?: Promise<never>;
}

/** Another middleware's `onError` gives no answer, so what is not answered is thrown. */
export async function invokeAsMiddy(
  consumer: ExactlyOnce<unknown>,
  handler: Handler<unknown>,
  { event, context, others: { answer, error: thrown } }: Call,
): Promise<unknown> {
  const request: MiddlewareRequest<SqsEvent> = { event, context, response: undefined, error: undefined };
  try {
    consumer.before(request);
    if (answer !== undefined) {
      request.response = answer;
      return request.response;
    }
    const response = consumer.each(handler)(event, context);
    request.response = await (thrown ? Promise.race([response, thrown]) : response);
    consumer.after(request);
  } catch (error) {
    request.response = undefined;
    request.error = error;
    consumer.onError(request);
    if (request.response === undefined) throw error;
  }
  return request.response;
}
