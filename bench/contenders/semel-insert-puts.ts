// semel's strategy insert with one conditional put a message, to be laid beside the statements.

import { insertConsumer } from "./insert-consumer.ts";

export const handler = insertConsumer({ groupCommit: false });
