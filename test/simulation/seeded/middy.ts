// Calls a consumer as Middy does: the hooks of the middleware around the handler, over one request.

import type { LambdaContext, SqsEvent } from "../../../lib/aws/lambda.ts";
import type { Handler } from "../../../lib/consumer/run.ts";
import type { ExactlyOnce, MiddlewareRequest } from "../../../lib/middleware/exactly-once.ts";

export interface Call {
  readonly event: SqsEvent;
  readonly context: LambdaContext;
  readonly others: Others;
  readonly responses: { readonly again: () => unknown; readonly said: string }[];
}

/** What the middleware beside ours does. */
export interface Others {
  /** Answers before the handler is called: Middy then calls nothing more. */
  readonly answer?: unknown;
  /** Throws while the handler runs, which goes on. */
  readonly error?: Promise<never>;
  /** Changes the event before the handler gets it. */
  readonly change?: (event: SqsEvent) => SqsEvent;
  /** Another invocation of the process, which begins after this one and is answered early. */
  readonly beside?: { readonly event: SqsEvent; readonly answered: (answer: unknown) => void } | undefined;
}

/** Another middleware's `onError` gives no answer, so what is not answered is thrown. */
export async function invokeAsMiddy(
  consumer: ExactlyOnce<unknown>,
  handler: Handler<unknown>,
  { event, context, others: { answer, beside, change, error: thrown }, responses }: Call,
): Promise<unknown> {
  const request: MiddlewareRequest<SqsEvent> = { event, context, response: undefined, error: undefined };
  try {
    consumer.before(request);
    if (beside) {
      const other: MiddlewareRequest<SqsEvent> = {
        event: beside.event,
        context: { ...context },
        response: undefined,
        error: undefined,
      };
      consumer.before(other);
      other.response = { batchItemFailures: [] };
      beside.answered(other.response);
    }
    if (answer !== undefined) {
      request.response = answer;
      return request.response;
    }
    const response = consumer.each(handler)(change ? change(event) : event, context);
    request.response = await (thrown ? Promise.race([response, thrown]) : response);
    consumer.after(request);
  } catch (error) {
    request.response = undefined;
    request.error = error;
    consumer.onError(request);
    if (request.response === undefined) throw error;
  }
  const said = JSON.stringify(request.response);
  responses.push({ again: () => request.response, said });
  return JSON.parse(said) as unknown;
}
