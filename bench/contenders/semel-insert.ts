// semel's strategy insert: each message is one new item of an append-only table. A batch goes in statements.

import { insertConsumer } from "./insert-consumer.ts";

export const handler = insertConsumer({ groupCommit: true });
