// Mistakes about the event and the answer: SQS and Middy.
//
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are code.

import type { Mutant } from "../mutant.ts";

const SQS = "lib/sources/sqs.ts";
const OUTCOMES = "lib/sources/outcomes.ts";
const RECORDS = "lib/sources/records.ts";
const MIDDLEWARE = "lib/middleware/exactly-once.ts";
const RESPONSE = "return { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) };";

export const RESPONSE_MUTANTS: readonly Mutant[] = [
  {
    name: "batch response missing a failed id",
    file: SQS,
    find: RESPONSE,
    replace: "return { batchItemFailures: failed.slice(1).map((itemIdentifier) => ({ itemIdentifier })) };",
    caughtBy: ["simulation/schedules.test.ts", "sources/sqs.test.ts", "consumer/batch.test.ts"],
  },
  {
    name: "batch response missing what has no outcome (Q3)",
    file: OUTCOMES,
    find: " || !acknowledged.has(messageId)",
    replace: "",
    caughtBy: [
      "sources/sqs.test.ts",
      "sources/drivers.test.ts",
      "middleware/middy.test.ts",
      "middleware/sources.test.ts",
    ],
  },
  {
    name: "one delivery of two acknowledges both (Q2)",
    file: OUTCOMES,
    find: "refused.has(messageId) || ",
    replace: "",
    caughtBy: ["sources/sqs.test.ts", "sources/drivers.test.ts"],
  },
  {
    name: "response that names an unknown id",
    file: SQS,
    find: RESPONSE,
    replace: "return { batchItemFailures: failed.map((id) => ({ itemIdentifier: `arn:${id}` })) };",
    caughtBy: ["sources/sqs.test.ts", "consumer/batch.test.ts"],
  },
  {
    name: "response with an empty id",
    file: SQS,
    find: RESPONSE,
    replace: `return { batchItemFailures: failed.map(() => ({ itemIdentifier: "" })) };`,
    caughtBy: ["sources/sqs.test.ts", "consumer/batch.test.ts"],
  },
  {
    name: "undefined response: where nothing failed",
    file: SQS,
    find: RESPONSE,
    replace: `return (failed.length > 0 ? { batchItemFailures: failed.map((itemIdentifier) => ({ itemIdentifier })) } : undefined) as SqsBatchResponse;`,
    caughtBy: ["sources/sqs.test.ts", "consumer/batch.test.ts", "middleware/middy.test.ts"],
  },
  {
    name: "undefined response: the handler returns nothing",
    file: MIDDLEWARE,
    find: "await processBatch(deliveries, batch, handler as Handler<unknown>, shellOf(context));\n        return response as ResponseTo<E>;",
    replace:
      "void processBatch(deliveries, batch, handler as Handler<unknown>, shellOf(context));\n        return response as ResponseTo<E>;",
    caughtBy: ["consumer/batch.test.ts"],
  },
  {
    name: "empty event acknowledged",
    file: RECORDS,
    find: "if (list.length === 0) throw",
    replace: "if (list.length < 0) throw",
    caughtBy: ["sources/sqs.test.ts"],
  },
  {
    name: "FIFO accepted as standard",
    file: "lib/sources/source-of.ts",
    find: "return isFifo(event) ? sqsFifo : sqs;",
    replace: "return sqs;",
    also: [
      {
        file: SQS,
        find: "if (!delivery.origin.endsWith(FIFO_QUEUE_SUFFIX)) return delivery;",
        replace: "return delivery;",
      },
    ],
    caughtBy: ["sources/sqs.test.ts", "sources/drivers.test.ts", "consumer/order.test.ts"],
  },
  {
    name: "event of a foreign source accepted",
    file: RECORDS,
    find: "if (found === source) return",
    replace: "if (found !== null) return",
    caughtBy: ["sources/sqs.test.ts"],
  },
  {
    name: "early Middy answer passed on",
    file: MIDDLEWARE,
    find: "      ownResponse(request, invocation);",
    replace: "",
    caughtBy: ["middleware/middy.test.ts"],
  },
  {
    name: "early Middy answer passed on before the batch began",
    file: MIDDLEWARE,
    find: "return request.error ? undefined : intake.source.response(intake.places, []);",
    replace: "return undefined;",
    caughtBy: ["middleware/middy.test.ts", "middleware/sources.test.ts"],
  },
  {
    name: "state shared between invocations",
    file: MIDDLEWARE,
    find: "new WeakMap<object, Invocation>();",
    replace: `((held?: Invocation) => ({
    get: (_: object): Invocation | undefined => held,
    set: (_: object, invocation: Invocation): void => {
      held = invocation;
    },
  }))();`,
    caughtBy: ["middleware/interleaved.test.ts"],
  },
  {
    name: "event changed by another middleware before its ids are taken",
    file: MIDDLEWARE,
    find: "invocation.batch = begin(invocation.intake, context);",
    replace: "invocation.batch = begin(intakeOf(event, resolved), context);",
    caughtBy: ["middleware/middy.test.ts", "middleware/sources.test.ts"],
  },
  {
    name: "middleware without its handler acknowledges in silence (W3)",
    file: MIDDLEWARE,
    find: "if (!invocation?.batch) throw withoutEach();",
    replace: "if (!invocation?.batch) return;",
    caughtBy: ["middleware/middy.test.ts"],
  },
  {
    name: "handler without its middleware runs (W3)",
    file: MIDDLEWARE,
    find: "if (invocation === undefined) throw withoutUse();",
    replace: "if (invocation === undefined) return { batchItemFailures: [] };",
    caughtBy: ["middleware/middy.test.ts"],
  },
];
