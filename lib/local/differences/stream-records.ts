// Takes out stream records of writes that changed nothing: DynamoDB writes none, the embedded engine does.
// Where the stream has not both images, they can't be told from others, and stay.
import type { EngineAnswer } from "../call.ts";
import { isObject } from "../values.ts";

export function dropUnchanged(answer: EngineAnswer): EngineAnswer {
  if (answer.status !== 200) return answer;
  const json: unknown = JSON.parse(answer.body.toString());
  const records = isObject(json) ? json["Records"] : undefined;
  if (!isObject(json) || !Array.isArray(records)) return answer;
  const kept = records.filter((record) => !isUnchanged(record));
  if (kept.length === records.length) return answer;
  const { "x-amz-crc32": _, ...headers } = answer.headers; // of the body as it was
  return { ...answer, headers, body: Buffer.from(JSON.stringify({ ...json, Records: kept })) };
}

export function isUnchanged(record: unknown): boolean {
  if (!isObject(record) || record["eventName"] !== "MODIFY" || !isObject(record["dynamodb"])) return false;
  const { OldImage: before, NewImage: after } = record["dynamodb"];
  return before !== undefined && after !== undefined && canonical(before) === canonical(after);
}

/** Text that is the same for the same value: attributes and the members of sets have no order. */
export function canonical(value: unknown): string {
  if (!isObject(value)) return Array.isArray(value) ? `[${value.map(canonical).join()}]` : JSON.stringify(value);
  const parts = Object.entries(value).map(([name, inner]) => {
    const isSet = /^[SNB]S$/.test(name) && Array.isArray(inner) && inner.every((one) => typeof one === "string");
    return `${JSON.stringify(name)}:${isSet ? JSON.stringify([...inner].sort()) : canonical(inner)}`;
  });
  return `{${parts.sort().join()}}`;
}
