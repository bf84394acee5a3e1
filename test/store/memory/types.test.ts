// semel's shapes of DynamoDB fit the SDK's types in both directions, so that the adapter needs no casts. It is the type
// check (npx tsc) that fails here, not the run.

import type {
  GetItemCommandInput,
  GetItemCommandOutput,
  AttributeValue as SdkAttributeValue,
  CancellationReason as SdkCancellationReason,
  TransactWriteItem as SdkTransactWriteItem,
  TransactWriteItemsCommandInput,
} from "@aws-sdk/client-dynamodb";
import { expectTypeOf, test } from "vitest";
import type { AttributeValue, CancellationReason, Item, TransactWriteItem } from "../../../lib/aws/dynamodb.ts";
import type { AnswerOf, GetItemInput, GetItemOutput, TransactWriteItemsInput } from "../../../lib/store/send.ts";

test("values and items", () => {
  expectTypeOf<AttributeValue>().toExtend<SdkAttributeValue>();
  expectTypeOf<SdkAttributeValue>().toExtend<AttributeValue>();
  expectTypeOf<Item>().toExtend<Record<string, SdkAttributeValue>>();
  expectTypeOf<CancellationReason>().toExtend<SdkCancellationReason>();
  expectTypeOf<SdkCancellationReason>().toExtend<CancellationReason>();
  // @ts-expect-error a value has exactly one type
  const two: AttributeValue = { S: "1", N: "1" };
  void two;
});

test("requests and answers", () => {
  expectTypeOf<TransactWriteItem>().toExtend<SdkTransactWriteItem>();
  expectTypeOf<TransactWriteItemsInput>().toExtend<TransactWriteItemsCommandInput>();
  expectTypeOf<GetItemInput>().toExtend<GetItemCommandInput>();
  expectTypeOf<GetItemCommandOutput>().toExtend<GetItemOutput>();
  expectTypeOf<AnswerOf<{ operation: "GetItem"; input: GetItemInput }>>().toEqualTypeOf<GetItemOutput>();
});
