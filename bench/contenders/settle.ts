// Every message by itself, side by side, and a truthful partial response.

import type { SQSBatchResponse, SQSRecord } from "aws-lambda";

export async function settle(
  records: readonly SQSRecord[],
  work: (record: SQSRecord) => Promise<void>,
): Promise<SQSBatchResponse> {
  const results = await Promise.allSettled(records.map(work));
  const failed = records.filter((_, index) => results[index]?.status === "rejected");
  return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
}
