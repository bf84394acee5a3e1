// semel/constructs: what puts an exactly-once consumer into an AWS account.

export type { ExactlyOnceConsumerProps } from "./consumer-props.ts";
export { ExactlyOnceConsumer } from "./exactly-once-consumer.ts";
export { ExactlyOnceTable, type ExactlyOnceTableProps } from "./exactly-once-table.ts";
