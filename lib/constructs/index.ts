// semel/constructs: what puts an exactly-once consumer into an AWS account.

export type { ExactlyOnceConsumerProps } from "./consumer-props.ts";
export { ExactlyOnceConsumer } from "./exactly-once-consumer.ts";
export { ExactlyOnceStreamConsumer } from "./exactly-once-stream-consumer.ts";
export { ExactlyOnceTable, type ExactlyOnceTableProps } from "./exactly-once-table.ts";
export type { ConsumerFunctionProps } from "./function-props.ts";
export type { OutboxRelayProps, OutboxTarget } from "./outbox-props.ts";
export { OutboxRelay, type OutboxSender } from "./outbox-relay.ts";
export type {
  ExactlyOnceStreamConsumerProps,
  KafkaSource,
  KinesisSource,
  MskSource,
  StreamSource,
  TableSource,
} from "./stream-props.ts";
