// Strategy insert on the memory store, and on the embedded engine through the real SDK.

import { memoryDynamoDb } from "../../lib/store/memory/memory-dynamodb.ts";
import { sdkSend } from "../../lib/store/sdk-send.ts";
import { startDynoxide } from "../support/dynoxide.ts";
import { createTables } from "../support/tables.ts";
import { describeInserts } from "./insert-conformance.ts";

describeInserts("the memory store", async () => {
  const memory = memoryDynamoDb({ Records: { partitionKey: "pk" }, Ledger: { partitionKey: "id" } });
  return { send: async (request) => memory.send(request), stop: async () => {} };
});

describeInserts("dynoxide", async () => {
  const engine = await startDynoxide();
  await createTables(engine.client, { Records: "pk", Ledger: "id" });
  return { send: sdkSend(engine.client), stop: engine.stop };
});
